import type { MediaPacket } from '@kaibo/formats';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { audioFrame, interFrame, metadata, videoConfig } from '../testing/packets.ts';
import { MAX_BACKWARD_JUMP_MS, MAX_FORWARD_JUMP_MS, Timeline } from './timeline.ts';

type Step = ['a' | 'v', number];

function place(timeline: Timeline, steps: readonly Step[]): number[] {
  return steps.map(([kind, rawMs]) => {
    const packet = kind === 'a' ? audioFrame(rawMs) : interFrame(rawMs);
    timeline.place(packet);
    return packet.dtsMs;
  });
}

describe('Timeline', () => {
  const cases: { name: string; raw: Step[]; placed: number[] }[] = [
    {
      name: 'begins at 0 whatever the publisher says',
      raw: [
        ['v', 5000],
        ['a', 5007],
        ['v', 5040],
      ],
      placed: [0, 7, 40],
    },
    {
      name: 'has one offset for audio and video',
      raw: [
        ['a', 1000],
        ['v', 1100],
        ['a', 1023],
        ['v', 1140],
      ],
      placed: [0, 100, 23, 140],
    },
    {
      name: 'goes over the wrap',
      raw: [
        ['v', 0xffffffd8],
        ['v', 0],
        ['v', 40],
      ],
      placed: [0, 40, 80],
    },
    {
      name: 'takes a jump of a second as a pause of the publisher',
      raw: [
        ['v', 0],
        ['v', 1000],
      ],
      placed: [0, 1000],
    },
    {
      name: 'takes a leap forward as a set clock: one frame on, and by one offset from there',
      raw: [
        ['v', 0],
        ['v', 40],
        ['v', 40 + MAX_FORWARD_JUMP_MS + 1],
        ['a', 40 + MAX_FORWARD_JUMP_MS + 11],
      ],
      placed: [0, 40, 80, 90],
    },
    {
      name: 'takes a leap back as a set clock',
      raw: [
        ['v', 50_000],
        ['v', 50_040],
        ['v', 50_040 - MAX_BACKWARD_JUMP_MS - 1],
        ['v', 50_080 - MAX_BACKWARD_JUMP_MS - 1],
      ],
      placed: [0, 40, 80, 120],
    },
    {
      name: 'lets audio lag behind video',
      raw: [
        ['v', 0],
        ['v', 2000],
        ['a', 100],
        ['a', 123],
      ],
      placed: [0, 2000, 100, 123],
    },
    {
      name: 'never goes back within a track',
      raw: [
        ['v', 0],
        ['v', 40],
        ['v', 30],
        ['v', 80],
      ],
      placed: [0, 40, 40, 80],
    },
    {
      name: 'is never below 0',
      raw: [
        ['v', 100],
        ['a', 50],
      ],
      placed: [0, 0],
    },
  ];
  it.each(cases)('$name', ({ raw, placed }) => {
    expect(place(new Timeline(), raw)).toEqual(placed);
  });

  it('goes on one frame after the last packet when another publisher begins', () => {
    const timeline = new Timeline();
    place(timeline, [
      ['v', 0],
      ['v', 40],
      ['a', 50],
    ]);
    timeline.beginPublisher();
    expect(
      place(timeline, [
        ['v', 900_000],
        ['a', 900_003],
        ['v', 900_040],
      ]),
    ).toEqual([90, 93, 130]);
  });

  it('goes on after what a dead owner may have given out', () => {
    const timeline = new Timeline(10_000);
    expect(
      place(timeline, [
        ['v', 7],
        ['a', 8],
      ]),
    ).toEqual([10_033, 10_034]);
  });

  it('keeps the composition time', () => {
    const packet = { ...interFrame(1000), ptsMs: 1080 };
    new Timeline().place(packet);
    expect([packet.dtsMs, packet.ptsMs]).toEqual([0, 80]);
  });

  it('lets configuration say nothing of time: the first frame is 0 all the same', () => {
    const timeline = new Timeline();
    const headers: MediaPacket[] = [metadata(123, { duration: 0 }), videoConfig(0)];
    for (const packet of headers) timeline.place(packet);
    expect(headers.map(({ dtsMs }) => dtsMs)).toEqual([0, 0]);
    expect(
      place(timeline, [
        ['v', 77_777],
        ['v', 77_817],
      ]),
    ).toEqual([0, 40]);
  });

  it('follows time that has been through 32 bits', () => {
    const timeline = new Timeline(0xffffffff - 10);
    const packet = interFrame(20);
    timeline.follow(packet);
    expect(packet.dtsMs).toBe(0x100000000 + 20);
    expect(timeline.lastMs).toBe(0x100000000 + 20);
  });

  it('is monotonic in every track, for any timestamps and any publishers', () => {
    const step = fc.tuple(
      fc.constantFrom<'a' | 'v'>('a', 'v'),
      fc.oneof(fc.nat({ max: 0xffffffff }), fc.nat({ max: 2000 })),
    );
    fc.assert(
      fc.property(fc.array(fc.array(step, { maxLength: 30 }), { maxLength: 4 }), (publishers) => {
        const timeline = new Timeline();
        const last = { a: 0, v: 0 };
        for (const steps of publishers) {
          timeline.beginPublisher();
          const placed = place(timeline, steps);
          steps.forEach(([kind], index) => {
            const ms = placed[index] ?? Number.NaN;
            expect(ms).toBeGreaterThanOrEqual(last[kind]);
            last[kind] = ms;
          });
        }
      }),
    );
  });
});
