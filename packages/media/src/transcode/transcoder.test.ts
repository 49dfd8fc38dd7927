import { chmodSync, writeFileSync } from 'node:fs';
import {
  encodeFlvHeader,
  encodeFlvTag,
  encodeAudioTagHeader,
  FLV_TAG_AUDIO,
  FlvDemuxer,
  type MediaPacket,
  OggOpusReader,
  OggOpusWriter,
  packetFromTag,
  parseAudioTagHeader,
  tagFromPacket,
} from '@kaibo/formats';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { childrenRunning } from '../../../../test/support/children.ts';
import { BEEPS, beepTimes, encodeMarkers, FLASHES, flashTimes, MARKS_MS } from '../../../../test/support/markers.ts';
import { findProgram } from '../../../../test/support/program.ts';
import { tempDir } from '../../../../test/support/temp-dir.ts';
import { until } from '../../../../test/support/until.ts';
import { testLog } from '../testing/media-options.ts';
import { audioConfig, audioFrame } from '../testing/packets.ts';
import type { TranscodeTarget } from './conversion.ts';
import { locateFfmpeg } from './find-ffmpeg.ts';
import { MAX_ATTEMPTS, Transcoder } from './transcoder.ts';

const SECONDS = ['-t', '6'];
const SYNC_MS = 40;
/** What an encoder may hold back at most, when nothing more comes. */
const HELD_MS = 250;

const opened: Transcoder[] = [];
afterEach(() => {
  for (const transcoder of opened.splice(0)) transcoder.close();
});

interface Bench {
  transcoder: Transcoder;
  packets: MediaPacket[];
  failures: string[];
  log: ReturnType<typeof testLog>;
}

function bench(target: TranscodeTarget, ffmpeg = findProgram('ffmpeg')): Bench {
  const log = testLog();
  const packets: MediaPacket[] = [];
  const failures: string[] = [];
  const transcoder = new Transcoder({
    ffmpeg,
    target,
    log,
    onPacket: (packet) => packets.push(packet),
    onFailure: (message) => failures.push(message),
  });
  opened.push(transcoder);
  return { transcoder, packets, failures, log };
}

const at = (packets: readonly MediaPacket[], offsetMs: number): MediaPacket[] =>
  packets.map((packet) => ({ ...packet, dtsMs: packet.dtsMs + offsetMs, ptsMs: packet.ptsMs + offsetMs }));

const without = (packets: readonly MediaPacket[], fromMs: number, toMs: number): MediaPacket[] =>
  packets.filter(({ dtsMs, config }) => config || dtsMs < fromMs || dtsMs >= toMs);

async function transcode(target: TranscodeTarget, source: readonly MediaPacket[]): Promise<MediaPacket[]> {
  const { transcoder, packets, failures } = bench(target);
  for (const packet of source) transcoder.push({ ...packet });
  const endMs = (source.at(-1)?.dtsMs ?? 0) - HELD_MS;
  await until(() => failures.length > 0 || (packets.at(-1)?.dtsMs ?? 0) >= endMs, { timeoutMs: 20_000 });
  expect(failures).toEqual([]);
  return packets;
}

function opusPackets(ogg: Uint8Array): MediaPacket[] {
  const reader = new OggOpusReader();
  const head = { form: 'enhanced', codec: 'opus', fourCc: 'Opus', nanosecondOffset: 0 } as const;
  const packet = (packetType: 'sequenceStart' | 'codedFrames', data: Uint8Array, ms: number): MediaPacket => {
    const body = Buffer.concat([encodeAudioTagHeader({ ...head, packetType }), data]);
    return packetFromTag({ type: FLV_TAG_AUDIO, timestampMs: Math.max(0, Math.round(ms)), body });
  };
  const frames = reader.push(ogg).map(({ data, startSample }) => packet('codedFrames', data, startSample / 48));
  return [packet('sequenceStart', reader.head ?? Buffer.alloc(0), 0), ...frames];
}

function flvPackets(flv: Uint8Array): MediaPacket[] {
  return new FlvDemuxer()
    .push(flv)
    .filter(({ type, body }) => type !== 18 && body.length > 2)
    .map(packetFromTag);
}

