import { expect, test } from 'vitest';
import { CENTRED, MAX_ZOOM, moved, rectOf, within, zoomed } from '../src/features/picture/crop.ts';
import type { Crop, PictureSize } from '../src/features/picture/crop.ts';

const WIDE = { width: 1600, height: 900 };
const TALL = { width: 900, height: 1600 };
const TINY = { width: 3, height: 2 };

function isInside(picture: PictureSize, aspect: number, crop: Crop): boolean {
  const { x, y, width, height } = rectOf(picture, aspect, crop);
  const slack = 1e-6;
  return x >= -slack && y >= -slack && x + width <= picture.width + slack && y + height <= picture.height + slack;
}

test.each([
  ['a square of a wide one', WIDE, 1, { x: 350, y: 0, width: 900, height: 900 }],
  ['a square of a tall one', TALL, 1, { x: 0, y: 350, width: 900, height: 900 }],
  ['16:9 of its own kind is all of it', WIDE, 16 / 9, { x: 0, y: 0, width: 1600, height: 900 }],
  ['16:9 of a tall one', TALL, 16 / 9, { x: 0, y: 546.875, width: 900, height: 506.25 }],
] as const)('%s', (_name, picture, aspect, rect) => {
  expect(rectOf(picture, aspect, CENTRED)).toEqual(rect);
});

test('a cut never leaves the picture, however it is pushed and zoomed', () => {
  for (const picture of [WIDE, TALL, TINY]) {
    for (const aspect of [1, 16 / 9]) {
      for (const zoom of [0.1, 1, 2.5, 100]) {
        for (const by of [-50, -0.3, 0, 0.4, 50]) {
          const pushed = moved(picture, aspect, within(picture, aspect, { ...CENTRED, zoom }), { x: by, y: -by });
          expect(isInside(picture, aspect, pushed)).toBe(true);
          expect(isInside(picture, aspect, zoomed(picture, aspect, pushed, { factor: 0.2 }))).toBe(true);
        }
      }
    }
  }
});

test('the picture follows the finger: a push to the right shows what is left of it', () => {
  const crop = moved(WIDE, 1, CENTRED, { x: 0.1, y: 0 });
  expect(rectOf(WIDE, 1, crop).x).toBeCloseTo(350 - 90);
});

test('what lies under the pointer stays there while it comes nearer, as long as the picture reaches', () => {
  const at = { x: 0.8, y: 0.3 };
  const spot = (crop: Crop) => {
    const { x, y, width, height } = rectOf(WIDE, 1, crop);
    return [x + at.x * width, y + at.y * height];
  };
  const near = zoomed(WIDE, 1, CENTRED, { factor: 3, at });
  expect(near.zoom).toBe(3);
  const [before, after] = [spot(CENTRED), spot(near)];
  expect(after[0]).toBeCloseTo(before[0] ?? NaN);
  expect(after[1]).toBeCloseTo(before[1] ?? NaN);
  expect(zoomed(WIDE, 1, near, { factor: 1e9 }).zoom).toBe(MAX_ZOOM);
});
