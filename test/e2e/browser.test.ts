// What a person sees: real Chromium, real pages, real pictures.
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium, watchPage } from '../support/chromium.ts';
import { publishTestPicture } from '../support/ffmpeg.ts';
import { type Platform, startPlatform } from '../support/platform.ts';
import { until } from '../support/until.ts';

const GRACE_MS = 8000;
const WAIT = { timeout: 30_000 };

let platform: Platform;
let browser: Browser;

beforeAll(async () => {
  platform = await startPlatform(`--media.graceMs=${GRACE_MS}`);
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await platform?.[Symbol.asyncDispose]();
});

async function open(path: string): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const complaints = watchPage(page);
  await page.goto(platform.url + path);
  return { page, complaints };
}

interface Playing {
  timeS: number;
  width: number;
  height: number;
  session: number;
}

async function playing(video: Locator): Promise<Playing> {
  return video.evaluate((element) => {
    const { currentTime, videoWidth, videoHeight } = element as unknown as {
      currentTime: number;
      videoWidth: number;
      videoHeight: number;
    };
    const loads = Number(element.getAttribute('data-loads') ?? '0');
    return { timeS: currentTime, width: videoWidth, height: videoHeight, session: loads };
  });
}

async function advances(video: Locator, seconds: number): Promise<Playing> {
  const start = (await playing(video)).timeS;
  return until(
    async () => {
      const now = await playing(video);
      return now.timeS >= start + seconds ? now : undefined;
    },
    { timeoutMs: 30_000, what: `the picture moving on by ${seconds} s` },
  );
}

test('the room page plays by itself, and goes on when the publisher drops for 3 s', async () => {
  const room = await platform.createRoom('播放');
  const { page, complaints } = await open(`/rooms/${room.id}`);
  const video = page.getByTestId('player-video');
  const first = publishTestPicture(room.publishUrls.rtmp);
  expect(await advances(video, 2)).toMatchObject({ width: 320, height: 180 });
  await until(async () => (await platform.room(room.id)).viewerCount === 1, { what: 'the viewer being counted' });

  await video.evaluate((element) => {
    element.addEventListener('emptied', () => element.setAttribute('data-loads', '1'));
  });
  await first.stop();
  await until(async () => (await platform.room(room.id)).interrupted, { what: 'the interruption' });
  const goneMs = performance.now();
  await until(() => performance.now() - goneMs > 3000);
  await using _second = publishTestPicture(room.publishUrls.rtmp);
  const after = await advances(video, 4);
  expect(after.session, 'the player was not reloaded').toBe(0);
  expect(complaints.filter((text) => text.startsWith('uncaught'))).toEqual([]);
  await page.close();
});

test('the home list shows a stream when it starts, and takes it away when it stops', async () => {
  const { page } = await open('/');
  const room = await platform.createRoom('列表里的房间');
  const card = page.getByTestId('room-card').filter({ hasText: '列表里的房间' });
  expect(await card.count()).toBe(0);
  const encoder = publishTestPicture(room.publishUrls.rtmp);
  await card.waitFor(WAIT);
  const scripts = await page.evaluate(
    () => performance.getEntriesByType('resource').filter(({ name }) => /mpegts|VideoPlayer/.test(name)).length,
  );
  expect(scripts, 'the home page loads no player').toBe(0);
  await encoder.stop();
  await card.waitFor({ state: 'detached', timeout: GRACE_MS + 30_000 });
  await page.close();
});

test('the go-live page gives what an encoder needs, sees it come, and ends the room', async () => {
  const { page } = await open('/live');
  await page.getByTestId('title-input').fill('开播啦');
  await page.getByTestId('create-room').click();
  const server = (await page.getByTestId('server-url').getAttribute('data-value', WAIT)) ?? '';
  const key = (await page.getByTestId('stream-key').getAttribute('data-value')) ?? '';
  await using encoder = publishTestPicture(`${server}/${key}`);
  await page.locator('[data-testid=health][data-publishing=true]').waitFor(WAIT);
  expect(await page.getByTestId('room-status').innerText()).toMatch(/直播中|LIVE/i);
  await page.getByTestId('end-button').click();
  await page.getByTestId('confirm-action').click();
  await page.getByTestId('ended-panel').waitFor(WAIT);
  expect((await encoder.ended).code).not.toBe(0);
  await page.close();
});
