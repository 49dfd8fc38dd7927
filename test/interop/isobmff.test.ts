import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import {
  audioTrackOf,
  encodeAudioTagHeader,
  encodeVideoTagHeader,
  FlvDemuxer,
  Fragmenter,
  type MediaPacket,
  packetFromTag,
  parseInit,
  parseMoof,
  readBox,
  samplePayload,
  TsMuxer,
  videoTrackOf,
} from '@kaibo/formats';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeErrors, ffmpeg, probe } from '../support/ffmpeg.ts';
import { encodeVideo, enhancedTags, flvBytes } from '../support/flv-fixtures.ts';
import { type JudgedTrack, MP4_JUDGES } from '../support/mp4-judges.ts';
import { tempDir } from '../support/temp-dir.ts';

const PART_MS = 400;

const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');
const isFrame = ({ kind, config, end, metadata }: MediaPacket): boolean =>
  kind !== 'data' && !config && !end && !metadata;

function packetsOf(flv: Uint8Array): MediaPacket[] {
  return new FlvDemuxer().push(flv).map(packetFromTag);
}

async function ffmpegFlv(...args: readonly string[]): Promise<MediaPacket[]> {
  using folder = tempDir();
  const path = folder.file('source.flv');
  await ffmpeg(...args, path).succeeded();
  return packetsOf(readFileSync(path));
}

/** As HLS cuts: a fragment begins at every key frame, and at the latest after 400 ms. */
function movieOf(packets: readonly MediaPacket[], lastFrameMs = 40): Uint8Array<ArrayBuffer> {
  const configuration = (kind: MediaPacket['kind']): MediaPacket | undefined =>
    packets.find((packet) => packet.kind === kind && packet.config);
  const [videoConfig, audioConfig] = [configuration('video'), configuration('audio')];
  const video =
    videoConfig &&
    videoTrackOf(
      videoConfig,
      packets.find(({ keyframe }) => keyframe),
    );
  const audioSource = audioConfig ?? packets.find(({ codec }) => codec === 'mp3');
  const audio = audioSource && audioTrackOf(audioSource);
  const fragmenter = new Fragmenter({ video, audio });
  const pieces = [fragmenter.init];
  const cut = (beforeMs: number): void => {
    const fragment = fragmenter.cut(beforeMs);
    if (fragment) pieces.push(fragment.bytes);
  };
  for (const packet of packets) {
    const isBoundary = packet.kind === (video ? 'video' : 'audio') && isFrame(packet);
    if (isBoundary && (packet.keyframe || fragmenter.durationMs(packet.dtsMs) >= PART_MS)) cut(packet.dtsMs);
    fragmenter.push(packet);
  }
  cut((packets.findLast((packet) => packet.kind === 'video' && isFrame(packet))?.dtsMs ?? 0) + lastFrameMs);
  return new Uint8Array(Buffer.concat(pieces));
}

/** What every judge has to find: the samples of the source, with their times. */
function expectSource(tracks: readonly JudgedTrack[], packets: readonly MediaPacket[], toleranceMs: number): void {
  for (const { kind, samples } of tracks) {
    const source = packets.filter((packet) => packet.kind === kind && isFrame(packet));
    expect(samples.map(({ hash }) => hash)).toEqual(source.map((packet) => md5(samplePayload(packet))));
    if (kind === 'video') expect(samples.map(({ isKey }) => isKey)).toEqual(source.map(({ keyframe }) => keyframe));
    const allowedMs = kind === 'video' ? 0.001 : toleranceMs;
    for (const [index, { ptsMs, dtsMs }] of samples.entries()) {
      const packet = source[index];
      if (!packet || Math.abs(ptsMs - packet.ptsMs) > allowedMs)
        expect.fail(`${kind} sample ${index} is at ${ptsMs} ms, not at ${packet?.ptsMs}`);
      if (dtsMs !== undefined && Math.abs(dtsMs - packet.dtsMs) > allowedMs)
        expect.fail(`${kind} sample ${index} is decoded at ${dtsMs} ms, not at ${packet.dtsMs}`);
    }
  }
}

async function expectDecodable(movie: Uint8Array): Promise<void> {
  using folder = tempDir();
  const path = folder.file('movie.mp4');
  writeFileSync(path, movie);
  expect(await decodeErrors(path)).toBe('');
}

// mp4box logs that its dfLa parser reads too far, of ffmpeg's own files as well.

/** Stamps of FLV are whole milliseconds, ffprobe's are rounded as well. */
const ROUNDED_MS = 1.01;

