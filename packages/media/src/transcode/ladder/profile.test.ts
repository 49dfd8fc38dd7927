import { describe, expect, it } from 'vitest';
import { h264Level, isEncoded, renditionOf, renditionsFor, sizeOf } from './profile.ts';

const LADDER = [
  { name: '1080p', height: 1080, videoBps: 4_500_000 },
  { name: '720p', height: 720, videoBps: 2_500_000, fps: 30 },
  { name: '360p', height: 360, videoBps: 700_000, audioBps: 64_000 },
  { name: 'audio', audioBps: 48_000 },
];
const source = (width: number, height: number) => ({ codec: 'h264', width, height }) as const;

describe('renditionsFor', () => {
  it('never offers more than the source has', () => {
    const names = (width: number, height: number): string[] =>
      renditionsFor(source(width, height), LADDER).map(({ name }) => name);
    expect(names(1920, 1080)).toStrictEqual(['1080p', '720p', '360p', 'audio']);
    expect(names(1080, 1920)).toStrictEqual(['1080p', '720p', '360p', 'audio']);
    expect(names(1280, 720)).toStrictEqual(['720p', '360p', 'audio']);
    expect(names(1280, 718)).toStrictEqual(['360p', 'audio']);
    expect(names(320, 180)).toStrictEqual(['audio']);
  });

  it('offers sound alone of pictures that are not known', () => {
    expect(renditionsFor(undefined, LADDER).map(({ name }) => name)).toStrictEqual(['audio']);
    expect(renditionsFor({ codec: 'h264' }, LADDER).map(({ name }) => name)).toStrictEqual(['audio']);
  });

  it('says what a playlist has to say before anything is made', () => {
    expect(renditionsFor(source(1920, 1080), LADDER)).toStrictEqual([
      { name: '1080p', width: 1920, height: 1080, bitrateBps: 4_660_000, videoCodec: 'avc1.64002a' },
      { name: '720p', width: 1280, height: 720, bitrateBps: 2_660_000, videoCodec: 'avc1.64001f', fps: 30 },
      { name: '360p', width: 640, height: 360, bitrateBps: 764_000, videoCodec: 'avc1.64001f' },
      { name: 'audio', bitrateBps: 48_000 },
    ]);
  });
});

describe('sizeOf', () => {
  it.each([
    { of: [1920, 1080], height: 720, is: [1280, 720] },
    { of: [1080, 1920], height: 720, is: [720, 1280] },
    { of: [1920, 800], height: 360, is: [864, 360] },
    { of: [853, 480], height: 240, is: [426, 240] },
    { of: [641, 361], height: 361, is: [640, 360] },
    { of: [320, 180], height: 720, is: [320, 180] },
    { of: [1000, 1000], height: 90, is: [90, 90] },
  ])('$of at $height', ({ of: [width = 0, height = 0], height: wanted, is }) => {
    const size = sizeOf(source(width, height), { name: 'x', height: wanted });
    expect([size.width, size.height]).toStrictEqual(is);
  });
});

describe('h264Level', () => {
  it.each([
    [320, 180, 30, 30],
    [854, 480, 30, 31],
    [1280, 720, 30, 31],
    [1280, 720, 60, 32],
    [1920, 1080, 30, 40],
    [1920, 1080, undefined, 42],
    [3840, 2160, 30, 51],
    [3840, 2160, 60, 52],
    [7680, 4320, 60, 52],
  ])('%i×%i at %s is %i', (width, height, fps, level) => {
    expect(h264Level({ width, height }, fps)).toBe(level);
  });
});

describe('renditionOf', () => {
  it('tells a rendition from other streams by what follows the last underscore', () => {
    expect(renditionOf('abc_720p', LADDER)).toStrictEqual({ source: 'abc', profile: LADDER[1] });
    expect(renditionOf('a_b_audio', LADDER)).toStrictEqual({ source: 'a_b', profile: LADDER[3] });
    for (const name of ['abc', 'abc_480p', 'abc720p', '_720p', '720p', 'abc_720p_'])
      expect(renditionOf(name, LADDER)).toBeUndefined();
  });
});

describe('isEncoded', () => {
  it('is false only for the sound as it is', () => {
    expect(LADDER.map(isEncoded)).toStrictEqual([true, true, true, true]);
    expect(isEncoded({ name: 'audio' })).toBe(false);
  });
});
