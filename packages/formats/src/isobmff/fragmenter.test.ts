import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MediaPacket } from '../flv/media-packet.ts';
import { aacFrame, avcFrame, flvPacket } from '../testing/flv-packets.ts';
import { concat, hex, toHex } from '../testing/hex.ts';
import * as real from '../testing/real-samples.ts';
import { readBox } from './box-reader.ts';
import { Fragmenter } from './fragmenter.ts';
import { parseMoof } from './moof.ts';
import { samplePayload } from './sample-payload.ts';
import { audioTrackOf, videoTrackOf } from './track.ts';

const VIDEO = videoTrackOf(flvPacket('video', '17 00 000000', real.AVC_HIGH_1280X720));
const AUDIO = audioTrackOf(flvPacket('audio', 'af 00', real.AAC_LC_STEREO));
const OPUS = audioTrackOf(flvPacket('audio', '90 4f707573', real.OPUS_MONO));

function filled(tracks: ConstructorParameters<typeof Fragmenter>[0], packets: readonly MediaPacket[]): Fragmenter {
  const fragmenter = new Fragmenter(tracks);
  for (const packet of packets) fragmenter.push(packet);
  return fragmenter;
}

const timesOf = (fragment: { bytes: Uint8Array } | undefined) => parseMoof(fragment?.bytes ?? hex(''));
/** `stamp` of the AAC frame with this number at 44.1 kHz, as FLV writes it. */
const aacMs = (index: number): number => Math.round((index * 1024 * 1000) / 44_100);

