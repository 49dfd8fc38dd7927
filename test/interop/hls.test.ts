// HLS and LL-HLS as judges who know nothing of us see them: ffprobe, mediabunny, mp4box, hls-parser, and the rules of RFC 8216bis.
import { writeFileSync } from 'node:fs';
import * as HlsParser from 'hls-parser';
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny';
import { createFile, MP4BoxBuffer } from 'mp4box';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyDelta } from '../../packages/formats/src/testing/hls-rules.ts';
import { decodeErrors, ffmpeg, probe, type ProbedPacket, publishFile, TEST_PICTURE } from '../support/ffmpeg.ts';
import { encodeVideo, enhancedTags } from '../support/flv-fixtures.ts';
import type { WireTag } from '../support/flv-wire.ts';
import { hlsGet, HlsViewer } from '../support/hls-client.ts';
import { type RunningMediaServer, startMediaServer } from '../support/media-process.ts';
import { RtmpClient } from '../support/rtmp-client.ts';
import { audioFrame, audioHeader, videoFrame, videoHeader } from '../support/synthetic.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

/** Kept in full, so that a test can look at all of it. */
const WINDOW_MS = 700_000;
const GRACE_MS = 3000;

let media: RunningMediaServer;
beforeAll(async () => {
  media = await startMediaServer(
    '--workers=2',
    `--graceMs=${GRACE_MS}`,
    '--hls.mode=always',
    `--hls.windowMs=${WINDOW_MS}`,
  );
});
afterAll(async () => media[Symbol.asyncDispose]());

const address = (name: string): string => `http://127.0.0.1:${media.ports.http}/live/${name}.m3u8`;

async function appears(name: string): Promise<HlsViewer> {
  await until(async () => (await hlsGet(address(name))).status === 200, { timeoutMs: 30_000, what: `HLS of ${name}` });
  return HlsViewer.open(address(name));
}

async function publisher(name: string) {
  const client = await RtmpClient.connect({ port: media.ports.rtmp });
  client.setChunkSize(65_536);
  const { streamId, status } = await client.publish(name);
  expect(status['code']).toBe('NetStream.Publish.Start');
  const send = (tags: readonly WireTag[]): void => {
    for (const { type, timestamp, body } of tags)
      client.sendMedia(streamId, { type: type === 'script' ? 'data' : type, timestamp, payload: body });
  };
  return { client, send };
}

const isEnded = ({ tags }: HlsViewer['playlist']): boolean => tags.has('EXT-X-ENDLIST');
const ofKind = (packets: readonly ProbedPacket[], kind: ProbedPacket['kind']): ProbedPacket[] =>
  packets.filter((packet) => packet.kind === kind);

/** Times and sizes of both tracks, by mediabunny. */
async function bunnyPackets(bytes: Buffer) {
  const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(bytes) });
  const tracks = await Promise.all([input.getPrimaryVideoTrack(), input.getPrimaryAudioTrack()]);
  const read = async (track: (typeof tracks)[number]) => {
    const packets: { ms: number; durationMs: number; bytes: number }[] = [];
    if (track === null) return packets;
    for await (const { timestamp, duration, byteLength } of new EncodedPacketSink(track).packets())
      packets.push({ ms: timestamp * 1000, durationMs: duration * 1000, bytes: byteLength });
    return packets;
  };
  const [video, audio] = tracks;
  return {
    video: await read(video),
    audio: await read(audio),
    codecs: [await video?.getCodecParameterString(), await audio?.getCodecParameterString()],
  };
}

/** Sample counts by track type, and every sample's bytes, by mp4box. */
function boxSamples(bytes: Buffer): { type: string; codec: string; samples: Buffer[] }[] {
  const file = createFile(true);
  const found: { type: string; codec: string; samples: Buffer[] }[] = [];
  file.onReady = ({ tracks }) => {
    for (const { id, type, codec } of tracks) {
      const samples: Buffer[] = [];
      found.push({ type: type ?? '', codec, samples });
      file.setExtractionOptions(id, samples, { nbSamples: 1000 });
    }
    file.start();
  };
  file.onSamples = (_id, user, samples) => {
    for (const { data } of samples) if (data !== undefined) (user as Buffer[]).push(Buffer.from(data));
  };
  file.appendBuffer(MP4BoxBuffer.fromArrayBuffer(new Uint8Array(bytes).buffer, 0));
  file.flush();
  return found;
}

