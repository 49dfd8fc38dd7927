// The page of a platform whose media an SRS carries: our own media server by its SRS-compatible API, or a real one by SRS_BIN.
import { randomBytes } from 'node:crypto';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { publishTestPicture } from '../support/ffmpeg.ts';
import { startPlatform, type Platform, type TestRoom } from '../support/platform.ts';
import { freePort } from '../support/ports.ts';
import type { Program } from '../support/program.ts';
import { startSrs, type RunningSrs } from '../support/srs-server.ts';
import { until } from '../support/until.ts';
import { joinInBrowser } from '../support/web-people.ts';

const WAIT = { timeout: 60_000 };

let srs: RunningSrs;
let platform: Platform;
let browser: Browser;
let encoder: Program;
let room: TestRoom;

beforeAll(async () => {
  const hooksSecret = randomBytes(24).toString('hex');
  const port = await freePort();
  srs = await startSrs({
    hooksUrl: `http://127.0.0.1:${port}/api/hooks/srs/${hooksSecret}`,
    apiPassword: randomBytes(24).toString('hex'),
  });
  platform = await startPlatform(`--http.port=${port}`, `--engine.srs.hooksSecret=${hooksSecret}`, ...srs.flags());
  browser = await launchChromium();
  room = await platform.createRoom('SRS 上的直播间');
  encoder = publishTestPicture(room.publishUrls.rtmp);
  await until(async () => (await platform.room(room.id)).status === 'live', { what: 'the room turning live' });
});

afterAll(async () => {
  await encoder?.stop();
  await browser?.close();
  await platform?.[Symbol.asyncDispose]();
  await srs?.[Symbol.asyncDispose]();
});

async function plays(page: Page): Promise<void> {
  const time = async (): Promise<number> => Number(await page.evaluate(`document.querySelector('video')?.currentTime`));
  await until(async () => (await time()) > 0, { timeoutMs: 30_000, what: 'a picture' });
  const before = await time();
  await until(async () => (await time()) > before + 1, { timeoutMs: 30_000, what: 'a picture that moves' });
}

test('a room plays by WebRTC through the platform, and by HTTP-FLV from SRS where that does not work', async () => {
  const [direct, without] = await Promise.all([browser.newPage(), browser.newPage()]);
  const asked: string[] = [];
  for (const page of [direct, without]) page.on('request', (request) => asked.push(request.url()));
  await without.route('**/rtc/**', async (route) => route.abort());
  for (const page of [direct, without]) {
    await page.goto(`${platform.url}/rooms/${room.id}`);
    await plays(page);
  }
  expect(asked.some((url) => url.includes(':' + srs.ports.http) && url.includes('.flv'))).toBe(true);
  expect(asked.filter((url) => url.startsWith('ws') && url.includes('.flv'))).toEqual([]);
  await until(async () => (await platform.room(room.id)).viewerCount >= 2, { timeoutMs: 20_000, what: 'two viewers' });
  await Promise.all([direct.close(), without.close()]);
});

test('what SRS cannot do for the platform is not offered in the studio', async () => {
  const { page } = await joinInBrowser(platform, browser, { username: 'host' });
  page.setDefaultTimeout(WAIT.timeout);
  await page.goto(`${platform.url}/studio`);
  await page.getByTestId('start-encoder').click();
  await page.getByTestId('title-input').fill('没有录像');
  await page.getByTestId('recording-mode').waitFor({ state: 'detached' });
  await page.getByTestId('create-room').click();
  await page.getByTestId('section-settings').waitFor();
  for (const section of ['restream', 'recording']) expect(await page.getByTestId(`section-${section}`).count()).toBe(0);
});
