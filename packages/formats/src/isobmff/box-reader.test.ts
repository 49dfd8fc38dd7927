import { describe, expect, it } from 'vitest';
import { aacFrame, avcFrame, flvPacket } from '../testing/flv-packets.ts';
import { concat, hex } from '../testing/hex.ts';
import { assertOnlyFormatErrors, formatErrorCode, hostileBytes } from '../testing/properties.ts';
import * as real from '../testing/real-samples.ts';
import { readBox } from './box-reader.ts';
import { Fragmenter } from './fragmenter.ts';
import { parseMoof } from './moof.ts';
import { parseInit } from './moov.ts';
import { audioTrackOf, videoTrackOf } from './track.ts';

function movie(): { init: Uint8Array; fragment: Uint8Array } {
  const video = videoTrackOf(flvPacket('video', '17 00 000000', real.AVC_HIGH_1280X720));
  const audio = audioTrackOf(flvPacket('audio', 'af 00', real.AAC_LC_STEREO));
  const fragmenter = new Fragmenter({ video, audio });
  for (const packet of [avcFrame(0, { key: true, compositionMs: 40 }), aacFrame(0), avcFrame(40), avcFrame(90)])
    fragmenter.push(packet);
  return { init: fragmenter.init, fragment: fragmenter.cut(130)?.bytes ?? hex('') };
}

describe('readBox', () => {
  it.each([
    ['a plain one', '00000010 6d646174', { type: 'mdat', headerBytes: 8, sizeBytes: 16 }],
    ['64 bits of size', '00000001 6d646174 0000000100000000', { type: 'mdat', headerBytes: 16, sizeBytes: 2 ** 32 }],
    ['one to the end of the file', '00000000 6d646174', { type: 'mdat', headerBytes: 8, sizeBytes: Infinity }],
    ['an extended type', '00000018 75756964', { type: 'uuid', headerBytes: 24, sizeBytes: 24 }],
    ['a type that is no text', '00000008 a96e616d', { type: '©nam', headerBytes: 8, sizeBytes: 8 }],
  ])('%s', (_name, digits, box) => {
    expect(readBox(hex(digits), 0)).toEqual({ offset: 0, ...box });
    expect(readBox(concat(hex('ffff'), hex(digits)), 2)).toEqual({ offset: 2, ...box });
  });

  it('waits for the header', () => {
    expect(readBox(hex('00000010 6d6461'), 0)).toBeUndefined();
    expect(readBox(hex('00000001 6d646174 00000001000000'), 0)).toBeUndefined();
    expect(readBox(hex('00000008 66726565'), 8)).toBeUndefined();
    expect(readBox(hex('00000008 66726565'), 1e15)).toBeUndefined();
  });

  it.each([
    ['00000007 66726565', 'malformed'],
    ['00000017 75756964', 'malformed'],
    ['00000001 6d646174 000000000000000f', 'malformed'],
    ['00000001 6d646174 ffffffffffffffff', 'too_large'],
  ])('refuses %s', (digits, code) => {
    expect(formatErrorCode(() => readBox(hex(digits), 0))).toBe(code);
  });

  it('any bytes throw FormatError only', () => {
    assertOnlyFormatErrors((bytes) => readBox(bytes, 0), hostileBytes(hex('00000001 6d646174 0000000000000010')));
  });
});

describe('parseMoof', () => {
  it('sums what was written, whatever is behind', () => {
    const { fragment } = movie();
    const times = [
      { trackId: 1, baseDecodeTime: 0, duration: 130 * 90, startsWithKey: true, samples: 3 },
      { trackId: 2, baseDecodeTime: 0, duration: 1024, startsWithKey: true, samples: 1 },
    ];
    expect(parseMoof(fragment)).toEqual(times);
    expect(parseMoof(fragment.subarray(0, readBox(fragment, 0)?.sizeBytes))).toEqual(times);
  });

  it.each([
    // tfhd with base-data-offset, description, default duration, size and flags; tfdt of 32 bits; first-sample-flags.
    [
      'all that is optional',
      `00000028 74666864 0000003b 00000003 0000000000000000 00000001 00000064 00000010 01010000
       00000010 74666474 00000000 00001000
       00000018 7472756e 00000005 00000003 00000000 02000000`,
      { trackId: 3, baseDecodeTime: 4096, duration: 300, startsWithKey: true, samples: 3 },
    ],
    [
      'two runs, and nothing said of flags',
      `00000010 74666864 00000000 00000001
       00000010 74666474 00000000 00000000
       00000018 7472756e 00000100 00000002 00000005 00000006
       00000014 7472756e 00000100 00000001 00000007`,
      { trackId: 1, baseDecodeTime: 0, duration: 18, startsWithKey: false, samples: 3 },
    ],
  ])('%s', (_name, digits, times) => {
    expect(parseMoof(boxed('moof', boxed('traf', hex(digits))))).toEqual([times]);
  });

  it('refuses more samples than there can be, at once', () => {
    const endless = hex(`00000010 74666864 00000000 00000001 00000010 74666474 00000000 00000000
      00000010 7472756e 00000000 ffffffff`);
    expect(formatErrorCode(() => parseMoof(boxed('moof', boxed('traf', endless))))).toBe('too_large');
    const many = concat(...Array.from({ length: 1025 }, () => hex('00000008 66726565')));
    expect(formatErrorCode(() => parseMoof(boxed('moof', many)))).toBe('too_large');
  });

  it('damaged bytes throw FormatError only', () => {
    const { fragment } = movie();
    expect(formatErrorCode(() => parseMoof(hex('')))).toBe('malformed');
    expect(formatErrorCode(() => parseMoof(fragment.subarray(0, 50)))).toBe('truncated');
    assertOnlyFormatErrors(parseMoof, hostileBytes(fragment));
  });
});

describe('parseInit', () => {
  it('finds moov among what is before and behind', () => {
    const { init, fragment } = movie();
    const tracks = [
      { trackId: 1, kind: 'video', timescale: 90_000, codecString: 'avc1.64001f', width: 1280, height: 720 },
      { trackId: 2, kind: 'audio', timescale: 44_100, codecString: 'mp4a.40.2' },
    ];
    expect(parseInit(concat(init, fragment.subarray(0, 30)))).toEqual(tracks);
    expect(formatErrorCode(() => parseInit(fragment))).toBe('malformed');
    expect(formatErrorCode(() => parseInit(init.subarray(0, 100)))).toBe('truncated');
  });

  it('damaged bytes throw FormatError only, and so do damaged sample entries', () => {
    const { init } = movie();
    assertOnlyFormatErrors(parseInit, hostileBytes(init));
    for (let at = 0; at < init.length; at += 1) {
      for (const value of [0, 0xff]) {
        const damaged = init.slice();
        damaged[at] = value;
        expect(() => formatErrorCode(() => parseInit(damaged))).not.toThrow();
      }
    }
  });
});

function boxed(type: string, contents: Uint8Array): Uint8Array {
  const header = new Uint8Array(8);
  new DataView(header.buffer).setUint32(0, 8 + contents.length);
  header.set(
    Uint8Array.from(type, (character) => character.charCodeAt(0)),
    4,
  );
  return concat(header, contents);
}
