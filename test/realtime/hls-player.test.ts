// Watching where neither WebRTC nor FLV comes through, another quality, and going back in time: real Chromium, LL-HLS of
// the real server, and a clock in the picture.
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium, watchPage } from '../support/chromium.ts';
import { ffmpeg } from '../support/ffmpeg.ts';
import { type Platform, startPlatform, type TestRoom } from '../support/platform.ts';
import type { Program } from '../support/program.ts';
import { until } from '../support/until.ts';

const WAIT = { timeout: 30_000 };
const PROFILES = [{ name: '180p', height: 180, videoBps: 300_000 }];
/** Columns of the picture are bits of the wall clock in such steps. */
const TICK_MS = 40;
const BITS = 16;
const PLAYING = '[data-testid=player][data-phase=playing]';

/** What opens sockets in a worker of its own opens them in the page, where the test can close them. */
const NO_BLOB_WORKERS = `window.Worker = class extends Worker {
  constructor(url, options) {
    if (String(url).startsWith('blob:')) throw new Error('no worker');
    super(url, options);
  }
}`;

let platform: Platform;
let browser: Browser;
let room: TestRoom;
let publisher: Program;
let watching: Page;

/** A picture of the time at which it was made, a key frame every second, and a tone. */
function publishClock(url: string): Program {
  const bit = `mod(floor(time(0)*${1000 / TICK_MS}/pow(2,floor(X/4))),2)`;
  return ffmpeg(
    ...['-re', '-f', 'lavfi', '-i', 'color=black:size=64x36:rate=25'],
    ...['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100'],
    ...['-vf', `geq=lum='if(${bit},235,16)':cb=128:cr=128,scale=640:360:flags=neighbor`],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-g', '25'],
    ...['-c:a', 'aac', '-b:a', '64k', '-f', 'flv', url],
  );
}

beforeAll(async () => {
  [platform, browser] = await Promise.all([
    startPlatform(`--media.transcode.profiles=${JSON.stringify(PROFILES)}`),
    launchChromium(),
  ]);
  room = await platform.createRoom('回看');
  publisher = publishClock(room.publishUrls.rtmp);
});

afterAll(async () => {
  await publisher?.stop();
  await browser?.close();
  await platform?.[Symbol.asyncDispose]();
});

/** `blocked`: neither WebRTC nor FLV gets through. */
async function open(path: string, { blocked }: { blocked: boolean }): Promise<Page> {
  const context: BrowserContext = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  if (blocked) {
    await page.addInitScript({ content: NO_BLOB_WORKERS });
    await page.routeWebSocket(/\.flv/, (socket) => socket.close());
    await page.route(/\.flv|\/rtc\/v1\/whep/, (route) => route.abort());
  }
  await page.goto(platform.url + path);
  return page;
}

const transportOf = (page: Page) => page.getByTestId('player').getAttribute('data-transport');

/** How old the picture is that is shown now, ms, by the clock in it. Both clocks are this machine's. */
function pictureAgeMs(page: Page): Promise<number> {
  return page.evaluate<number>(`(() => {
    const context = (window.clockCanvas ??= new OffscreenCanvas(64, 36)).getContext('2d', { willReadFrequently: true });
    context.drawImage(document.querySelector('video'), 0, 0, 64, 36);
    let tick = 0;
    for (let bit = 0; bit < ${BITS}; bit += 1)
      if (context.getImageData(bit * 4 + 2, 18, 1, 1).data[0] > 128) tick += 2 ** bit;
    const now = Math.floor(Date.now() / ${TICK_MS}) % ${2 ** BITS};
    return ((now - tick + ${2 ** BITS}) % ${2 ** BITS}) * ${TICK_MS};
  })()`);
}

async function medianAgeMs(page: Page, samples = 21): Promise<number> {
  const ages: number[] = [];
  await until(async () => ages.push(await pictureAgeMs(page)) >= samples, { timeoutMs: 20_000, intervalMs: 100 });
  return ages.toSorted((one, other) => one - other)[samples >> 1] ?? Number.NaN;
}

const heightOf = (page: Page) => page.evaluate<number>('document.querySelector("video").videoHeight');