describe('HLS of a stream', () => {
  it('follows every rule, part by part, and all judges see the source’s packets at their times', async () => {
    using folder = tempDir();
    const source = folder.file('source.flv');
    const bFrames = ['-c:v', 'libx264', '-preset', 'veryfast', '-bf', '2', '-g', '50', '-pix_fmt', 'yuv420p'];
    await ffmpeg(...TEST_PICTURE.slice(0, 8), ...bFrames, '-c:a', 'aac', '-b:a', '64k', '-t', '9', source).succeeded();
    const encoder = publishFile(source, `rtmp://127.0.0.1:${media.ports.rtmp}/live/judged`);
    const viewer = await appears('judged');
    await viewer.until(isEnded);
    await encoder.ended;
    expect(viewer.violations).toEqual([]);
    expect(viewer.texts.length, 'a playlist for each part').toBeGreaterThan(15);
    HlsParser.setOptions({ strictMode: true });
    for (const text of [viewer.multivariant, ...viewer.texts]) HlsParser.parse(text);
    expect(viewer.multivariant).toMatch(/CODECS="avc1\.\w{6},mp4a\.40\.2"/);
    expect(viewer.multivariant).toContain('RESOLUTION=320x180');

    const [run = Buffer.alloc(0), ...more] = await viewer.runs();
    expect(more).toEqual([]);
    const file = folder.file('run.mp4');
    writeFileSync(file, run);
    expect(await decodeErrors(file)).toBe('');
    const [given, got] = [await probe(source), await probe(file)];
    for (const kind of ['video', 'audio'] as const) {
      const [from, to] = [ofKind(given.packets, kind), ofKind(got.packets, kind)];
      expect(to.map(({ hash }) => hash)).toEqual(from.map(({ hash }) => hash));
      const offsetMs = (to[0]?.dtsMs ?? 0) - (from[0]?.dtsMs ?? 0);
      // Rounding to whole ms, on both sides.
      const off = to.map((packet, index) => Math.abs(packet.ptsMs - offsetMs - (from[index]?.ptsMs ?? 0)));
      expect(Math.max(...off), `${kind} off by ms`).toBeLessThanOrEqual(1);
    }
    const bunny = await bunnyPackets(run);
    expect(bunny.video).toHaveLength(ofKind(given.packets, 'video').length);
    expect(bunny.audio).toHaveLength(ofKind(given.packets, 'audio').length);
    const boxes = boxSamples(run);
    expect(Object.fromEntries(boxes.map(({ type, samples }) => [type, samples.length]))).toEqual({
      video: bunny.video.length,
      audio: bunny.audio.length,
    });
  });

  it('ten minutes: every time is the source’s, sound and picture do not drift', async () => {
    const { client, send } = await publisher('long');
    const seconds = 600;
    const frames = Array.from({ length: seconds * 25 }, (_, index) =>
      videoFrame(index * 40, { isKey: index % 50 === 0, seed: index, bytes: 60 }),
    );
    // AAC at 44.1 kHz: 1024 samples last 23.22 ms, and FLV rounds each time to a whole one.
    const sounds = Array.from({ length: Math.floor((seconds * 44_100) / 1024) }, (_, index) =>
      audioFrame(Math.round((index * 1024 * 1000) / 44_100), index),
    );
    const tags = [...frames, ...sounds].toSorted((a, b) => a.timestamp - b.timestamp);
    send([videoHeader(), audioHeader()]);
    for (let from = 0; from < tags.length; from += 500) {
      send(tags.slice(from, from + 500));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const viewer = await appears('long');
    await until(async () => (await viewer.load()).segments.length >= seconds / 2 - 1, { timeoutMs: 60_000 });
    client.close();
    await viewer.until(isEnded);
    expect(viewer.violations).toEqual([]);
    const { video, audio } = await bunnyPackets(Buffer.concat(await viewer.runs()));
    expect(video).toHaveLength(frames.length);
    expect(audio).toHaveLength(sounds.length);
    const startMs = video[0]?.ms ?? 0;
    const videoOff = video.map(({ ms }, index) => Math.abs(ms - startMs - index * 40));
    expect(Math.max(...videoOff)).toBeLessThan(0.02);
    const audioStartMs = audio[0]?.ms ?? 0;
    const audioOff = audio.map(({ ms }, index) => Math.abs(ms - audioStartMs - (index * 1024 * 1000) / 44_100));
    expect(Math.max(...audioOff), 'audio off its sample count').toBeLessThan(0.05);
    expect(Math.abs(audioStartMs - startMs)).toBeLessThan(0.05);
  });

  it.each(['hvc1', 'av01'] as const)('%s comes out bit by bit as it went in', async (fourCc) => {
    const encoded = await encodeVideo(fourCc, { seconds: 3 });
    const { client, send } = await publisher(fourCc);
    send(enhancedTags(encoded));
    const viewer = await appears(fourCc);
    client.close();
    await viewer.until(isEnded);
    expect(viewer.violations).toEqual([]);
    const bytes = Buffer.concat(await viewer.runs());
    const [video] = boxSamples(bytes);
    const same = video?.samples.map((sample, index) => sample.equals(encoded.frames[index]?.data ?? Buffer.alloc(0)));
    expect(same).toEqual(encoded.frames.map(() => true));
    const codec = fourCc === 'hvc1' ? /CODECS="hvc1\.1\.6\.L\d+\.[\dA-F.]+"/ : /CODECS="av01\.0\.\d\d[MH]\.08[^"]*"/;
    expect(viewer.multivariant).toMatch(codec);
    using folder = tempDir();
    writeFileSync(folder.file('video.mp4'), bytes);
    expect(await decodeErrors(folder.file('video.mp4'))).toBe('');
  });
});

