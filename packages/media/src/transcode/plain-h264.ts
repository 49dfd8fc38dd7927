import { encodeVideoTagHeader, FormatError, type MediaPacket, parseVideoTagHeader } from '@kaibo/formats';
import { ChildClock } from './child-clock.ts';
import type { Conversion } from './conversion.ts';
import { FlvIn, FlvOut } from './flv-pipe.ts';

/** 6 s of 5 Mbit/s. */
const MAX_BACKLOG_BYTES = 4 * 1024 * 1024;
const CODEC_ID_AVC = 7;

/** H.264 to H.264 of the same size that no picture of is shown before one that is decoded earlier. Key frames stay where they are. */
export class PlainH264 implements Conversion {
  readonly maxBacklogBytes = MAX_BACKLOG_BYTES;
  readonly args = [
    ...['-probesize', '32', '-analyzeduration', '0', '-threads', '1', '-copyts'],
    ...['-f', 'flv', '-i', 'pipe:0', '-map', '0:v:0', '-fps_mode', 'passthrough'],
    ...[
      '-c:v',
      'libx264',
      '-preset',
      'superfast',
      '-tune',
      'zerolatency',
      '-profile:v',
      'baseline',
      '-pix_fmt',
      'yuv420p',
    ],
    ...[
      '-bf',
      '0',
      '-crf',
      '23',
      '-maxrate',
      '6M',
      '-bufsize',
      '6M',
      '-g',
      '600',
      '-sc_threshold',
      '0',
      '-force_key_frames',
      'source',
      '-threads',
      '1',
    ],
    ...['-flush_packets', '1', '-flvflags', 'no_duration_filesize', '-f', 'flv', 'pipe:1'],
  ];
  #clock = new ChildClock();
  #in = new FlvIn(this.#clock);
  #out = new FlvOut(this.#clock);

  encode(packet: MediaPacket): Uint8Array | undefined {
    return this.#in.encode(packet, classicBody(packet));
  }

  decode(bytes: Uint8Array): MediaPacket[] {
    return this.#out.decode(bytes);
  }
}

/** The tag body with the classic header: ffmpeg 5 knows no other. */
function classicBody({ payload }: MediaPacket): Uint8Array {
  const header = parseVideoTagHeader(payload);
  if (header.codec !== 'h264') throw new FormatError('unsupported', `${header.codec} where H.264 was expected`);
  if (header.form === 'legacy') return payload;
  const { frameType, compositionTimeMs, headerBytes, multitrack } = header;
  const packetType = header.packetType === 'sequenceStart' ? 'sequenceStart' : 'codedFrames';
  const data = multitrack?.tracks[0]?.payload ?? payload.subarray(headerBytes);
  const classic = {
    form: 'legacy',
    codec: 'h264',
    codecId: CODEC_ID_AVC,
    frameType,
    packetType,
    compositionTimeMs,
  } as const;
  return Buffer.concat([encodeVideoTagHeader(classic), data]);
}