test('where WebRTC and FLV are blocked it plays by LL-HLS, no more than 2.5 s behind', async () => {
  watching = await open(`/rooms/${room.id}`, { blocked: true });
  const complaints = watchPage(watching);
  await watching.locator(`${PLAYING}[data-transport=hls]`).waitFor(WAIT);
  // It catches up at 1.15 times the speed after the first segments.
  const ageMs = await until(
    async () => {
      const median = await medianAgeMs(watching);
      return median <= 2_500 && median;
    },
    { timeoutMs: 30_000, what: 'a picture that is at most 2.5 s old' },
  );
  const told = (await watching.getByTestId('bar-delay').textContent())?.trim();
  process.stdout.write(`hls: LL-HLS in the page is ${ageMs} ms behind the camera, and says ${told}\n`);
  expect(Math.abs(Number.parseFloat(told ?? '') * 1000 - ageMs)).toBeLessThan(1_500);
  expect(complaints.filter((text) => text.startsWith('uncaught'))).toEqual([]);
});

test('another quality is chosen in the menu, plays, and is remembered', async () => {
  await watching.getByTestId('player').hover();
  await watching.getByTestId('settings-toggle').click();
  await watching.getByTestId('quality-180p').click();
  await until(async () => (await heightOf(watching)) === 180, { timeoutMs: 30_000, what: 'the smaller picture' });
  const again = await open(`/rooms/${room.id}`, { blocked: false });
  await again.evaluate(`localStorage.setItem('kaibo.quality', '180p')`);
  await again.reload();
  await again.locator(PLAYING).waitFor(WAIT);
  await until(async () => (await heightOf(again)) === 180, { timeoutMs: 30_000, what: 'the smaller picture by FLV' });
  expect(await transportOf(again)).not.toBe('hls');
  await again.context().close();
  await watching.getByTestId('quality-source').click();
  await until(async () => (await heightOf(watching)) === 360, { timeoutMs: 30_000, what: 'the source again' });
  await watching.keyboard.press('Escape');
  await watching.getByTestId('player-settings').waitFor({ state: 'detached' });
});

test('going back in time leads to HLS, and the newest picture back to the way with the least delay', async () => {
  const page = await open(`/rooms/${room.id}`, { blocked: false });
  await page.locator(PLAYING).waitFor(WAIT);
  const live = await transportOf(page);
  expect(live).not.toBe('hls');
  await until(async () => Number(await page.getByTestId('seek').getAttribute('max')) > 13, {
    timeoutMs: 20_000,
    what: 'a past of 13 s',
  });
  await page.keyboard.press('j');
  await page.locator(`${PLAYING}[data-transport=hls]`).waitFor(WAIT);
  const backMs = await medianAgeMs(page, 7);
  expect(backMs).toBeGreaterThan(7_000);
  expect(backMs).toBeLessThan(14_000);
  expect(await page.getByTestId('seek').getAttribute('aria-valuetext')).toMatch(/\d/);
  await page.getByTestId('player').hover();
  await page.getByTestId('live-edge').click();
  await page.locator(`${PLAYING}[data-transport=${live}]`).waitFor(WAIT);
  await until(async () => (await medianAgeMs(page, 7)) < 2_000, { timeoutMs: 20_000, what: 'the newest picture' });
  process.stdout.write(`hls: 10 s back was ${backMs} ms behind; live again by ${live}\n`);
  await page.context().close();
});

test('a publisher that drops for 3 s is gone on with when it is back, without loading anew', async () => {
  const video = watching.getByTestId('player-video');
  await video.evaluate(`document.querySelector('video').addEventListener('emptied', () => (window.loads = 1))`);
  await publisher.stop();
  await until(async () => (await platform.room(room.id)).interrupted, { what: 'the interruption' });
  const goneMs = performance.now();
  await until(() => performance.now() - goneMs > 3_000);
  publisher = publishClock(room.publishUrls.rtmp);
  await until(async () => (await medianAgeMs(watching, 5)) < 3_500, { timeoutMs: 30_000, what: 'the new pictures' });
  expect(await watching.evaluate('window.loads ?? 0')).toBe(0);
  await watching.context().close();
});

test('a private room plays by HLS with its token alone', async () => {
  const made = await fetch(`${platform.url}/api/rooms`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ title: '私密', isPrivate: true }),
  });
  const hidden = (await made.json()) as TestRoom;
  await using _source = publishClock(hidden.publishUrls.rtmp);
  const answer = await fetch(`${platform.url}/api/rooms/${hidden.id}/play-token`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${hidden.ownerToken}`, 'Content-Type': 'application/json' },
    body: '{}',
  });
  const { url, playUrls } = (await answer.json()) as { url: string; playUrls: { hls: string } };
  const page = await open(url, { blocked: true });
  await page.locator(`${PLAYING}[data-transport=hls]`).waitFor(WAIT);
  expect(await medianAgeMs(page, 5)).toBeLessThan(6_000);
  expect((await fetch(playUrls.hls.split('?')[0] ?? '')).status).toBe(403);
  await page.context().close();
});
