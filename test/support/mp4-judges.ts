import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input, type InputTrack } from 'mediabunny';
import { createFile, MP4BoxBuffer } from 'mp4box';
import { probe } from './ffmpeg.ts';
import { tempDir } from './temp-dir.ts';

/** A sample as somebody else reads it. */
export interface JudgedSample {
  ptsMs: number;
  /** mediabunny does not tell. */
  dtsMs?: number;
  isKey: boolean;
  /** MD5 of its bytes. */
  hash: string;
}

export interface JudgedTrack {
  kind: 'video' | 'audio';
  /** In the words of who read it. */
  codec: string;
  samples: JudgedSample[];
}

/** Reads an MP4 file's tracks, video first, with all samples in decoding order. */
export type Mp4Judge = (file: Uint8Array<ArrayBuffer>) => Promise<JudgedTrack[]>;

const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');
const videoFirst = (tracks: JudgedTrack[]): JudgedTrack[] => tracks.toSorted((a, b) => b.kind.localeCompare(a.kind));

async function mediabunny(file: Uint8Array<ArrayBuffer>): Promise<JudgedTrack[]> {
  using input = new Input({ source: new BufferSource(file), formats: ALL_FORMATS });
  return videoFirst(await Promise.all((await input.getTracks()).map(mediabunnyTrack)));
}

async function mediabunnyTrack(track: InputTrack): Promise<JudgedTrack> {
  const samples: JudgedSample[] = [];
  for await (const packet of new EncodedPacketSink(track).packets())
    samples.push({ ptsMs: packet.timestamp * 1000, isKey: packet.type === 'key', hash: md5(packet.data) });
  return {
    kind: track.isVideoTrack() ? 'video' : 'audio',
    codec: (await track.getCodecParameterString()) ?? 'unknown',
    samples,
  };
}

async function mp4box(file: Uint8Array<ArrayBuffer>): Promise<JudgedTrack[]> {
  const movie = createFile(true);
  const failures: string[] = [];
  movie.onError = (module, message) => failures.push(`${module}: ${message}`);
  movie.appendBuffer(MP4BoxBuffer.fromArrayBuffer(file.slice().buffer, 0));
  movie.flush();
  if (failures.length > 0) throw new Error(failures.join('\n'));
  const tracks = movie.getInfo().tracks.map(({ id, type, codec }): JudgedTrack => {
    const samples = movie.getTrackSamplesInfo(id).map((sample, index): JudgedSample => {
      const { data } = movie.getTrackSample(id, index) ?? {};
      const ms = (ticks: number): number => (ticks * 1000) / sample.timescale;
      return {
        ptsMs: ms(sample.cts),
        dtsMs: ms(sample.dts),
        isKey: sample.is_sync,
        hash: md5(data ?? new Uint8Array()),
      };
    });
    return { kind: type === 'video' ? 'video' : 'audio', codec, samples };
  });
  return videoFirst(tracks);
}

async function ffprobe(file: Uint8Array): Promise<JudgedTrack[]> {
  using folder = tempDir();
  const path = folder.file('judged.mp4');
  writeFileSync(path, file);
  const { streams, packets, warnings } = await probe(path);
  if (warnings !== '') throw new Error(warnings);
  const tracks = streams.map(({ kind, codec }): JudgedTrack => {
    const samples = packets.filter((packet) => packet.kind === kind);
    return { kind, codec, samples: samples.map((each) => ({ ...each, hash: each.hash.replace('MD5:', '') })) };
  });
  return videoFirst(tracks);
}

/** Three readers that know nothing of us. */
export const MP4_JUDGES: { name: string; judge: Mp4Judge }[] = [
  { name: 'mediabunny', judge: mediabunny },
  { name: 'mp4box', judge: mp4box },
  { name: 'ffprobe', judge: ffprobe },
];