function flvFile(packets: readonly MediaPacket[], offsetMs: number): Uint8Array {
  const kinds = new Set(packets.map(({ kind }) => kind));
  const header = encodeFlvHeader({ hasAudio: kinds.has('audio'), hasVideo: kinds.has('video') });
  return Buffer.concat([header, ...at(packets, -offsetMs).map((packet) => encodeFlvTag(tagFromPacket(packet)))]);
}

function oggFile(packets: readonly MediaPacket[], offsetMs: number): Uint8Array {
  const writer = new OggOpusWriter();
  const data = ({ payload }: MediaPacket): Uint8Array => payload.subarray(parseAudioTagHeader(payload).headerBytes);
  const pages = packets.map((packet) =>
    packet.config
      ? Buffer.concat(writer.begin(data(packet)))
      : writer.packet(data(packet), Math.round((packet.dtsMs - offsetMs + 20) * 48) + 312),
  );
  return Buffer.concat(pages);
}

/** Where the marks are in what came out, stream time less `offsetMs`. */
async function marksOf(packets: readonly MediaPacket[], offsetMs: number): Promise<number[]> {
  using folder = tempDir();
  const isOpus = packets[0]?.codec === 'opus';
  const path = folder.file(isOpus ? 'out.ogg' : 'out.flv');
  writeFileSync(path, isOpus ? oggFile(packets, offsetMs) : flvFile(packets, offsetMs));
  return await (packets[0]?.kind === 'video' ? flashTimes(path) : beepTimes(path));
}

const AAC = ['-c:a', 'aac', '-b:a', '96k', '-ar', '44100', '-ac', '2'];
const H264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-bf', '2', '-g', '25', '-pix_fmt', 'yuv420p'];
const SOURCES = {
  'opus to AAC': {
    target: 'aac',
    make: async () =>
      opusPackets(await encodeMarkers('ogg', ...BEEPS, ...SECONDS, '-c:a', 'libopus', '-page_duration', '20000')),
  },
  'AAC to Opus': {
    target: 'opus',
    make: async () => flvPackets(await encodeMarkers('flv', ...BEEPS, ...SECONDS, ...AAC)),
  },
  'MP3 to Opus': {
    target: 'opus',
    make: async () =>
      flvPackets(await encodeMarkers('flv', ...BEEPS, ...SECONDS, '-c:a', 'libmp3lame', '-ar', '44100')),
  },
  'H.264 without B-frames': {
    target: 'h264-without-bframes',
    make: async () => flvPackets(await encodeMarkers('flv', ...FLASHES, ...SECONDS, ...H264)),
  },
} as const satisfies Record<string, { target: TranscodeTarget; make(): Promise<MediaPacket[]> }>;

describe.each(Object.entries(SOURCES))('%s', (_name, { target, make }) => {
  let source: MediaPacket[];
  /** Where the marks are in the source, which containers and coders have moved by some ms. */
  let sourceMarks: number[];
  beforeAll(async () => {
    source = await make();
    sourceMarks = await marksOf(source, 0);
    if (sourceMarks.length !== MARKS_MS.length) throw new Error(`marks of the source: ${sourceMarks.join(', ')}`);
  });

  const expectSync = async (packets: readonly MediaPacket[], offsetMs: number): Promise<void> => {
    const errors = (await marksOf(packets, offsetMs)).map((ms, index) => ms - (sourceMarks[index] ?? Number.NaN));
    expect(errors).toHaveLength(MARKS_MS.length);
    for (const error of errors) expect(Math.abs(error)).toBeLessThan(SYNC_MS);
  };

  it.each([
    ['0', 0],
    ['an hour', 3_600_000],
    ['2^31 ms, where ffmpeg’s FLV muxer wraps', 2 ** 31 - 3000],
    ['2^32 ms, where FLV wraps', 2 ** 32 - 3000],
    ['a year', 31_536_000_000],
  ])('keeps stream time at %s', async (_at, offsetMs) => {
    await expectSync(await transcode(target, at(source, offsetMs)), offsetMs);
  });

  it('keeps it after a gap of 2 s', async () => {
    await expectSync(await transcode(target, without(source, 2000, 4000)), 0);
  });

  it('gives the configuration and what begins with the source, and no time twice', async () => {
    const packets = await transcode(target, at(source, 1000));
    expect(packets.map(({ config }) => config).lastIndexOf(true)).toBe(0);
    const times = packets.slice(1).map(({ dtsMs }) => dtsMs);
    expect(times).toEqual([...new Set(times)].toSorted((a, b) => a - b));
    expect(times[0]).toBeGreaterThanOrEqual(1000);
    expect(times[0]).toBeLessThan(1100);
  });
});