describe('LL-HLS', () => {
  const tags = (fromMs: number, toMs: number): WireTag[] =>
    Array.from({ length: (toMs - fromMs) / 40 }, (_, index) => {
      const ms = fromMs + index * 40;
      return [videoFrame(ms, { isKey: ms % 2000 === 0, seed: ms / 40 }), audioFrame(ms, ms / 40)];
    }).flat();

  it('parts are their segments, and a hinted part comes when it is made', async () => {
    const { client, send } = await publisher('parts');
    send([videoHeader(), audioHeader(), ...tags(0, 4480)]);
    const viewer = await appears('parts');
    const { openParts, hints } = await viewer.until((playlist) => playlist.openParts.length > 0);
    expect(openParts.length).toBeGreaterThan(0);
    const hinted = viewer.bytes(hints[0]?.get('URI') ?? '');
    const reload = viewer.load({ blocking: true });
    send(tags(4480, 6080));
    const part = await hinted;
    const after = await reload;
    expect([...after.segments.flatMap(({ parts }) => parts), ...after.openParts].map(({ uri }) => uri)).toContain(
      hints[0]?.get('URI'),
    );
    expect(part.subarray(4, 8).toString('latin1')).toBe('moof');
    const { segments } = await viewer.until((playlist) => playlist.segments.some(({ parts }) => parts.length > 4));
    const whole = segments.findLast(({ parts }) => parts.length > 4);
    const pieces = await Promise.all((whole?.parts ?? []).map(({ uri }) => viewer.bytes(uri)));
    expect(Buffer.concat(pieces).equals(await viewer.bytes(whole?.uri ?? ''))).toBe(true);
    expect(whole?.parts[0]?.isIndependent).toBe(true);
    expect(viewer.violations).toEqual([]);
    client.close();
  });

  it('a delta update leaves out what the client has', async () => {
    const { client, send } = await publisher('delta');
    send([videoHeader(), audioHeader(), ...tags(0, 60_000)]);
    const viewer = await appears('delta');
    await until(async () => (await viewer.load()).segments.length >= 29, { timeoutMs: 30_000, what: '29 segments' });
    const full = viewer.text;
    const url = `${viewer.url}${viewer.url.includes('?') ? '&' : '?'}_HLS_skip=YES`;
    const delta = (await hlsGet(url)).body.toString();
    expect(delta.length).toBeLessThan(full.length * 0.7);
    const { segments, violations } = applyDelta(full, delta);
    expect(violations).toEqual([]);
    expect(segments).toEqual(viewer.playlist.segments.map(({ uri }) => uri));
    client.close();
  });

  it('goes on behind a discontinuity when the publisher comes back with another picture', async () => {
    const first = await publisher('again');
    first.send([videoHeader(), audioHeader(), ...tags(0, 5000)]);
    const viewer = await appears('again');
    first.client.close();
    const second = await publisher('again');
    second.send([videoHeader(0, 40), audioHeader(), ...tags(0, 5000)]);
    const hasBoth = ({ segments }: HlsViewer['playlist']): boolean =>
      segments.filter((segment) => segment.tags.has('EXT-X-MAP')).length >= 2;
    const { segments } = await viewer.until(hasBoth);
    const cut = segments.find((segment) => segment.tags.has('EXT-X-DISCONTINUITY'));
    expect(cut?.tags.has('EXT-X-PROGRAM-DATE-TIME')).toBe(true);
    expect(viewer.violations).toEqual([]);
    second.client.close();
    await viewer.until(isEnded);
    const runs = await viewer.runs();
    expect(runs).toHaveLength(2);
    for (const run of runs) expect((await bunnyPackets(run)).video.length).toBeGreaterThan(100);
  });
});
