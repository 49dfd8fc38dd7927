import {
  encodeAudioTagHeader,
  FLV_TAG_AUDIO,
  FormatError,
  type MediaPacket,
  OggOpusReader,
  packetFromTag,
  parseAudioTagHeader,
} from '@kaibo/formats';
import { ChildClock } from './child-clock.ts';
import type { Conversion } from './conversion.ts';
import { FlvIn } from './flv-pipe.ts';

const SAMPLES_PER_MS = 48;
/** 10 s of 320 kbit/s. */
const MAX_BACKLOG_BYTES = 512 * 1024;
/** E-RTMP v2, "Enhanced Audio". */
const OPUS = { form: 'enhanced', codec: 'opus', fourCc: 'Opus', nanosecondOffset: 0 } as const;
const OPUS_START = encodeAudioTagHeader({ ...OPUS, packetType: 'sequenceStart' });
const OPUS_FRAME = encodeAudioTagHeader({ ...OPUS, packetType: 'codedFrames' });
/** SoundFormat of codecs that have an enhanced and a classic header; ffmpeg 5 reads the classic one. */
const CLASSIC_FORMAT = { aac: 10, mp3: 2 } as const;

/**
 * AAC, MP3 and whatever else a classic FLV carries to Opus, 20 ms a packet. Gaps of the source are filled with silence
 * and its clock is followed by stretching, so that packets follow each other without a gap.
 */
export class ToOpus implements Conversion {
  readonly maxBacklogBytes = MAX_BACKLOG_BYTES;
  readonly args = [
    ...['-probesize', '32', '-analyzeduration', '0', '-threads', '1', '-copyts'],
    ...['-f', 'flv', '-i', 'pipe:0', '-map', '0:a:0'],
    ...['-af', 'aresample=48000:async=1000:min_comp=0.005:min_hard_comp=0.03'],
    ...['-c:a', 'libopus', '-b:a', '128k', '-ac', '2', '-frame_duration', '20', '-threads', '1'],
    ...['-flush_packets', '1', '-page_duration', '20000', '-f', 'ogg', 'pipe:1'],
  ];
  #clock = new ChildClock();
  #in = new FlvIn(this.#clock);
  #ogg = new OggOpusReader();
  #begun = false;

  encode(packet: MediaPacket): Uint8Array | undefined {
    const body = classicBody(packet);
    return body && this.#in.encode(packet, body);
  }

  decode(bytes: Uint8Array): MediaPacket[] {
    const { firstMs = 0 } = this.#clock;
    const packets: MediaPacket[] = [];
    for (const { data, startSample } of this.#ogg.push(bytes)) {
      const ms = Math.round(this.#clock.toStream(startSample / SAMPLES_PER_MS));
      if (ms < firstMs) continue; // the encoder's priming
      if (!this.#begun && this.#ogg.head) packets.push(opusPacket(OPUS_START, this.#ogg.head, ms));
      this.#begun = true;
      packets.push(opusPacket(OPUS_FRAME, data, ms));
    }
    return packets;
  }
}

function opusPacket(head: Uint8Array, data: Uint8Array, ms: number): MediaPacket {
  const packet = packetFromTag({ type: FLV_TAG_AUDIO, timestampMs: 0, body: Buffer.concat([head, data]) });
  packet.dtsMs = ms;
  packet.ptsMs = ms;
  return packet;
}

/** The tag body with the classic header; of several tracks the first one's. Undefined for what has no sound in it. */
function classicBody({ payload }: MediaPacket): Uint8Array | undefined {
  const header = parseAudioTagHeader(payload);
  if (header.form === 'legacy') return payload;
  const { packetType, codec, headerBytes, multitrack } = header;
  if (packetType !== 'sequenceStart' && packetType !== 'codedFrames') return undefined;
  if (codec !== 'aac' && codec !== 'mp3')
    throw new FormatError('unsupported', `${codec} in FLV is more than ffmpeg 5 reads`);
  const data = multitrack?.tracks[0]?.payload ?? payload.subarray(headerBytes);
  const classic = { form: 'legacy', codec, soundFormat: CLASSIC_FORMAT[codec], packetType } as const;
  return Buffer.concat([encodeAudioTagHeader({ ...classic, sampleRateHz: 44_100, sampleBits: 16, channels: 2 }), data]);
}
