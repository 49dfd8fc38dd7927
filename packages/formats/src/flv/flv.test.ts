import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, hex, toHex } from '../testing/hex.ts';
import { formatErrorCode, hostileBytes } from '../testing/properties.ts';
import { FormatError } from '../bytes/format-error.ts';
import { FlvDemuxer } from './demuxer.ts';
import { encodeFlvHeader, FLV_HEADER_BYTES } from './header.ts';
import { encodeFlvTag, FLV_TAG_OVERHEAD_BYTES, MAX_TAG_BYTES, writeFlvTag } from './tag.ts';
import type { FlvTag } from './tag.ts';

const header = encodeFlvHeader({ hasAudio: true, hasVideo: true });

const tag: fc.Arbitrary<FlvTag> = fc.record({
  type: fc.constantFrom(8 as const, 9 as const, 18 as const),
  timestampMs: fc.integer({ min: 0, max: 0xffff_ffff }),
  body: fc.uint8Array({ maxLength: 300 }),
});

/** The bytes in chunks of the sizes given, over and over. */
function chunksOf(bytes: Uint8Array, sizes: number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let offset = 0, index = 0; offset < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    chunks.push(bytes.slice(offset, offset + size));
    offset += size;
  }
  return chunks;
}

function demux(chunks: Uint8Array[], options?: { maxTagBytes: number }): FlvTag[] {
  const demuxer = new FlvDemuxer(options);
  const tags = chunks.flatMap((chunk) => demuxer.push(chunk));
  demuxer.finish();
  return tags;
}

function comparable(tags: FlvTag[]): unknown[] {
  return tags.map(({ type, timestampMs, body }) => ({ type, timestampMs, body: toHex(body) }));
}

describe('FLV header and tags', () => {
  it('are the bytes of the specification', () => {
    expect(toHex(header)).toBe('464c5601050000000900000000');
    expect(toHex(encodeFlvHeader({ hasAudio: true, hasVideo: false }))).toBe('464c5601040000000900000000');
    expect(header).toHaveLength(FLV_HEADER_BYTES);
    expect(toHex(encodeFlvTag({ type: 9, timestampMs: 0x89abcdef, body: hex('aabb') }))).toBe(
      '09000002abcdef89000000aabb0000000d',
    );
  });

  it('writes into a buffer at an offset, and only where there is room', () => {
    const body = hex('01');
    const target = new Uint8Array(2 + FLV_TAG_OVERHEAD_BYTES + 1).fill(0xee);
    expect(writeFlvTag(target, 2, { type: 8, timestampMs: 1, body })).toBe(target.length);
    expect(toHex(target)).toBe(`eeee${toHex(encodeFlvTag({ type: 8, timestampMs: 1, body }))}`);
    expect(formatErrorCode(() => writeFlvTag(target, 3, { type: 8, timestampMs: 1, body }))).toBe('too_large');
    const tooLarge = new Uint8Array(MAX_TAG_BYTES + 1);
    expect(formatErrorCode(() => encodeFlvTag({ type: 8, timestampMs: 1, body: tooLarge }))).toBe('too_large');
  });
});

