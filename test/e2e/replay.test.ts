// A broadcast is kept, watched again in Chromium, and taken back; and the home page shows what is live.
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium, watchPage } from '../support/chromium.ts';
import { publishTestPicture } from '../support/ffmpeg.ts';
import { type Platform, startPlatform } from '../support/platform.ts';
import { until } from '../support/until.ts';

const WAIT = { timeout: 30_000 };
const RECORDED_S = 6;

let platform: Platform;
let browser: Browser;

beforeAll(async () => {
  platform = await startPlatform('--media.snapshot.everyMs=1000', '--recording.minFreeBytes=0');
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await platform?.[Symbol.asyncDispose]();
});

/** The studio of a room that this browser makes, to be recorded by hand, and where its encoder publishes. */
async function makeRoom(title: string): Promise<{ studio: Page; publishUrl: string }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const studio = await context.newPage();
  await studio.goto(`${platform.url}/live`);
  await studio.getByTestId('title-input').fill(title);
  await studio.getByTestId('record-manual').click();
  await studio.getByTestId('create-room').click();
  const server = await studio.getByTestId('server-url').getAttribute('data-value', WAIT);
  const key = await studio.getByTestId('stream-key').getAttribute('data-value');
  return { studio, publishUrl: `${server}/${key}` };
}

async function openAsStranger(path: string): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const complaints = watchPage(page);
  await page.goto(platform.url + path);
  return { page, complaints };
}

interface Playing {
  currentTime: number;
  duration: number;
  playbackRate: number;
  videoWidth: number;
}

function playing(video: Locator): Promise<Playing> {
  return video.evaluate((element) => {
    const { currentTime, duration, playbackRate, videoWidth } = element as unknown as Playing;
    return { currentTime, duration, playbackRate, videoWidth };
  });
}

test('a broadcast recorded by hand is published, played, sought and sped up by a stranger, and taken back', async () => {
  const { studio, publishUrl } = await makeRoom('值得再看一遍');
  await using _encoder = publishTestPicture(publishUrl);
  await studio.getByTestId('section-recording').click(WAIT);
  await studio.getByTestId('record').click(WAIT);
  await studio.locator('[data-testid=recording-panel][data-recording=true]').waitFor(WAIT);

  // Meanwhile: whoever opens the home page sees what is live.
  const home = await openAsStranger('/');
  const card = home.page.getByTestId('room-card').filter({ hasText: '值得再看一遍' });
  await card.locator('[data-testid=room-poster][data-poster=true] img').waitFor(WAIT);
  await home.page.close();

  await until(
    async () => {
      const [, minutes, seconds] = (await studio.getByTestId('recording-time').innerText()).match(/(\d+):(\d+)/) ?? [];
      return Number(minutes) * 60 + Number(seconds) >= RECORDED_S;
    },
    { timeoutMs: 30_000, what: `${RECORDED_S} s being recorded` },
  );
  await studio.getByTestId('record').click();
  const row = studio.locator('[data-testid=recording][data-state=ready]');
  await row.waitFor(WAIT);
  const id = (await row.getAttribute('data-recording-id')) ?? '';

  const stranger = await openAsStranger(`/replay/${id}`);
  await stranger.page.getByTestId('replay-missing').waitFor(WAIT);
  await row.getByTestId('publish').click();
  await studio.locator('[data-testid=recording][data-published=true]').waitFor(WAIT);
  await stranger.page.reload();
  const video = stranger.page.getByTestId('replay-video');
  await until(async () => (await playing(video)).currentTime > 1, { timeoutMs: 30_000, what: 'the replay playing' });
  const first = await playing(video);
  expect(first.videoWidth).toBe(320);
  expect(first.duration).toBeGreaterThan(RECORDED_S - 3);
  expect(await stranger.page.getByTestId('replay-title').innerText()).toBe('值得再看一遍');

  await stranger.page.getByTestId('speed').click();
  await stranger.page.getByTestId('speed-2').click();
  expect((await playing(video)).playbackRate).toBe(2);
  await stranger.page.keyboard.press('<');
  expect((await playing(video)).playbackRate).toBe(1.5);
  const bar = await stranger.page.getByTestId('seek-bar').boundingBox();
  await stranger.page.mouse.click((bar?.x ?? 0) + (bar?.width ?? 0) * 0.8, (bar?.y ?? 0) + (bar?.height ?? 0) / 2);
  await until(async () => (await playing(video)).currentTime >= first.duration * 0.79, { what: 'the place sought' });
  await stranger.page.locator('[data-testid=replay-player][data-state=ended]').waitFor(WAIT);
  await stranger.page.getByTestId('watch-again').click();
  await until(async () => (await playing(video)).currentTime < first.duration / 2, { what: 'the start again' });
  const download = stranger.page.waitForEvent('download', WAIT);
  await stranger.page.getByTestId('download').click();
  expect((await download).suggestedFilename()).toMatch(/值得再看一遍.*\.mp4$/);
  expect(stranger.complaints.filter((text) => text.startsWith('uncaught'))).toEqual([]);

  await row.getByTestId('publish').click();
  await studio.locator('[data-testid=recording][data-published=false]').waitFor(WAIT);
  await stranger.page.reload();
  await stranger.page.getByTestId('replay-missing').waitFor(WAIT);
  expect((await fetch(`${platform.url}/replay/${id}/index.m3u8`)).status).toBe(404);

  // Its owner still sees it, and deletes it.
  await row.getByTestId('recording-link').click();
  await studio.getByTestId('replay-hidden').waitFor(WAIT);
  await studio.goBack();
  await row.getByTestId('recording-delete').click(WAIT);
  await studio.getByTestId('confirm-action').click();
  await row.waitFor({ state: 'detached', ...WAIT });
  await studio.context().close();
});
