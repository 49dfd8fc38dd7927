import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import sharp from 'sharp';
import { expect, onTestFinished, test } from 'vitest';
import { tempFolder } from '../../../test/harness.ts';
import { jpegOf } from '../../../test/support/picture-corpus.ts';
import type { PictureOrder } from './picture-messages.ts';
import { PictureWorkshop } from './picture-workshop.ts';

/** Decoders are processes, and many tests share few cores. */
const SLOW = { timeout: 120_000 };
/** As the kernel ends a process for want of memory. */
const OUT_OF_MEMORY = "process.kill(process.pid, 'SIGKILL')";
const ORDER = { width: 512, height: 512, widths: [512, 64], maxPixels: 100_000_000 };

function open({
  workers = 1,
  timeoutMs = 60_000,
  entry,
}: { workers?: number; timeoutMs?: number; entry?: string } = {}): PictureWorkshop {
  const workshop = new PictureWorkshop({ workers, timeoutMs, entry, logger: pino({ level: 'silent' }) });
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
  const { entry } = failing(1, 'setInterval(() => {}, 1000)');
  const workshop = open({ timeoutMs: 3000, entry });
  const order = { ...ORDER, bytes: await jpegOf(40, 40) };
  await expect(workshop.make(order)).rejects.toMatchObject({ code: 'image_unreadable' });
  expect(workshop.size).toBe(0);
  expect(await workshop.make(order)).toHaveProperty('pictures');
});

test('more than may wait are refused, and those that wait when it stops are, too', SLOW, async () => {
  const workshop = open();
  const bytes = await jpegOf(1000, 1000);
  const results = Array.from({ length: 66 }, () => workshop.make({ ...ORDER, bytes }));
  const settled = Promise.allSettled(results);
  await expect(results[65]).rejects.toMatchObject({ code: 'pictures_busy' });
  workshop.stop();
  const codes = (await settled).map((one) =>
    one.status === 'rejected' ? (one.reason as { code: string }).code : 'made',
  );
  expect(codes.filter((code) => code === 'pictures_busy')).toHaveLength(1);
  expect(codes.filter((code) => code === 'stopping')).toHaveLength(65);
  expect(workshop.size).toBe(0);
});

/** A process that does this when it is asked, so many times, and then works. */
function failing(times: number, act: string): { entry: string; failures: () => number } {
  const folder = tempFolder();
  const entry = join(folder, 'child.mjs');
  const failures = (): number => readdirSync(folder).length - 1;
  writeFileSync(
    entry,
    `import { readdirSync, writeFileSync } from 'node:fs';
     const failures = readdirSync(${JSON.stringify(folder)}).length - 1;
     if (failures >= ${times}) await import(${JSON.stringify(new URL('./picture-child.ts', import.meta.url).href)});
     else {
       process.once('message', () => {
         writeFileSync(${JSON.stringify(folder)} + '/' + failures, '');
         ${act};
       });
       process.send('ready');
     }`,
  );
  return { entry, failures };
}

test('a decoder that dies is no fault of the picture, unless the picture ends the next one too', SLOW, async () => {
  const order = { ...ORDER, bytes: await jpegOf(40, 40) };
  const once = failing(1, OUT_OF_MEMORY);
  expect(await open({ entry: once.entry }).make(order)).toHaveProperty('pictures');
  expect(once.failures()).toBe(1);
  const always = failing(1000, OUT_OF_MEMORY);
  const workshop = open({ entry: always.entry });
  await expect(workshop.make(order)).rejects.toMatchObject({ code: 'image_unreadable' });
  expect([always.failures(), workshop.size]).toEqual([2, 0]);
});

test('where no process can be started the server is busy, and the picture is not to blame', SLOW, async () => {
  const workshop = open({ entry: join(tempFolder(), 'nothing.mjs') });
  const order = { ...ORDER, bytes: await jpegOf(40, 40) };
  await expect(workshop.make(order)).rejects.toMatchObject({ code: 'pictures_busy', status: 503 });
  expect(workshop.size).toBe(0);
});
