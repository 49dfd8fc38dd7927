// A streamer with nothing but a browser: Chromium's fake camera goes on air, another page watches it.
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium, watchPage } from '../support/chromium.ts';
import { type Platform, startPlatform, type TestRoom } from '../support/platform.ts';
import { until } from '../support/until.ts';

const FAKE_DEVICES = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
const NO_UDP = ['--webrtc-ip-handling-policy=disable_non_proxied_udp'];
const WAIT = { timeout: 30_000 };

let platform: Platform;
let browser: Browser;

beforeAll(async () => {
  platform = await startPlatform();
  browser = await launchChromium(FAKE_DEVICES);
});

afterAll(async () => {
  await browser?.close();
  await platform?.[Symbol.asyncDispose]();
});

/** The room's studio, in a browser that made the room. */
async function openStudio(room: TestRoom, context: BrowserContext): Promise<Page> {
  const owned = [{ id: room.id, title: '开播', createdAt: 0, ownerToken: room.ownerToken }];
  const remembered = JSON.stringify(JSON.stringify(owned));
  await context.addInitScript({ content: `localStorage.setItem('kaibo.ownedRooms', ${remembered})` });
  const page = await context.newPage();
  await page.goto(`${platform.url}/live/${room.id}`);
  return page;
}

async function goLive(page: Page): Promise<void> {
  await page.getByTestId('open-devices').click(WAIT);
  await page.getByTestId('start-live').click(WAIT);
  await page.locator('[data-testid=stage-status][data-phase=live]').waitFor(WAIT);
}

async function watch(room: TestRoom, inBrowser = browser): Promise<Page> {
  const viewer = await inBrowser.newPage({ viewport: { width: 1280, height: 800 } });
  await viewer.addInitScript({ path: join(import.meta.dirname, 'go-live-page.js') });
  await viewer.goto(`${platform.url}/rooms/${room.id}`);
  await viewer.locator('[data-testid=player][data-phase=playing]').waitFor(WAIT);
  return viewer;
}

/** Bright green is the fake camera, near black the card. */
async function sees(viewer: Page, what: 'camera' | 'card'): Promise<void> {
  await until(
    async () => {
      const [red = 0, green = 0] = await viewer.evaluate<number[]>('seen.colour()');
      return (green > 100 && red < 100) === (what === 'camera');
    },
    { timeoutMs: 20_000, what: `the viewer seeing the ${what}` },
  );
}

/** Of the next seconds, 0 to 1; the fake microphone beeps once a second. */
function loudness(viewer: Page, seconds: number): Promise<number> {
  return viewer.evaluate<number>(`seen.loudness(${seconds})`);
}

test('a person with a camera goes live, is seen and heard, hides, mutes, and ends', async () => {
  const room = await platform.createRoom('浏览器开播');
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await openStudio(room, context);
  const complaints = watchPage(page);
  await page.getByTestId('open-devices').click(WAIT);
  await page.locator('[data-testid=local-preview][data-mirrored=true]').waitFor(WAIT);
  expect(await page.getByTestId('camera-select').locator('option:checked').innerText()).toMatch(/fake/i);
  await until(async () => Number(await page.getByTestId('level-meter').getAttribute('aria-valuenow')) > 0, {
    what: 'the meter seeing the microphone',
  });
  expect((await platform.room(room.id)).status).toBe('preparing');

  await page.getByTestId('start-live').click();
  await page.locator('[data-testid=stage-status][data-phase=live]').waitFor(WAIT);
  const viewer = await watch(room);
  await sees(viewer, 'camera');
  expect(await loudness(viewer, 3)).toBeGreaterThan(0.02);

  const transport = await page.getByTestId('live-stats').getAttribute('data-transport');
  expect(transport).toBe(room.publishUrls.whip ? 'whip' : 'ws-flv');
  await until(async () => Number(await page.getByTestId('stat-fps').innerText()) > 5, { what: 'frames being counted' });
  // WebRTC makes it smaller where the processor is busy.
  expect(await page.getByTestId('stat-size').innerText()).toMatch(/^\d+ × \d+$/);
  await page.locator('[data-testid=health][data-publishing=true]').waitFor(WAIT);
  expect(await page.getByTestId('go-live-panel').innerText()).not.toContain(room.streamKey);

  await page.getByTestId('toggle-camera').click();
  await sees(viewer, 'card');
  await page.getByTestId('toggle-camera').click();
  await sees(viewer, 'camera');
  await page.getByTestId('toggle-microphone').click();
  await page.locator('[data-testid=toggle-microphone][data-on=false]').waitFor();
  await until(async () => (await loudness(viewer, 2)) < 0.01, { what: 'the viewer hearing nothing' });

  await page.getByTestId('end-live').click();
  await page.getByTestId('confirm-action').click();
  await page.getByTestId('ended-panel').waitFor(WAIT);
  await until(async () => (await platform.room(room.id)).status === 'ended', { what: 'the room having ended' });
  await viewer.getByTestId('player-ended').waitFor(WAIT);
  expect(complaints.filter((text) => text.startsWith('uncaught'))).toEqual([]);
  await viewer.close();
  await context.close();
});

