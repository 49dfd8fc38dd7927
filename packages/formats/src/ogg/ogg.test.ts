import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, hex, toHex } from '../testing/hex.ts';
import { assertOnlyFormatErrors, formatErrorCode, hostileBytes } from '../testing/properties.ts';
import { REAL_OGG_OPUS } from '../testing/real-samples.ts';
import { OggOpusReader, OggOpusWriter } from './opus.ts';
import { encodeOggPage, type OggPageHeader } from './page.ts';
import { MAX_OGG_PACKET_BYTES, OggReader } from './reader.ts';

const HEADER: OggPageHeader = {
  isContinued: false,
  isFirst: false,
  isLast: false,
  granulePosition: 960,
  serial: 7,
  sequence: 0,
};
const OPUS_HEAD = hex('4f70757348656164 01 02 3801 80bb0000 0000 00');
/** CELT, 20 ms, mono, silence. */
const SILENCE = hex('f8fffe');

function page(header: Partial<OggPageHeader>, pieces: Uint8Array[], isOpen = false): Uint8Array {
  return encodeOggPage({ ...HEADER, ...header }, pieces, { isOpen });
}

function read(...chunks: Uint8Array[]): string[] {
  const reader = new OggReader();
  return chunks.flatMap((chunk) => reader.push(chunk)).flatMap(({ packets }) => packets.map(toHex));
}

function chunksOf(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.slice(index * size, (index + 1) * size),
  );
}

describe('Ogg pages', () => {
  it('are the bytes of ffmpeg, checksum included', () => {
    const reader = new OggReader();
    const [first, tags, ...audio] = reader.push(REAL_OGG_OPUS);
    expect(first).toMatchObject({ isFirst: true, isLast: false, granulePosition: 0 });
    expect(tags?.packets).toHaveLength(1);
    expect(audio.map(({ granulePosition, isLast }) => [granulePosition, isLast])).toEqual([
      [960, false],
      [1920, false],
      [2712, true],
    ]);
    const head = first?.packets ?? [];
    const again = encodeOggPage({ ...HEADER, isFirst: true, granulePosition: 0, serial: 0 }, head);
    expect(toHex(again)).toBe(toHex(REAL_OGG_OPUS.subarray(0, again.length)));
  });

  it.each([
    ['an empty packet', [0]],
    ['one of 254', [254]],
    ['one of 255, which needs a lacing value of 0 behind it', [255]],
    ['one of 510', [510]],
    ['several', [3, 255, 0, 700]],
    ['the most of one page', [255 * 255 - 1]],
  ])('carry %s', (_name, sizes) => {
    const packets = sizes.map((size, index) => new Uint8Array(size).fill(index + 1));
    expect(read(page({}, packets))).toEqual(packets.map(toHex));
  });

  it('have a segment table of 255 at most', () => {
    expect(formatErrorCode(() => page({}, [new Uint8Array(255 * 255)]))).toBe('too_large');
    expect(
      read(page({}, [new Uint8Array(255 * 255)], true), page({ sequence: 1, isContinued: true }, [hex('01')])),
    ).toEqual([`${'00'.repeat(255 * 255)}01`]);
  });

  it.each([
    ['0', 0, '0000000000000000'],
    ['48 kHz after 49.7 days, where 32 bits of ms end', 0xffff_ffff * 48, 'd0ffffff2f000000'],
    ['2^53 - 1', Number.MAX_SAFE_INTEGER, 'ffffffffffff1f00'],
    ['none', undefined, 'ffffffffffffffff'],
  ])('have the granule position %s', (_name, granulePosition, bytes) => {
    const encoded = page({ granulePosition }, [hex('01')]);
    expect(toHex(encoded.subarray(6, 14))).toBe(bytes);
    expect(new OggReader().push(encoded)[0]?.granulePosition).toBe(granulePosition);
  });

  it('have no granule position that a number cannot say', () => {
    expect(formatErrorCode(() => page({ granulePosition: 2 ** 53 }, []))).toBe('too_large');
    expect(formatErrorCode(() => page({ granulePosition: -1 }, []))).toBe('too_large');
  });
});

