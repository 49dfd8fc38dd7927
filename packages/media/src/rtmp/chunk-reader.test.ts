import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkReader, MAX_CHUNK_STREAMS, MAX_PARTIAL_BYTES } from './chunk-reader.ts';
import { RtmpError, type RtmpMessage } from './message.ts';

/** Spaces are for the eye. */
function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
}

function read(...pieces: Buffer[]): RtmpMessage[] {
  const reader = new ChunkReader();
  const messages: RtmpMessage[] = [];
  for (const piece of pieces) reader.push(piece, (message) => messages.push(message));
  return messages;
}

function bytewise(bytes: Buffer): Buffer[] {
  return [...bytes].map((byte) => Buffer.of(byte));
}

function brief({ type, timestampMs, streamId, payload }: RtmpMessage): [number, number, number, string] {
  return [type, timestampMs, streamId, payload.toString('hex')];
}

const AB = '04 000001 000002 09 01000000 aabb';
const tables: {
  name: string;
  bytes: string;
  messages: [type: number, atMs: number, streamId: number, payload: string][];
}[] = [
  { name: 'type 0', bytes: AB, messages: [[9, 1, 1, 'aabb']] },
  {
    name: 'type 1 keeps the message stream',
    bytes: `${AB} 44 000014 000001 08 cc`,
    messages: [
      [9, 1, 1, 'aabb'],
      [8, 21, 1, 'cc'],
    ],
  },
  {
    name: 'type 2 keeps length and type',
    bytes: `${AB} 84 000014 ccdd`,
    messages: [
      [9, 1, 1, 'aabb'],
      [9, 21, 1, 'ccdd'],
    ],
  },
  {
    name: 'type 3 repeats the delta for a new message',
    bytes: `${AB} 84 000014 ccdd c4 eeff`,
    messages: [
      [9, 1, 1, 'aabb'],
      [9, 21, 1, 'ccdd'],
      [9, 41, 1, 'eeff'],
    ],
  },
  {
    name: 'type 3 after type 0 repeats its time as delta (5.3.1.2.4)',
    bytes: `${AB} c4 ccdd`,
    messages: [
      [9, 1, 1, 'aabb'],
      [9, 2, 1, 'ccdd'],
    ],
  },
  { name: 'id 63 in one byte', bytes: '3f 000000 000001 09 01000000 aa', messages: [[9, 0, 1, 'aa']] },
  {
    name: 'id 64 in two bytes',
    bytes: '00 00 000000 000001 09 01000000 aa c0 00 bb',
    messages: [
      [9, 0, 1, 'aa'],
      [9, 0, 1, 'bb'],
    ],
  },
  {
    name: 'id 319 in two bytes and in three are one',
    bytes: '00 ff 000000 000001 09 01000000 aa c1 ff00 bb',
    messages: [
      [9, 0, 1, 'aa'],
      [9, 0, 1, 'bb'],
    ],
  },
  {
    name: 'id 65599 in three bytes',
    bytes: '01 ffff 000000 000001 09 01000000 aa c1 ffff bb',
    messages: [
      [9, 0, 1, 'aa'],
      [9, 0, 1, 'bb'],
    ],
  },
  {
    name: 'the message stream id is little-endian',
    bytes: '04 000000 000001 09 00000001 aa',
    messages: [[9, 0, 0x1000000, 'aa']],
  },
  { name: 'an empty message', bytes: '04 000005 000000 09 01000000', messages: [[9, 5, 1, '']] },
  {
    name: 'extended timestamp',
    bytes: '04 ffffff 000001 09 01000000 01000000 aa',
    messages: [[9, 0x1000000, 1, 'aa']],
  },
  {
    name: 'extended timestamp of exactly 0xffffff',
    bytes: '04 ffffff 000001 09 01000000 00ffffff aa',
    messages: [[9, 0xffffff, 1, 'aa']],
  },
  {
    name: 'extended delta',
    bytes: `${AB} 84 ffffff 01000000 ccdd`,
    messages: [
      [9, 1, 1, 'aabb'],
      [9, 0x1000001, 1, 'ccdd'],
    ],
  },
  {
    name: 'time wraps at 32 bits',
    bytes: '04 ffffff 000001 09 01000000 ffffffff aa 84 000002 bb',
    messages: [
      [9, 0xffffffff, 1, 'aa'],
      [9, 1, 1, 'bb'],
    ],
  },
  {
    name: 'extended timestamp repeated on type 3',
    bytes:
      '02 000000 000004 01 00000000 00000002 04 ffffff 000006 09 01000000 01000000 aabb c4 01000000 ccdd c4 01000000 eeff',
    messages: [[9, 0x1000000, 1, 'aabbccddeeff']],
  },
  {
    name: 'extended timestamp not repeated on type 3',
    bytes: '02 000000 000004 01 00000000 00000004 04 ffffff 000009 09 01000000 01000000 aabbccdd c4 11223344 c4 55',
    messages: [[9, 0x1000000, 1, 'aabbccdd1122334455']],
  },
  {
    name: 'interleaved chunk streams',
    bytes:
      '02 000000 000004 01 00000000 00000001 04 000001 000002 08 01000000 a1 06 000002 000002 09 01000000 b1 c4 a2 c6 b2',
    messages: [
      [8, 1, 1, 'a1a2'],
      [9, 2, 1, 'b1b2'],
    ],
  },
];