describe('ten minutes of H.264 with B-frames, and AAC at 44.1 kHz', () => {
  let packets: MediaPacket[];
  let movie: Uint8Array<ArrayBuffer>;
  beforeAll(async () => {
    packets = await ffmpegFlv(
      ...[
        '-f',
        'lavfi',
        '-i',
        'testsrc2=size=48x32:rate=8',
        '-f',
        'lavfi',
        '-i',
        'sine=sample_rate=44100',
        '-t',
        '600',
      ],
      ...['-c:v', 'libx264', '-preset', 'veryfast', '-bf', '2', '-g', '16', '-qp', '45'],
      // Silence most of the time: it is encoded many times faster.
      ...['-af', "volume=0:enable='gte(mod(t,20),1)'", '-c:a', 'aac', '-b:a', '32k', '-aac_coder', 'fast'],
    );
    movie = movieOf(packets, 125);
  });

  it.each(MP4_JUDGES)('$name finds every sample at its time, without drift', async ({ name, judge }) => {
    const tracks = await judge(movie);
    expect(tracks.map(({ codec }) => codec)).toEqual(
      name === 'ffprobe' ? ['h264', 'aac'] : ['avc1.64000a', 'mp4a.40.2'],
    );
    expect(tracks[0]?.samples).toHaveLength(4800);
    expect(tracks[0]?.samples.some(({ ptsMs, dtsMs }) => dtsMs !== undefined && ptsMs > dtsMs)).toBe(
      name !== 'mediabunny',
    );
    expectSource(tracks, packets, ROUNDED_MS);
  });

  it('has every audio frame last 1024 samples, and every fragment begin where the one before ends', () => {
    const ends = new Map<number, number>();
    let audioFrames = 0;
    for (let box = readBox(movie, 0); box; box = readBox(movie, box.offset + box.sizeBytes)) {
      if (box.type !== 'moof') continue;
      for (const times of parseMoof(movie.subarray(box.offset))) {
        if (ends.has(times.trackId)) expect(times.baseDecodeTime).toBe(ends.get(times.trackId));
        ends.set(times.trackId, times.baseDecodeTime + times.duration);
        if (times.trackId === 2) expect(times.duration).toBe(1024 * times.samples);
        audioFrames += times.trackId === 2 ? times.samples : 0;
      }
    }
    expect(ends.get(1)).toBe(600_000 * 90);
    expect(audioFrames).toBe(packets.filter((packet) => packet.kind === 'audio' && isFrame(packet)).length);
    expect(parseInit(movie).map(({ codecString }) => codecString)).toEqual(['avc1.64000a', 'mp4a.40.2']);
  });
});

describe('negative composition times', () => {
  let shifted: MediaPacket[];
  beforeAll(async () => {
    const packets = await ffmpegFlv(
      ...['-f', 'lavfi', '-i', 'testsrc2=size=48x32:rate=25', '-t', '4'],
      ...['-c:v', 'libx264', '-preset', 'veryfast', '-bf', '2', '-g', '25', '-qp', '45'],
    );
    shifted = packets.map((packet) => {
      if (packet.kind !== 'video' || !isFrame(packet)) return packet;
      const compositionTimeMs = packet.ptsMs - packet.dtsMs - 80;
      const header = encodeVideoTagHeader({
        form: 'legacy',
        codec: 'h264',
        codecId: 7,
        frameType: packet.keyframe ? 'key' : 'inter',
        packetType: 'codedFrames',
        compositionTimeMs,
      });
      const body = Buffer.concat([header, samplePayload(packet)]);
      return packetFromTag({ type: 9, timestampMs: packet.dtsMs, body });
    });
  });

  it.each(MP4_JUDGES)('$name presents every frame at its time', async ({ judge }) => {
    expect(shifted.some(({ ptsMs, dtsMs }) => ptsMs < dtsMs)).toBe(true);
    const tracks = await judge(movieOf(shifted));
    for (const track of tracks) for (const sample of track.samples) delete sample.dtsMs; // Decoding moved ahead.
    expectSource(tracks, shifted, 0);
  });
});

describe.each(['hvc1', 'av01', 'vp09'] as const)('%s', (fourCc) => {
  let packets: MediaPacket[];
  let movie: Uint8Array<ArrayBuffer>;
  beforeAll(async () => {
    const picture = 'testsrc2=size=128x96:rate=25';
    packets = packetsOf(flvBytes(enhancedTags(await encodeVideo(fourCc, { seconds: 1, picture }))));
    movie = movieOf(packets);
  });
  const codecString = { hvc1: 'hvc1.1.6.L30.90', av01: 'av01.0.00M.08', vp09: 'vp09.00.10.08' }[fourCc];

  it.each(MP4_JUDGES)('$name finds the samples bit by bit', async ({ name, judge }) => {
    const tracks = await judge(movie);
    expectSource(tracks, packets, 0);
    // mediabunny says hev1 of everything.
    if (name !== 'ffprobe') expect(tracks[0]?.codec.replace('hev1', 'hvc1').startsWith(codecString)).toBe(true);
    expect(parseInit(movie)).toMatchObject([{ kind: 'video', codecString, width: 128, height: 96 }]);
  });

  it('is decoded by ffmpeg', async () => expectDecodable(movie));
});