describe('OggReader', () => {
  it('gives the same packets however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 4 }), { maxLength: 4 }),
        fc.integer({ min: 1, max: 300 }),
        (pages, size) => {
          const bytes = concat(...pages.map((packets, sequence) => page({ sequence }, packets)));
          expect(read(...chunksOf(bytes, size))).toEqual(pages.flat().map(toHex));
        },
      ),
    );
  });

  it('joins a packet over pages', () => {
    const parts = [1, 2, 3].map((value) => new Uint8Array(255).fill(value));
    const pages = parts.map((part, sequence) => page({ sequence, isContinued: sequence > 0 }, [part], true));
    expect(read(...pages, page({ sequence: 3, isContinued: true }, [hex('ff'), hex('aa')]))).toEqual([
      toHex(concat(...parts, hex('ff'))),
      'aa',
    ]);
  });

  it('leaves out a packet with a hole in it, and the rest of one that began before', () => {
    const open = new Uint8Array(255);
    expect(read(page({}, [open], true), page({ sequence: 2, isContinued: true }, [hex('01'), hex('02')]))).toEqual([
      '02',
    ]);
    expect(read(page({}, [open], true), page({ sequence: 1 }, [hex('03')]))).toEqual(['03']);
    expect(
      read(page({ isContinued: true }, [open], true), page({ sequence: 1, isContinued: true }, [hex('04'), hex('05')])),
    ).toEqual(['05']);
  });

  it('bounds a packet', () => {
    const reader = new OggReader();
    const piece = new Uint8Array(255 * 255);
    const code = formatErrorCode(() => {
      for (let sequence = 0; sequence <= MAX_OGG_PACKET_BYTES / piece.length; sequence++)
        reader.push(page({ sequence, isContinued: sequence > 0 }, [piece], true));
    });
    expect(code).toBe('too_large');
    expect(formatErrorCode(() => reader.push(page({}, [])))).toBe('too_large');
  });

  it.each([
    ['no capture pattern', hex(`4f676754${'00'.repeat(23)}`), 'malformed'],
    ['another version', hex(`4f67675301${'00'.repeat(22)}`), 'unsupported'],
    ['a wrong checksum', page({}, [hex('01')]).with(-1, 2), 'malformed'],
    ['a granule position above 2^53', hex(`4f6767530000${'00'.repeat(6)}20 00 ${'00'.repeat(13)}`), 'too_large'],
    ['a second stream in between', concat(page({}, []), page({ serial: 8 }, [])), 'unsupported'],
  ])('refuses %s, and stays refused', (_name, bytes, code) => {
    const reader = new OggReader();
    expect(formatErrorCode(() => reader.push(bytes))).toBe(code);
    expect(formatErrorCode(() => reader.push(page({}, [])))).toBe(code);
  });

  it('random and damaged bytes throw FormatError only', () => {
    assertOnlyFormatErrors((bytes) => new OggReader().push(bytes), hostileBytes(REAL_OGG_OPUS));
    assertOnlyFormatErrors((bytes) => new OggOpusReader().push(bytes), hostileBytes(REAL_OGG_OPUS));
  });
});

describe('Ogg Opus', () => {
  it('is read with the time of every packet, pre-skip taken off and the trimmed end left', () => {
    const reader = new OggOpusReader();
    const packets = reader.push(REAL_OGG_OPUS);
    expect(toHex(reader.head ?? hex(''))).toBe('4f707573486561640101380180bb0000000000');
    expect(packets.map(({ startSample, samples, data }) => [startSample, samples, data.length])).toEqual([
      [-312, 960, 23],
      [648, 960, 23],
      [1608, 960, 16],
    ]);
  });

  it('is written a packet a page, and read back', () => {
    const writer = new OggOpusWriter();
    const pages = [...writer.begin(OPUS_HEAD), writer.packet(SILENCE, 312 + 960), writer.packet(SILENCE, 312 + 48_000)];
    expect(toHex(concat(...pages)).split('4f676753')).toHaveLength(5);
    const reader = new OggOpusReader();
    expect(reader.push(concat(...pages)).map(({ startSample }) => startSample)).toEqual([0, 48_000 - 960]);
  });

  it('tells several packets of one page apart', () => {
    const writer = new OggOpusWriter();
    const both = page({ serial: 1, sequence: 2, granulePosition: 312 + 1920 }, [SILENCE, SILENCE]);
    const packets = new OggOpusReader().push(concat(...writer.begin(OPUS_HEAD), both));
    expect(packets.map(({ startSample }) => startSample)).toEqual([0, 960]);
  });

  it.each([
    ['a first packet that is no OpusHead', [hex('4f70757354616773')], 0, 'malformed'],
    ['audio without a time', [OPUS_HEAD, hex('00'), SILENCE], undefined, 'malformed'],
    ['an empty audio packet', [OPUS_HEAD, hex('00'), hex('')], 960, 'truncated'],
    ['a packet above 120 ms', [OPUS_HEAD, hex('00'), hex('1b 03')], 960, 'malformed'],
  ])('refuses %s', (_name, packets, granulePosition, code) => {
    expect(formatErrorCode(() => new OggOpusReader().push(page({ granulePosition }, packets)))).toBe(code);
    expect(formatErrorCode(() => new OggOpusWriter().packet(new Uint8Array(65_025), 0))).toBe('too_large');
  });
});