describe('H.264 without B-frames', () => {
  it('has key frames where the source has them, and shows what it decodes', async () => {
    const source = await SOURCES['H.264 without B-frames'].make();
    const packets = await transcode('h264-without-bframes', source);
    const keyTimes = (list: readonly MediaPacket[]): number[] =>
      list.filter(({ keyframe }) => keyframe).map(({ ptsMs }) => ptsMs);
    expect(source.some(({ dtsMs, ptsMs }) => ptsMs > dtsMs + 40)).toBe(true);
    expect(packets.filter(({ dtsMs, ptsMs }) => dtsMs !== ptsMs)).toEqual([]);
    expect(keyTimes(packets)).toEqual(keyTimes(source).slice(0, keyTimes(packets).length));
    expect(keyTimes(packets).length).toBeGreaterThan(4);
  });
});

describe('Opus with DTX', () => {
  it('goes on as sound without a break', async () => {
    const dtx = ['-c:a', 'libopus', '-application', 'voip', '-dtx', '1', '-page_duration', '20000'];
    const source = opusPackets(await encodeMarkers('ogg', ...BEEPS, ...SECONDS, ...dtx));
    // Of a silence libopus says nothing for 400 ms at a time: RTP then has no packet, Ogg an empty one.
    const sent = source.filter(({ payload, config }) => config || payload.length > 5 + 3);
    expect(sent.length).toBeLessThan(source.length / 2);
    const packets = await transcode('aac', sent);
    const steps = packets.slice(2).map(({ dtsMs }, index) => dtsMs - (packets[index + 1]?.dtsMs ?? 0));
    expect(Math.max(...steps)).toBeLessThan(25);
    const [expected, found] = [await marksOf(source, 0), await marksOf(packets, 0)];
    expect(found.map((ms, index) => Math.abs(ms - (expected[index] ?? Number.NaN)) < SYNC_MS)).toEqual([true, true]);
  });
});