describe('Fragmenter', () => {
  it('writes moof and mdat in the order of the specification', () => {
    const fragmenter = filled({ video: VIDEO, audio: AUDIO, firstSequence: 7 }, [
      avcFrame(1000, { key: true, compositionMs: 40, bytes: 6 }),
      aacFrame(1010, 2),
      avcFrame(1040, { bytes: 5 }),
    ]);
    const fragment = fragmenter.cut(1090);
    expect(fragment).toMatchObject({ startMs: 1000, durationMs: 90, independent: true });
    const bytes = hex(`
      000000cc 6d6f6f66  00000010 6d666864 00000000 00000007
      00000068 74726166
        00000018 74666864 00020028 00000001 00000e10 01010000
        00000014 74666474 01000000 00000000 00015f90
        00000034 7472756e 01000f01 00000002 000000d4
          00000e10 00000006 02000000 00000e10  00001194 00000005 01010000 00000000
      0000004c 74726166
        00000018 74666864 00020028 00000002 00000400 02000000
        00000014 74666474 01000000 00000000 0000adfd
        00000018 7472756e 01000201 00000001 000000df 00000002
      00000015 6d646174  00000002 6565 00000001 41 aaaa
    `);
    expect(toHex(fragment?.bytes ?? hex(''))).toBe(toHex(bytes));
  });

  it('holds the last video frame back until its end is known', () => {
    const fragmenter = filled({ video: VIDEO }, [avcFrame(0, { key: true })]);
    expect([fragmenter.startMs, fragmenter.durationMs(), fragmenter.durationMs(40), fragmenter.bytes]).toEqual([
      0, 0, 40, 8,
    ]);
    expect(fragmenter.cut()).toBeUndefined();
    fragmenter.push(avcFrame(40));
    expect(fragmenter.durationMs()).toBe(40);
    expect(fragmenter.cut()).toMatchObject({ startMs: 0, durationMs: 40, independent: true });
    expect([fragmenter.startMs, fragmenter.bytes]).toEqual([40, 8]);
    const rest = fragmenter.cut(100);
    expect(rest).toMatchObject({ startMs: 40, durationMs: 60, independent: false });
    expect(timesOf(rest)).toEqual([
      { trackId: 1, baseDecodeTime: 3600, duration: 5400, startsWithKey: false, samples: 1 },
    ]);
    expect([fragmenter.startMs, fragmenter.durationMs(200), fragmenter.cut(200)]).toEqual([undefined, 0, undefined]);
  });

  it('takes no configuration, metadata, commands, empty frames, or other tracks', () => {
    const fragmenter = filled({ audio: AUDIO }, [
      flvPacket('video', '17 00 000000', real.AVC_HIGH_1280X720),
      avcFrame(0, { key: true }),
      flvPacket('audio', 'af 00', real.AAC_LC_STEREO),
      flvPacket('audio', 'af 01'),
    ]);
    expect([fragmenter.startMs, fragmenter.cut(1000)]).toEqual([undefined, undefined]);
    const video = filled({ video: VIDEO }, [
      flvPacket('video', '57 00'),
      flvPacket('video', '17 02 000000'),
      aacFrame(0),
    ]);
    expect(video.cut(1000)).toBeUndefined();
  });

  it('lays audio out by its samples, whatever its stamps are rounded to', () => {
    const fragmenter = filled(
      { audio: AUDIO },
      Array.from({ length: 100 }, (_, index) => aacFrame(500 + aacMs(index))),
    );
    const [times] = timesOf(fragmenter.cut());
    expect(times).toEqual({ trackId: 2, baseDecodeTime: 22_050, duration: 102_400, startsWithKey: true, samples: 100 });
    fragmenter.push(aacFrame(500 + aacMs(100)));
    const next = fragmenter.cut();
    expect(timesOf(next)[0]?.baseDecodeTime).toBe(22_050 + 102_400);
    expect(next).toMatchObject({ independent: true, startMs: ((22_050 + 102_400) * 1000) / 44_100 });
  });

  it.each([
    ['within half a frame the count goes on', 23 + 11, 1024, 1024],
    ['a gap stretches the frame before it', 23 + 40, Math.round(63 * 44.1), Math.round(63 * 44.1)],
    ['an overlap shrinks it', 5, Math.round(5 * 44.1), Math.round(5 * 44.1)],
    ['a frame before the one before begins a tick after it', -50, 1, 1],
  ])('%s', (_name, secondMs, startTicks, firstDuration) => {
    const together = filled({ audio: AUDIO }, [aacFrame(100), aacFrame(100 + secondMs)]);
    expect(timesOf(together.cut())[0]).toMatchObject({ baseDecodeTime: 4410, duration: firstDuration + 1024 });
    // What was cut is out of reach: a later start is a gap, an earlier one is not possible.
    const apart = filled({ audio: AUDIO }, [aacFrame(100)]);
    apart.cut();
    apart.push(aacFrame(100 + secondMs));
    expect(timesOf(apart.cut())[0]?.baseDecodeTime).toBe(4410 + Math.max(startTicks, 1024));
  });

  it('counts Opus by what each packet says, and guesses where it lies', () => {
    const opus = (ms: number, toc: string): MediaPacket => flvPacket('audio', '91 4f707573', hex(toc), ms);
    // 10 ms, 20 ms, 60 ms; 48 frames of 60 ms are not allowed.
    const fragmenter = filled({ audio: OPUS }, [opus(0, '70'), opus(10, '78'), opus(30, '18'), opus(90, '1b30')]);
    expect(timesOf(fragmenter.cut())[0]).toMatchObject({ duration: (10 + 20 + 60 + 20) * 48, samples: 4 });
  });

  it('cuts audio alone while no picture is complete', () => {
    const fragmenter = filled({ video: VIDEO, audio: AUDIO }, [aacFrame(0), aacFrame(23)]);
    expect(fragmenter.startMs).toBe(0);
    expect(fragmenter.durationMs()).toBeCloseTo(46.4, 1);
    const fragment = fragmenter.cut(40);
    expect(fragment).toMatchObject({ startMs: 0, independent: true });
    expect(timesOf(fragment)).toHaveLength(1);
  });

  it('presents frames at their times when that is before decoding: decoding moves ahead', () => {
    const frames = [
      avcFrame(1000, { key: true }),
      avcFrame(1040, { compositionMs: 40 }),
      avcFrame(1080, { compositionMs: -80 }),
      avcFrame(1120, { compositionMs: -40 }),
    ];
    const fragment = filled({ video: VIDEO }, frames).cut(1160);
    expect(presentation(fragment)).toEqual([1000, 1080, 1000, 1080].map((ms) => ms * 90));
    expect(timesOf(fragment)[0]).toMatchObject({ baseDecodeTime: 90_000, samples: 4 });
  });

  it('does not let one nonsensical composition time hold up all that follows', () => {
    const frames = [avcFrame(0, { key: true }), avcFrame(40, { compositionMs: -0x80_0000 }), avcFrame(80)];
    const fragment = filled({ video: VIDEO }, frames).cut(120);
    expect(presentation(fragment)).toEqual([0, (40 - 0x80_0000) * 90, 80 * 90]);
    expect(fragment?.durationMs).toBe(120);
  });

  it('gives frames of one time a tick each', () => {
    const frames = [avcFrame(100, { key: true }), avcFrame(100), avcFrame(100), avcFrame(140)];
    const fragment = filled({ video: VIDEO }, frames).cut(180);
    expect(presentation(fragment)).toEqual([9000, 9000, 9000, 12_600]);
    expect(fragment?.durationMs).toBe(80);
  });

  it('any stream: nothing lost, nothing decoded twice, fragments meet, times are the source’s', () => {
    const step = fc.record({
      stepMs: fc.integer({ min: 0, max: 120 }),
      compositionMs: fc.integer({ min: -300, max: 300 }),
      isVideo: fc.boolean(),
      key: fc.boolean(),
      cut: fc.constantFrom('no', 'no', 'no', 'complete', 'before'),
      bytes: fc.integer({ min: 5, max: 40 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const fragmenter = new Fragmenter({ video: VIDEO, audio: AUDIO });
        const fragments: Uint8Array[] = [];
        const pushed: MediaPacket[] = [];
        const cut = (beforeMs?: number): void => {
          const fragment = fragmenter.cut(beforeMs);
          if (fragment) fragments.push(fragment.bytes);
        };
        let nowMs = 1000;
        for (const { stepMs, compositionMs, isVideo, key, bytes, ...rest } of steps) {
          nowMs += stepMs;
          if (rest.cut !== 'no') cut(rest.cut === 'before' ? nowMs : undefined);
          const packet = isVideo ? avcFrame(nowMs, { key, compositionMs, bytes }) : aacFrame(nowMs, bytes);
          pushed.push(packet);
          fragmenter.push(packet);
        }
        cut(nowMs + 40);
        expect(fragmenter.bytes).toBe(0);
        expectContinuous(fragments);
        const videoFrames = pushed.filter(({ kind }) => kind === 'video');
        expect(fragments.flatMap((bytes) => presentation({ bytes }))).toEqual(
          videoFrames.map(({ ptsMs }) => ptsMs * 90),
        );
        for (const kind of ['video', 'audio'] as const) {
          const sent = pushed.filter((packet) => packet.kind === kind).map(samplePayload);
          expect(concat(...fragments.map((bytes) => payloadOf(bytes, kind)))).toEqual(concat(...sent));
        }
      }),
    );
  });
});

/** Decode times rise within each track, and never reach into the fragment after. */
function expectContinuous(fragments: readonly Uint8Array[]): void {
  const ends = new Map<number, number>();
  for (const bytes of fragments) {
    for (const { trackId, baseDecodeTime, duration } of parseMoof(bytes)) {
      expect(baseDecodeTime).toBeGreaterThanOrEqual(ends.get(trackId) ?? 0);
      ends.set(trackId, baseDecodeTime + duration);
    }
  }
}

/** The samples of a track in the first `trun`s of a fragment, read by offsets that only this test knows. */
function samplesOf(bytes: Uint8Array, trackId: number) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const samples: { decodeTicks: number; offset: number; bytes: Uint8Array }[] = [];
  const moofEnd = view.getUint32(0);
  for (let at = 24; at < moofEnd; at += view.getUint32(at)) {
    const tfhd = at + 8;
    const tfdt = tfhd + view.getUint32(tfhd);
    const trun = tfdt + view.getUint32(tfdt);
    if (view.getUint32(tfhd + 12) !== trackId) continue;
    const flags = view.getUint32(trun + 8) & 0xff_ffff;
    let decodeTicks = Number(view.getBigUint64(tfdt + 12));
    let dataAt = view.getInt32(trun + 16);
    let field = trun + 20;
    const next = (): number => view.getInt32((field += 4) - 4);
    for (let index = 0; index < view.getUint32(trun + 12); index += 1) {
      const duration = flags & 0x100 ? next() : view.getUint32(tfhd + 16);
      const size = next();
      if (flags & 0x400) next();
      samples.push({ decodeTicks, offset: flags & 0x800 ? next() : 0, bytes: bytes.subarray(dataAt, dataAt + size) });
      decodeTicks += duration;
      dataAt += size;
    }
  }
  return samples;
}

function presentation(fragment: { bytes: Uint8Array } | undefined): number[] {
  return samplesOf(fragment?.bytes ?? hex(''), 1).map(({ decodeTicks, offset }) => decodeTicks + offset);
}

function payloadOf(fragment: Uint8Array, kind: 'video' | 'audio'): Uint8Array {
  const moof = readBox(fragment, 0);
  const mdat = readBox(fragment, moof?.sizeBytes ?? 0);
  expect([moof?.type, mdat?.type, (moof?.sizeBytes ?? 0) + (mdat?.sizeBytes ?? 0)]).toEqual([
    'moof',
    'mdat',
    fragment.length,
  ]);
  return concat(...samplesOf(fragment, kind === 'video' ? 1 : 2).map(({ bytes }) => bytes));
}