test('the viewer is told way and delay, and may choose another way, which is remembered', async () => {
  const room = await platform.createRoom('延迟');
  const context = await browser.newContext();
  const page = await openStudio(room, context);
  await goLive(page);
  const viewer = await watch(room);
  await viewer.getByTestId('settings-toggle').click();
  await viewer.getByTestId('stats-toggle').click();
  const hasWhep = room.playUrls.whep !== undefined;
  expect(await viewer.getByTestId('stats-transport').innerText()).toBe(hasWhep ? 'WebRTC (WHEP)' : 'WS-FLV');
  const delay = async (): Promise<number> => {
    return Number((await viewer.getByTestId('stats-delay').innerText()).match(/[\d.]+/)?.[0] ?? '0');
  };
  await until(async () => (await delay()) > 0 && (await delay()) < (hasWhep ? 0.5 : 3), { what: 'a short delay' });
  await viewer.getByTestId('settings-toggle').click();
  expect(await viewer.getByTestId('play-modes').count()).toBe(hasWhep ? 1 : 0);
  if (hasWhep) {
    await viewer.getByTestId('play-mode-compatible').click();
    await viewer.locator('[data-testid=player][data-phase=playing][data-transport=ws-flv]').waitFor(WAIT);
    await viewer.reload();
    await viewer.locator('[data-testid=player][data-phase=playing][data-transport=ws-flv]').waitFor(WAIT);
  }
  await viewer.close();
  await context.close();
});

test('whoever is live is asked before leaving, and another way to publish can be looked up meanwhile', async () => {
  const room = await platform.createRoom('别走');
  const context = await browser.newContext();
  const page = await openStudio(room, context);
  await goLive(page);
  await page.getByTestId('way-encoder').click();
  await page.getByTestId('server-url').waitFor();
  await page.getByTestId('way-browser').click();
  expect(await page.getByTestId('stage-status').getAttribute('data-phase')).toBe('live');

  await page.getByTestId('logo').click();
  await page.getByTestId('confirm-dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByTestId('confirm-dialog').waitFor({ state: 'detached' });
  expect(page.url()).toContain(room.id);
  await page.getByTestId('logo').click();
  await page.getByTestId('confirm-action').click();
  await page.waitForURL(`${platform.url}/`);
  await until(async () => (await platform.room(room.id)).interrupted === true, { what: 'the publisher being gone' });
  await context.close();
});

test('where no UDP gets through, both ends go over WebSockets by themselves', async () => {
  await using confined = await launchChromium([...FAKE_DEVICES, ...NO_UDP], { whole: true });
  const room = await platform.createRoom('没有 UDP');
  const page = await openStudio(room, await confined.newContext());
  await goLive(page);
  expect(await page.getByTestId('live-stats').getAttribute('data-transport')).toBe('ws-flv');
  const viewer = await watch(room, confined);
  expect(await viewer.getByTestId('player').getAttribute('data-transport')).toMatch(/flv$/);
});

test('a refused camera is told in words, and nothing is opened', async () => {
  await using refusing = await launchChromium(['--use-fake-device-for-media-stream', '--deny-permission-prompts'], {
    whole: true,
  });
  const room = await platform.createRoom('不允许');
  const page = await openStudio(room, await refusing.newContext());
  await page.getByTestId('open-devices').click(WAIT);
  await page.locator('[data-testid=problem-camera][data-problem=denied]').waitFor(WAIT);
  expect(await page.getByTestId('problem-microphone').count()).toBe(0);
  expect(await page.getByTestId('start-live').isDisabled()).toBe(true);
});

test('what WebRTC cannot play is played over WebSocket at once', async () => {
  const room = await platform.createRoom('换一条路');
  const context = await browser.newContext();
  await goLive(await openStudio(room, context));
  const viewer = await browser.newPage();
  const whep = `${platform.url}/rtc/v1/whep/?app=live&stream=${room.playId}`;
  let asked = 0;
  await viewer.route(`**/api/rooms/${room.id}*`, async (route) => {
    const answer = await route.fetch();
    const body = (await answer.json()) as TestRoom;
    await route.fulfill({ response: answer, json: { ...body, playUrls: { whep, ...body.playUrls } } });
  });
  await viewer.route('**/rtc/v1/whep/**', async (route) => {
    asked += 1;
    await route.fulfill({ status: 406, json: { error: 'H.265', code: 'codec_unsupported' } });
  });
  await viewer.goto(`${platform.url}/rooms/${room.id}`);
  // On a slow machine the WebSocket's first picture may be late, and HTTP be next.
  await viewer.locator('[data-testid=player][data-phase=playing][data-transport$="-flv"]').waitFor(WAIT);
  expect(asked).toBe(1);
  await viewer.close();
  await context.close();
});
