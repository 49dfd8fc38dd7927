import { encodeMatroskaFrame, encodeMatroskaHeader, type MediaPacket, type VideoInfo } from '@kaibo/formats';
import { ChildClock } from '../child-clock.ts';
import type { Conversion } from '../conversion.ts';
import { outputPipe } from '../ffmpeg-process.ts';
import { FlvOut } from '../flv-pipe.ts';
import { pictureArgs, setupArgs, soundArgs } from './encoders.ts';
import { h264Level, sizeOf, type TranscodeOptions, type TranscodeProfile } from './profile.ts';

/** 6 s of 10 Mbit/s. */
const MAX_BACKLOG_BYTES = 8 * 1024 * 1024;
/** A decoder with one thread keeps up with pictures of at most so many pixels. */
const MAX_PIXELS_OF_ONE_THREAD = 1920 * 1088;

export interface RenditionSource {
  /** Of the pictures; undefined: there are none, or nobody wants them. */
  video?: VideoInfo;
  /** Whether sound is given, because a profile has it encoded. */
  hasAudio: boolean;
  /** 0 where that is not known. */
  fps: number;
}

/**
 * One ffmpeg that decodes a source once and encodes it for several profiles, an output for each. Its input is Matroska,
 * which carries HEVC, AV1, VP9 and Opus to any version of ffmpeg.
 */
export class RenditionConversion implements Conversion {
  readonly args: readonly string[];
  readonly maxBacklogBytes = MAX_BACKLOG_BYTES;
  readonly outputs: number;
  readonly #fps: number;
  readonly #clock = new ChildClock();
  readonly #outs: FlvOut[];
  #tracks: { video?: MediaPacket; audio?: MediaPacket } = {};
  #hasBegun = false;

  constructor(source: RenditionSource, profiles: readonly TranscodeProfile[], options: TranscodeOptions) {
    this.args = renditionArgs(source, profiles, options);
    this.outputs = profiles.length;
    this.#fps = source.fps;
    this.#outs = profiles.map(() => new FlvOut(this.#clock));
  }

  encode(packet: MediaPacket): Uint8Array | undefined {
    if (packet.kind === 'data') return undefined;
    if (packet.config) {
      this.#tracks[packet.kind] = packet;
      return undefined;
    }
    if (this.#tracks[packet.kind] === undefined) return undefined;
    const timeMs = this.#clock.toChild(packet.dtsMs) + packet.ptsMs - packet.dtsMs;
    const frame = encodeMatroskaFrame(packet, Math.max(0, timeMs));
    if (this.#hasBegun) return frame;
    const header = encodeMatroskaHeader({ ...this.#tracks, fps: this.#fps });
    this.#hasBegun = true;
    return Buffer.concat([header, frame]);
  }

  decode(bytes: Uint8Array, output: number): MediaPacket[] {
    return this.#outs[output]?.decode(bytes) ?? [];
  }
}

/** ffmpeg's command line without its name. */
export function renditionArgs(
  { video, hasAudio }: RenditionSource,
  profiles: readonly TranscodeProfile[],
  options: TranscodeOptions,
): string[] {
  const isLarge = video !== undefined && (video.width ?? 0) * (video.height ?? 0) > MAX_PIXELS_OF_ONE_THREAD;
  return [
    ...(profiles.some(({ height }) => height !== undefined) ? setupArgs(options) : []),
    ...['-probesize', '32', '-analyzeduration', '0', '-threads', String(isLarge ? options.threads : 1), '-copyts'],
    ...['-f', 'matroska', '-i', 'pipe:0'],
    ...profiles.flatMap((profile, index) => [
      ...(video === undefined ? [] : videoArgs(video, profile, options)),
      ...(hasAudio && profile.audioBps !== undefined ? ['-map', '0:a:0', ...soundArgs(profile.audioBps)] : []),
      ...['-flush_packets', '1', '-flvflags', 'no_duration_filesize', '-f', 'flv', outputPipe(index)],
    ]),
  ];
}

function videoArgs(video: VideoInfo, profile: TranscodeProfile, options: TranscodeOptions): string[] {
  const { height, videoBps, fps } = profile;
  if (height === undefined || videoBps === undefined) return [];
  const size = sizeOf(video, profile);
  return ['-map', '0:v:0', ...pictureArgs({ ...size, videoBps, level: h264Level(size, fps), fps }, options)];
}
