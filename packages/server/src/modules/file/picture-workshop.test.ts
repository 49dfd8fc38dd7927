import { pino } from 'pino';
import sharp from 'sharp';
import { expect, onTestFinished, test } from 'vitest';
import { jpegOf } from '../../../test/support/picture-corpus.ts';
import type { PictureOrder } from './picture-messages.ts';
import { PictureWorkshop } from './picture-workshop.ts';

/** Decoders are processes, and many tests share few cores. */
const SLOW = { timeout: 120_000 };
const ORDER = { width: 512, height: 512, widths: [512, 64], maxPixels: 100_000_000 };

function open({ workers = 1, timeoutMs = 60_000 } = {}): PictureWorkshop {
  const workshop = new PictureWorkshop({ workers, timeoutMs, logger: pino({ level: 'silent' }) });
  onTestFinished(() => workshop.stop());
  return workshop;
}

test('pictures are made by so many processes at a time, and in the sizes that were asked for', SLOW, async () => {
  const workshop = open({ workers: 2 });
  const order: PictureOrder = { ...ORDER, bytes: await jpegOf() };
  const answers = await Promise.all(Array.from({ length: 5 }, () => workshop.make(order)));
  expect(workshop.size).toBe(2);
  for (const answer of answers) {
    if (!('pictures' in answer)) throw new Error(answer.code);
    const sizes = await Promise.all(
      answer.pictures.map(async ({ bytes }) => {
        const { width, height } = await sharp(bytes).metadata();
        return [width, height];
      }),
    );
    expect(sizes).toEqual([
      [512, 512],
      [64, 64],
    ]);
  }
});

test('a picture that takes too long ends with its process, and the next one has another', SLOW, async () => {
  const workshop = open({ timeoutMs: 1 });
  // The first is given the time that its process takes to start.
  expect(await workshop.make({ ...ORDER, bytes: await jpegOf(40, 40) })).toHaveProperty('pictures');
  const large = await jpegOf(4000, 4000);
  await expect(workshop.make({ ...ORDER, bytes: large })).rejects.toMatchObject({ code: 'image_unreadable' });
  expect(workshop.size).toBe(0);
  expect(await workshop.make({ ...ORDER, bytes: await jpegOf(40, 40) })).toHaveProperty('pictures');
});

test('more than may wait are refused, and those that wait when it stops are, too', SLOW, async () => {
  const workshop = open();
  const bytes = await jpegOf(1000, 1000);
  const results = Array.from({ length: 66 }, () => workshop.make({ ...ORDER, bytes }));
  const settled = Promise.allSettled(results);
  await expect(results[65]).rejects.toMatchObject({ code: 'too_many_connections' });
  workshop.stop();
  const codes = (await settled).map((one) =>
    one.status === 'rejected' ? (one.reason as { code: string }).code : 'made',
  );
  expect(codes.filter((code) => code === 'too_many_connections')).toHaveLength(1);
  expect(codes.filter((code) => code === 'stopping')).toHaveLength(65);
  expect(workshop.size).toBe(0);
});
