import { readFileSync } from 'node:fs';
import { ffmpeg, probe } from './ffmpeg.ts';
import { enhancedVideoBody, flvHeader, flvTag, type FourCc, hasComposition, type WireTag } from './flv-wire.ts';
import { tempDir } from './temp-dir.ts';

export interface EncodedVideo {
  fourCc: FourCc;
  /** avcC, hvcC or av1C record; the vpcC box's content. */
  configuration: Buffer;
  frames: { dtsMs: number; ptsMs: number; isKey: boolean; data: Buffer }[];
}

const ENCODER = {
  avc1: ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '25'],
  hvc1: [
    '-c:v',
    'libx265',
    '-preset',
    'ultrafast',
    '-x265-params',
    'log-level=none:keyint=25:bframes=2',
    '-tag:v',
    'hvc1',
  ],
  av01: ['-c:v', 'libaom-av1', '-cpu-used', '8', '-usage', 'realtime', '-g', '25', '-b:v', '200k'],
  vp09: ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-g', '25', '-b:v', '200k'],
} as const;
const CONFIGURATION_BOX = { avc1: 'avcC', hvc1: 'hvcC', av01: 'av1C', vp09: 'vpcC' } as const;

/** ISO/IEC 14496-12: a box is its size, its four characters, its content. */
function boxContent(file: Buffer, name: string): Buffer {
  const at = file.indexOf(name, 0, 'latin1');
  if (at < 4) throw new Error(`no ${name} box`);
  return Buffer.from(file.subarray(at + 4, at - 4 + file.readUInt32BE(at - 4)));
}

/**
 * Real video by Debian's ffmpeg, through MP4, because its samples are what Enhanced RTMP carries: NAL units with lengths,
 * and OBUs without temporal delimiters. `picture` is a source of lavfi, `extra` what the encoder is told besides.
 */
export async function encodeVideo(
  fourCc: FourCc,
  {
    seconds = 2,
    picture = 'testsrc2=size=320x180:rate=25',
    extra = [],
  }: { seconds?: number; picture?: string; extra?: readonly string[] } = {},
): Promise<EncodedVideo> {
  using folder = tempDir();
  const path = folder.file('video.mp4');
  const source = ['-f', 'lavfi', '-i', picture, '-t', String(seconds), '-pix_fmt', 'yuv420p'];
  await ffmpeg(...source, ...ENCODER[fourCc], ...extra, path).succeeded();
  const file = readFileSync(path);
  const { packets } = await probe(path);
  const firstDtsMs = packets[0]?.dtsMs ?? 0;
  return {
    fourCc,
    configuration: boxContent(file, CONFIGURATION_BOX[fourCc]),
    frames: packets.map(({ dtsMs, ptsMs, isKey, position, sizeBytes }) => ({
      dtsMs: dtsMs - firstDtsMs,
      ptsMs: ptsMs - firstDtsMs,
      isKey,
      data: Buffer.from(file.subarray(position, position + sizeBytes)),
    })),
  };
}

/** The tags an Enhanced RTMP encoder sends: SequenceStart, then CodedFrames, or CodedFramesX where dts equals pts. */
export function enhancedTags({ fourCc, configuration, frames }: EncodedVideo): WireTag[] {
  const start = enhancedVideoBody({ packet: 'sequenceStart', fourCc, isKey: true, payload: configuration });
  const tags: WireTag[] = [{ type: 'video', timestamp: 0, body: start }];
  for (const { dtsMs, ptsMs, isKey, data } of frames) {
    const packet = hasComposition(fourCc) && ptsMs === dtsMs ? 'codedFramesX' : 'codedFrames';
    const body = enhancedVideoBody({ packet, fourCc, isKey, payload: data, compositionMs: ptsMs - dtsMs });
    tags.push({ type: 'video', timestamp: dtsMs, body });
  }
  return tags;
}

/** A whole FLV byte stream, as a file or a POST body. */
export function flvBytes(tags: readonly WireTag[]): Buffer {
  const has = (type: WireTag['type']): boolean => tags.some((tag) => tag.type === type);
  return Buffer.concat([flvHeader({ audio: has('audio'), video: has('video') }), ...tags.map(flvTag)]);
}
