import { expect, test } from 'vitest';
import { gifOf, pngOf, webpOf } from '../../../../test/support/pictures.ts';
import { pictureOf } from './picture.ts';

const cases = [
  ...[{ name: 'PNG', bytes: pngOf(112, 64), is: { mime: 'image/png', width: 112, height: 64 } }],
  ...[{ name: 'a PNG bomb', bytes: pngOf(60_000, 1), is: { mime: 'image/png', width: 60_000, height: 1 } }],
  {
    name: 'GIF',
    bytes: gifOf(28, 28, { width: 28, height: 28 }),
    is: { mime: 'image/gif', width: 28, height: 28 },
  },
  {
    name: 'a GIF whose image is larger than its screen',
    bytes: gifOf(1, 1, { width: 65_535, height: 60_000 }),
    is: { mime: 'image/gif', width: 65_535, height: 60_000 },
  },
  ...(['VP8 ', 'VP8L', 'VP8X'] as const).map((kind) => ({
    name: `WebP ${kind}`,
    bytes: webpOf(kind, 300, 16_000),
    is: { mime: 'image/webp', width: 300, height: 16_000 },
  })),
];

test.each(cases)('$name says its size', ({ bytes, is }) => {
  expect(pictureOf(bytes)).toEqual(is);
});

test.each(cases)('$name that is cut off anywhere says nothing, or the same', ({ bytes, is }) => {
  for (let length = 0; length < bytes.length; length++)
    expect([undefined, is]).toContainEqual(pictureOf(bytes.subarray(0, length)));
  expect(pictureOf(bytes.subarray(0, 19))).toBeUndefined();
});

test.each(['<svg xmlns="http://www.w3.org/2000/svg"/>', 'GIF89a', '\xff\xd8\xff\xe0JFIF', 'RIFF....WEBPALPH', ''])(
  '%j is no picture that is taken',
  (text) => {
    expect(pictureOf(Buffer.from(text, 'latin1'))).toBeUndefined();
  },
);