/** A program in place of ffmpeg. */
function program(folder: ReturnType<typeof tempDir>, script: string): string {
  const path = folder.file('ffmpeg');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe('a Transcoder whose ffmpeg', () => {
  it('cannot be spawned says so once, and takes packets on', async () => {
    const { transcoder, failures } = bench('opus', '/nowhere/ffmpeg');
    transcoder.push(audioConfig(0));
    for (let ms = 0; ms < 200; ms += 20) transcoder.push(audioFrame(ms, 0x21));
    await until(() => failures.length > 0);
    transcoder.push(audioFrame(200, 0x21));
    expect(failures).toEqual([expect.stringMatching(/^ffmpeg cannot be started: .*ENOENT/)]);
  });

  it('fails every time is given up after some tries, with its last words', async () => {
    using folder = tempDir();
    const tries = folder.file('tries');
    const { transcoder, failures } = bench(
      'opus',
      program(folder, `echo try >>${tries}\necho first >&2\necho "no encoder" >&2\nexit 3`),
    );
    transcoder.push(audioConfig(0));
    let ms = 0;
    await until(() => {
      transcoder.push(audioFrame((ms += 20), 0x21));
      return failures.length > 0;
    });
    expect(failures).toEqual([`ffmpeg failed ${MAX_ATTEMPTS} times: no encoder`]);
  });

  it('is killed is started again, and stream time goes on', async () => {
    const source = await SOURCES['opus to AAC'].make();
    const { transcoder, packets, log } = bench('aac');
    for (const packet of source) if (packet.dtsMs < 2000) transcoder.push({ ...packet });
    await until(() => (packets.at(-1)?.dtsMs ?? 0) > 1500);
    const [pid = 0] = childrenRunning('ffmpeg');
    process.kill(pid, 'SIGKILL');
    await until(() => log.warnings.includes('ffmpeg ended; it is started again'));
    await until(() => !childrenRunning('ffmpeg').includes(pid));
    const rest = source.filter(({ dtsMs }) => dtsMs >= 2000);
    await until(() => {
      const packet = rest.shift();
      if (packet) transcoder.push(packet);
      return (packets.at(-1)?.dtsMs ?? 0) > 2500;
    });
    expect(packets.filter(({ config }) => config)).toHaveLength(2);
    transcoder.close();
    await until(() => childrenRunning('ffmpeg').length === 0, { what: 'no child after close' });
  });

  it('reads nothing loses packets, says so, and is replaced when nothing has come out for long', async () => {
    using folder = tempDir();
    const { transcoder, packets, log, failures } = bench('opus', program(folder, 'exec sleep 100'));
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      transcoder.push(audioConfig(0));
      const large = Array.from({ length: 50_000 }, () => 0x21);
      for (let ms = 0; ms < 2000; ms += 20) transcoder.push(audioFrame(ms, ...large));
      expect(log.warnings).toEqual(['ffmpeg does not keep up; packets are left out']);
      vi.setSystemTime(Date.now() + 16_000);
      for (let ms = 2000; ms < 16_000; ms += 200) transcoder.push(audioFrame(ms, 0x21));
      expect(log.warnings).toContain('ffmpeg ended; it is started again');
    } finally {
      vi.useRealTimers();
    }
    expect([packets, failures]).toEqual([[], []]);
  });

  it('is fed another configuration is a new one', async () => {
    const { transcoder, packets } = bench('opus');
    const silence = [0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c];
    for (const config of [audioConfig(0, 0x10), audioConfig(0, 0x10), audioConfig(0, 0x08)]) {
      transcoder.push(config);
      const count = packets.length;
      let ms = packets.at(-1)?.dtsMs ?? 0;
      await until(() => {
        transcoder.push(audioFrame((ms += 23), ...silence));
        return packets.length > count + 3;
      });
    }
    expect(packets.filter(({ config }) => config)).toHaveLength(2);
  });

  it('meets packets that it cannot read leaves them out', async () => {
    const { transcoder, packets, failures } = bench('aac');
    const source = (await SOURCES['opus to AAC'].make()).slice(0, 100);
    const broken = packetFromTag({
      type: FLV_TAG_AUDIO,
      timestampMs: 20,
      body: Buffer.from([0x91, ...Buffer.from('Opus'), 0x03, 0]),
    });
    for (const packet of source) transcoder.push({ ...packet });
    transcoder.push(broken);
    transcoder.push(audioFrame(40, 0x21));
    await until(() => (packets.at(-1)?.dtsMs ?? 0) > 1500);
    expect(failures).toEqual([]);
  });
});

describe('locateFfmpeg', () => {
  it.each([
    ['KAIBO_FFMPEG, a path', { KAIBO_FFMPEG: '/bin/sh', PATH: '' }, '/bin/sh'],
    ['KAIBO_FFMPEG, a name', { KAIBO_FFMPEG: 'sh', PATH: '/nowhere:/bin' }, '/bin/sh'],
    ['KAIBO_FFMPEG that leads nowhere', { KAIBO_FFMPEG: '/nowhere/ffmpeg', PATH: process.env['PATH'] }, undefined],
    ['KAIBO_FFMPEG that is a folder', { KAIBO_FFMPEG: '/bin/', PATH: process.env['PATH'] }, undefined],
    ['PATH', { PATH: process.env['PATH'] }, findProgram('ffmpeg')],
    ['neither', { PATH: '/nowhere' }, undefined],
    ['nothing at all', {}, undefined],
  ])('by %s', (_how, env, path) => {
    expect(locateFfmpeg(env)).toBe(path);
  });
});