describe('FlvDemuxer', () => {
  it('gives the same tags however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(tag), fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }), (tags, sizes) => {
        const bytes = concat(header, ...tags.map((each) => encodeFlvTag(each)));
        expect(comparable(demux(chunksOf(bytes, sizes)))).toStrictEqual(comparable(tags));
      }),
    );
  });

  it('gives them byte by byte too, as soon as a body is whole', () => {
    const bytes = concat(header, encodeFlvTag({ type: 18, timestampMs: 7, body: hex('0102') }));
    const demuxer = new FlvDemuxer();
    const seen = [...bytes].map((byte) => demuxer.push(Uint8Array.of(byte)).length);
    expect(seen.lastIndexOf(1)).toBe(bytes.length - 5);
    expect(demuxer.header).toStrictEqual({ hasAudio: true, hasVideo: true });
    demuxer.finish();
  });

  it('gives a view of a body that is whole inside the chunk', () => {
    const bytes = concat(header, encodeFlvTag({ type: 8, timestampMs: 0, body: hex('af01') }));
    expect(demux([bytes])[0]?.body.buffer).toBe(bytes.buffer);
  });

  it('takes a PreviousTagSize of 0, a longer file header and an empty body', () => {
    const longHeader = hex('464c56 01 05 0000000b ffff 00000000');
    const zeroSized = hex('08 000001 000000 00 000000 aa 00000000');
    const empty = encodeFlvTag({ type: 8, timestampMs: 0, body: hex('') });
    expect(demux([concat(longHeader, zeroSized, empty)])).toHaveLength(2);
  });

  it.each([
    ['no signature', '464c57 01 05 00000009', 'malformed'],
    ['another version', '464c56 02 05 00000009', 'unsupported'],
    ['a header shorter than itself', '464c56 01 05 00000008', 'malformed'],
    ['a header of 4 GiB', '464c56 01 05 ffffffff', 'too_large'],
    ['PreviousTagSize0 of 1', `${'464c56010500000009'} 00000001`, 'malformed'],
    ['an encrypted tag', `${toHex(header)} 29 000001 000000 00 000000`, 'unsupported'],
    ['reserved bits in the type', `${toHex(header)} 49 000001 000000 00 000000`, 'malformed'],
    ['AMF3 script data', `${toHex(header)} 0f 000001 000000 00 000000`, 'unsupported'],
    ['tag type 10', `${toHex(header)} 0a 000001 000000 00 000000`, 'malformed'],
    ['a wrong PreviousTagSize', `${toHex(header)} 08 000001 000000 00 000000 aa 0000000d`, 'malformed'],
  ])('refuses %s, and stays refused', (_name, bytes, code) => {
    const demuxer = new FlvDemuxer();
    expect(formatErrorCode(() => demuxer.push(hex(bytes)))).toBe(code);
    expect(formatErrorCode(() => demuxer.push(header))).toBe(code);
    expect(formatErrorCode(() => demuxer.finish())).toBe(code);
  });

  it('says when the bytes end inside something', () => {
    const bytes = concat(header, encodeFlvTag({ type: 8, timestampMs: 0, body: hex('af01') }));
    const wholeAt = [header.length, bytes.length - 4, bytes.length];
    for (let length = 0; length <= bytes.length; length += 1) {
      const code = formatErrorCode(() => demux([bytes.subarray(0, length)]));
      expect([length, code]).toStrictEqual([length, wholeAt.includes(length) ? undefined : 'truncated']);
    }
  });

  it('bounds a tag, and does not allocate what is only announced', () => {
    const announced = concat(header, hex('09 ffffff 000000 00 000000'));
    expect(formatErrorCode(() => new FlvDemuxer({ maxTagBytes: 1000 }).push(announced))).toBe('too_large');
    const demuxer = new FlvDemuxer();
    demuxer.push(announced);
    expect(demuxer.push(new Uint8Array(10))).toHaveLength(0);
    expect(demuxer.push(new Uint8Array(MAX_TAG_BYTES - 10))[0]?.body.length).toBe(MAX_TAG_BYTES);
  });

  it('random and damaged bytes throw FormatError only, and the same however cut', () => {
    const sample = concat(
      header,
      ...[8, 9, 18].map((type) => encodeFlvTag({ type: type as 8, timestampMs: 40, body: hex('aabbcc') })),
    );
    const outcome = (chunks: Uint8Array[]): string => {
      try {
        return `${demux(chunks).length}`;
      } catch (error) {
        if (error instanceof FormatError) return error.code;
        throw error;
      }
    };
    fc.assert(
      fc.property(hostileBytes(sample), fc.integer({ min: 1, max: 40 }), (bytes, size) => {
        expect(outcome(chunksOf(bytes, [size]))).toBe(outcome([bytes]));
      }),
      { numRuns: 1000 },
    );
  });
});