/** Audio packets by ffmpeg through MP4, whose samples are what FLV carries, in the enhanced form. */
async function enhancedAudio(
  fourCc: 'Opus' | 'fLaC',
  record: Uint8Array,
  ...encoder: string[]
): Promise<MediaPacket[]> {
  using folder = tempDir();
  const path = folder.file('audio.mp4');
  await ffmpeg('-f', 'lavfi', '-i', 'sine=sample_rate=48000', '-t', '2', ...encoder, path).succeeded();
  const file = readFileSync(path);
  const { packets } = await probe(path);
  const codec = fourCc === 'Opus' ? 'opus' : 'flac';
  const packet = (packetType: 'sequenceStart' | 'codedFrames', timestampMs: number, data: Uint8Array): MediaPacket => {
    const header = encodeAudioTagHeader({ form: 'enhanced', codec, packetType, fourCc, nanosecondOffset: 0 });
    return packetFromTag({ type: 8, timestampMs, body: Buffer.concat([header, data]) });
  };
  const frames = packets.map(({ dtsMs, position, sizeBytes }) =>
    packet('codedFrames', dtsMs + 50, file.subarray(position, position + sizeBytes)),
  );
  return [packet('sequenceStart', 0, record), ...frames];
}

/** OpusHead of 48 kHz mono; `fLaC` and STREAMINFO of 48 kHz, 16 bits, stereo, blocks of 4608. */
const OPUS_HEAD = Buffer.from('4f707573486561640101380180bb0000000000', 'hex');
const FLAC_HEAD = Buffer.from(
  '664c614380000022120012000000000000000bb802f000000000000000000000000000000000000000000000',
  'hex',
);

describe.each([
  {
    name: 'Opus',
    codecs: { mediabunny: 'opus', mp4box: 'Opus', ffprobe: 'opus' },
    source: async () => enhancedAudio('Opus', OPUS_HEAD, '-ac', '1', '-c:a', 'libopus', '-b:a', '16k'),
  },
  {
    name: 'FLAC',
    codecs: { mediabunny: 'flac', mp4box: 'fLaC', ffprobe: 'flac' },
    source: async () => enhancedAudio('fLaC', FLAC_HEAD, '-ac', '2', '-c:a', 'flac', '-strict', '-2'),
  },
  {
    name: 'MP3',
    codecs: { mediabunny: 'mp3', mp4box: 'mp4a.6b', ffprobe: 'mp3' },
    source: async () =>
      ffmpegFlv('-f', 'lavfi', '-i', 'sine=sample_rate=44100', '-t', '2', '-c:a', 'libmp3lame', '-b:a', '32k'),
  },
])('$name alone', ({ codecs, source }) => {
  let packets: MediaPacket[];
  let movie: Uint8Array<ArrayBuffer>;
  beforeAll(async () => {
    packets = await source();
    movie = movieOf(packets);
  });

  it.each(MP4_JUDGES)('$name finds every frame', async ({ name, judge }) => {
    const tracks = await judge(movie);
    expect(tracks).toMatchObject([{ kind: 'audio', codec: codecs[name as keyof typeof codecs] }]);
    expectSource(tracks, packets, ROUNDED_MS);
  });

  it('is decoded by ffmpeg', async () => expectDecodable(movie));
});

/** What the clock of a transport stream is behind by. */
const TS_DELAY_MS = 700;
const TS_JUDGES = MP4_JUDGES.filter(({ name }) => name !== 'mp4box');

describe.each([
  {
    name: 'H.264 and AAC',
    source: async () =>
      ffmpegFlv(
        ...['-f', 'lavfi', '-i', 'testsrc2=size=48x32:rate=25', '-f', 'lavfi', '-i', 'sine=sample_rate=44100'],
        ...['-t', '3', '-c:v', 'libx264', '-preset', 'veryfast', '-bf', '2', '-g', '25', '-qp', '45'],
        ...['-c:a', 'aac', '-b:a', '64k'],
      ),
  },
  { name: 'H.265', source: async () => packetsOf(flvBytes(enhancedTags(await encodeVideo('hvc1', { seconds: 1 })))) },
])('$name in a transport stream', ({ source }) => {
  let packets: MediaPacket[];
  let stream: Uint8Array<ArrayBuffer>;
  beforeAll(async () => {
    packets = await source();
    const [video, audio] = ['video', 'audio'].map((kind) => packets.find((each) => each.kind === kind && each.config));
    const muxer = new TsMuxer({ video, audio });
    const segments: MediaPacket[][] = [];
    for (const packet of packets) {
      if (packet.keyframe || segments.length === 0) segments.push([]);
      segments.at(-1)?.push(packet);
    }
    stream = new Uint8Array(Buffer.concat(segments.map((segment) => muxer.segment(segment))));
  });

  it.each(TS_JUDGES)('$name finds every frame at its time', async ({ judge }) => {
    for (const { kind, samples } of await judge(stream)) {
      const frames = packets.filter((packet) => packet.kind === kind && isFrame(packet));
      expect(samples.map(({ ptsMs }) => Math.round(ptsMs) - TS_DELAY_MS)).toEqual(
        kind === 'video' ? frames.map(({ ptsMs }) => ptsMs) : frames.map(({ ptsMs }) => near(ptsMs)),
      );
    }
  });

  it('is decoded by ffmpeg', async () => expectDecodable(stream));
});

/** The frames of one PES packet count from its first one. */
function near(ms: number): unknown {
  return expect.toSatisfy((value: number) => Math.abs(value - ms) <= 1);
}