describe('ChunkReader', () => {
  it.each(tables)('$name', ({ bytes, messages }) => {
    expect(read(hex(bytes)).map(brief)).toEqual(messages);
    expect(read(...bytewise(hex(bytes))).map(brief)).toEqual(messages);
  });

  it('aborts one chunk stream, and the others go on', () => {
    const sizeTwo = '02 000000 000004 01 00000000 00000002';
    const begun = '04 000001 000004 08 01000000 a1a2 06 000001 000004 09 01000000 b1b2';
    const abortFour = '42 000000 000004 02 0000 c2 0004';
    const again = '04 000009 000002 08 01000000 a9a9 c6 b3b4';
    const messages = read(hex(`${sizeTwo} ${begun} ${abortFour} ${again}`));
    expect(messages.map(brief)).toEqual([
      [8, 9, 1, 'a9a9'],
      [9, 1, 1, 'b1b2b3b4'],
    ]);
  });

  it('reassembles by the default chunk size of 128', () => {
    const payload = Buffer.alloc(300, 7);
    const bytes = Buffer.concat([
      hex('04 000001 00012c 09 01000000'),
      payload.subarray(0, 128),
      hex('c4'),
      payload.subarray(128, 256),
      hex('c4'),
      payload.subarray(256),
    ]);
    expect(read(bytes)[0]?.payload.equals(payload)).toBe(true);
  });

  it.each([
    { name: 'type 2 on an unknown chunk stream', bytes: '84 000014' },
    { name: 'type 3 on an unknown chunk stream', bytes: 'c4' },
    { name: 'chunk size 0', bytes: '02 000000 000004 01 00000000 00000000' },
    { name: 'chunk size with the top bit', bytes: '02 000000 000004 01 00000000 80000000' },
    { name: 'chunk size of three bytes', bytes: '02 000000 000003 01 00000000 000001' },
    {
      name: 'a length that changes inside a message',
      bytes: `02 000000 000004 01 00000000 00000001 ${AB.replace('aabb', 'aa')} 44 000000 000009 09`,
    },
    {
      name: 'a new message inside another',
      bytes: `02 000000 000004 01 00000000 00000001 ${AB.replace('aabb', 'aa')} ${AB}`,
    },
  ])('refuses $name', ({ bytes }) => {
    expect(() => read(hex(bytes))).toThrow(RtmpError);
  });

  it('gives the same messages however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...tables),
        fc.array(fc.nat({ max: 60 }), { maxLength: 12 }),
        ({ bytes, messages }, cuts) => {
          const whole = hex(bytes);
          const edges = [0, ...cuts.map((cut) => Math.min(cut, whole.length)).sort((a, b) => a - b), whole.length];
          const pieces = edges.slice(1).map((end, index) => whole.subarray(edges[index] ?? 0, end));
          expect(read(...pieces).map(brief)).toEqual(messages);
        },
      ),
    );
  });

  it('throws nothing but RtmpError for random bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 4 }), (pieces) => {
        try {
          read(...pieces.map((piece) => Buffer.from(piece)));
        } catch (error) {
          expect(error).toBeInstanceOf(RtmpError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('refuses 16 MiB headers on many ids, long before there are 64k of them', () => {
    const reader = new ChunkReader();
    const begin = Buffer.concat([hex('000000 ffffff 09 01000000'), Buffer.alloc(128)]);
    const open = (id: number): void =>
      reader.push(Buffer.concat([Buffer.of(1, (id - 64) & 0xff, (id - 64) >> 8), begin]), () => undefined);
    const before = process.memoryUsage().arrayBuffers;
    expect(() => {
      for (let id = 64; id < 64 + MAX_CHUNK_STREAMS + 1; id++) open(id);
    }).toThrow(expect.objectContaining({ code: 'too_large' }));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MAX_PARTIAL_BYTES + 8_000_000);
  });

  it('names too many chunk streams when they hold nothing', () => {
    const reader = new ChunkReader();
    const open = (id: number): void =>
      reader.push(Buffer.from([1, (id - 64) & 0xff, (id - 64) >> 8, 0, 0, 0, 0, 0, 0, 9, 1, 0, 0, 0]), () => undefined);
    for (let id = 64; id < 64 + MAX_CHUNK_STREAMS; id++) open(id);
    expect(() => open(64 + MAX_CHUNK_STREAMS)).toThrow(expect.objectContaining({ code: 'too_many' }));
  });

  it('takes one message of 16 MiB and refuses the second beside it', () => {
    const reader = new ChunkReader();
    reader.push(hex('02 000000 000004 01 00000000 00ffffff'), () => undefined);
    const half = Buffer.alloc(16_000_000);
    reader.push(Buffer.concat([hex('04 000000 ffffff 09 01000000'), half]), () => undefined);
    const rest = Buffer.alloc(16_777_215 - half.length);
    const messages: RtmpMessage[] = [];
    reader.push(rest, (message) => messages.push(message));
    expect(messages.map(({ payload }) => payload.length)).toEqual([16_777_215]);

    const greedy = new ChunkReader();
    greedy.push(hex('02 000000 000004 01 00000000 00800000'), () => undefined);
    const part = Buffer.alloc(0x800000);
    const begin = (id: string): void =>
      greedy.push(Buffer.concat([hex(`${id} 000000 ffffff 09 01000000`), part]), () => undefined);
    expect(() => ['04', '05', '06', '07'].forEach(begin)).toThrow(expect.objectContaining({ code: 'too_large' }));
    expect(MAX_PARTIAL_BYTES).toBeLessThan(4 * part.length);
  });

  it('reserves nothing for a length that is only announced', () => {
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 1000 }, () => new ChunkReader());
    for (const reader of readers) reader.push(hex('04 000000 ffffff 09 01000000'), () => undefined);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
    expect(readers).toHaveLength(1000);
  });
});
