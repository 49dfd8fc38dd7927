// The shell and what people find by it, in Chromium: a home that plays what is live, whom one follows, search,
// categories, tabs of a phone, both languages, and a page for when there is no network.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { launchChromium, watchPage } from '../support/chromium.ts';
import { ffmpeg, publishTestPicture } from '../support/ffmpeg.ts';
import { type Platform, startPlatform } from '../support/platform.ts';
import type { Program } from '../support/program.ts';
import { until } from '../support/until.ts';
import { joinInBrowser, type WebPerson } from '../support/web-people.ts';

// A browser beside other tests has to be waited for.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const WAIT = { timeout: 60_000 };
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const SHOWN_AT_ONCE = 24;
/** A few more. */
const MANY = SHOWN_AT_ONCE + 4;

let platform: Platform;
let browser: Browser;
let streamer: WebPerson;
let viewer: WebPerson;
let roomId: string;
let encoder: Program;

beforeAll(async () => {
  platform = await startPlatform(
    '--limits.writePerMinute=10000',
    '--limits.readPerMinute=100000',
    '--limits.openRoomsPerUser=100',
  );
  browser = await launchChromium();
  await joinInBrowser(platform, browser, { username: 'boss' });
  streamer = await joinInBrowser(platform, browser, { username: 'xiaoman' });
  viewer = await joinInBrowser(platform, browser, { username: 'aming' });
  await viewer.call('POST', `/api/users/${streamer.id}/follow`);
  const room = await streamer.call<{ id: string; publishUrls: { rtmp: string } }>('POST', '/api/rooms', {
    ...{ title: '深夜厨房', category: 'life' },
  });
  roomId = room.id;
  encoder = publishTestPicture(room.publishUrls.rtmp);
  await until(async () => (await platform.room(roomId)).status === 'live', { timeoutMs: 60_000, what: 'the show' });
});

afterAll(async () => {
  await browser?.close();
  await encoder?.[Symbol.asyncDispose]();
  await platform?.[Symbol.asyncDispose]();
});

async function open(path: string, options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
  const context = await browser.newContext({
    ...{ viewport: { width: 1280, height: 800 }, locale: 'zh-CN', serviceWorkers: 'block' },
    ...options,
  });
  const page = await context.newPage();
  // What is waited for is what is seen.
  await page.goto(platform.url + path, { ...WAIT, waitUntil: 'commit' });
  return page;
}

const isMoving = (page: Page): Promise<boolean> =>
  page
    .locator('[data-testid=featured-player] video')
    .evaluate((element) => {
      const { currentTime, videoWidth, muted } = element as unknown as Record<string, number>;
      return Number(currentTime) > 1 && videoWidth === 320 && Boolean(muted);
    })
    .catch(() => false);

test('the featured room moves without sound, only while it is seen, and is led to', async () => {
  const page = await open('/');
  await page.locator(`[data-testid=featured][data-room-id="${roomId}"]`).waitFor(WAIT);
  await page.mouse.move(300, 300);
  await until(() => isMoving(page), { timeoutMs: 60_000, what: 'the picture moving' });
  await page.setViewportSize({ width: 1280, height: 150 });
  await page.evaluate('window.scrollTo(0, document.body.scrollHeight)');
  await page.getByTestId('featured-player').waitFor({ state: 'detached', ...WAIT });
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.evaluate('window.scrollTo(0, 0)');
  await page.getByTestId('featured-player').waitFor(WAIT);
  expect(await page.getByTestId('featured-title').innerText()).toBe('深夜厨房');
  await page.getByTestId('featured-watch').click();
  await page.waitForURL(`**/rooms/${roomId}`, WAIT);
  await page.context().close();
});

test('where movement is to be saved, it waits until it is asked for', async () => {
  const page = await open('/', { reducedMotion: 'reduce' });
  const play = page.getByTestId('featured-play');
  await play.waitFor(WAIT);
  await page.mouse.move(300, 300);
  expect(await page.getByTestId('featured-player').count()).toBe(0);
  await play.click();
  await until(() => isMoving(page), { timeoutMs: 60_000, what: 'the picture moving' });
  await page.context().close();
});

test('whom one follows comes first, by themselves and on the stage; the others with their last show', async () => {
  const { page } = viewer;
  await page.goto(platform.url, { ...WAIT, waitUntil: 'commit' });
  const row = page.getByTestId('following-live');
  await row.waitFor(WAIT);
  expect(await row.innerText()).toContain('XIAOMAN');
  await page.getByTestId('nav-following').click();
  await page.locator(`[data-testid=following-rooms] [data-room-id="${roomId}"]`).waitFor(WAIT);
  // The new page is said, and has the focus.
  await until(async () => (await page.getByTestId('page-said').innerText()).includes('我的关注'));
  expect(await page.evaluate('document.activeElement.id')).toBe('main');
  const visitor = await open('/following');
  await visitor.waitForURL('**/login?next=/following', WAIT);
  await visitor.context().close();
});

test('a slash and a few letters find a streamer and a room, by keys alone', async () => {
  const page = await open('/');
  await page.getByTestId('featured').waitFor(WAIT);
  await page.keyboard.press('/');
  await page.keyboard.type('xiao');
  await page.getByTestId('suggestion').first().waitFor(WAIT);
  await page.keyboard.press('ArrowDown');
  const input = page.getByTestId('search-input').first();
  expect(await input.getAttribute('aria-activedescendant')).toContain(streamer.id);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/search?q=xiao', WAIT);
  expect(await page.getByTestId('found-user').innerText()).toContain('XIAOMAN');
  await input.fill('厨房');
  await page.keyboard.press('Enter');
  await page.locator(`[data-testid=search-page] [data-room-id="${roomId}"]`).waitFor(WAIT);
  await input.fill('没有这样的');
  await page.keyboard.press('Enter');
  await page.getByTestId('search-empty').waitFor(WAIT);
  await page.context().close();
});

test('categories show what is live in each, and lead there', async () => {
  const page = await open('/categories', { locale: 'en-US' });
  const life = page.locator('[data-testid=category-card][data-category=life]');
  await until(async () => (await life.innerText()).includes('1 live'), { timeoutMs: 60_000 });
  expect(await page.title()).toBe('Categories · Kaibo');
  await life.click();
  await page.locator(`[data-testid=category-page] [data-room-id="${roomId}"]`).waitFor(WAIT);
  await page.context().close();
});

test('a phone has tabs at the bottom, but not beside a picture, in the language and the look that were chosen', async () => {
  const page = await open('/', PHONE);
  await page.getByTestId('tab-bar').waitFor(WAIT);
  expect(await page.getByTestId('tab-home').getAttribute('aria-current')).toBe('page');
  await page.getByTestId('locale-toggle').click();
  await until(async () => (await page.getByTestId('tab-live').innerText()) === 'Go live', { timeoutMs: 60_000 });
  const paper = (): Promise<string> => page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
  const light = await paper();
  await page.getByTestId('theme-toggle').click();
  await expect.poll(paper, WAIT).not.toBe(light);
  const dark = await paper();
  await page.getByTestId('tab-rank').click();
  await page.getByTestId('rank-page').waitFor(WAIT);
  await page.getByTestId('search-open').click();
  await page.locator('[data-testid=search-page] [data-testid=search-input]').waitFor(WAIT);
  await page.goto(`${platform.url}/rooms/${roomId}`, { ...WAIT, waitUntil: 'commit' });
  await page.getByTestId('player').waitFor(WAIT);
  expect(await page.getByTestId('tab-bar').count()).toBe(0);
  expect(await page.evaluate('document.documentElement.lang')).toBe('en');
  expect(await paper(), 'after a load, too').toBe(dark);
  await page.context().close();
});

test('more rooms than fit are shown on, one page after the other', async () => {
  const page = await open('/');
  await page.getByTestId('featured').waitFor(WAIT);
  const addresses = await Promise.all(
    Array.from({ length: MANY }, async (_, n) => {
      const { publishUrls } = await streamer.call<{ publishUrls: { rtmp: string } }>('POST', '/api/rooms', {
        title: `房间 ${n}`,
      });
      return publishUrls.rtmp;
    }),
  );
  // One small picture, sent to all of them.
  await using _crowd = ffmpeg(
    ...['-re', '-f', 'lavfi', '-i', 'testsrc2=size=64x36:rate=5', '-c:v', 'libx264', '-preset', 'ultrafast'],
    ...['-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-g', '5', '-map', '0:v', '-flags', '+global_header'],
    ...['-f', 'tee', addresses.map((url) => `[f=flv:onfail=ignore]${url.replace(/[\\'[\]|]/g, '\\$&')}`).join('|')],
  );
  const more = page.getByTestId('more-rooms');
  await more.waitFor({ timeout: 90_000 });
  const cards = page.getByTestId('room-card');
  expect(await cards.count()).toBe(SHOWN_AT_ONCE);
  await more.click();
  await until(async () => (await cards.count()) > SHOWN_AT_ONCE, { timeoutMs: 60_000, what: 'the rest of them' });
  await page.context().close();
});

test('it can be installed, and without network there is a page in the language that was chosen', async () => {
  const page = await open('/', { serviceWorkers: 'allow', locale: 'en-US' });
  const complaints = watchPage(page);
  const href = await page.locator('link[rel=manifest]').getAttribute('href');
  const manifest = await page.request.get(platform.url + href);
  expect(manifest.headers()['content-type']).toMatch(/manifest\+json/);
  const { name, start_url, display, icons } = (await manifest.json()) as {
    [key: string]: string;
  } & { icons: { src: string; sizes: string; type: string; purpose?: string }[] };
  expect({ name, start_url, display }).toEqual({ name: 'Kaibo 开播', start_url: '/', display: 'standalone' });
  expect(icons.map(({ sizes, purpose }) => `${sizes} ${purpose ?? 'any'}`)).toEqual(
    expect.arrayContaining(['192x192 any', '512x512 any', '512x512 maskable']),
  );
  for (const { src, type } of icons) {
    const icon = await page.request.get(platform.url + src);
    expect([icon.status(), icon.headers()['content-type']], src).toEqual([200, type]);
  }
  await page.evaluate('navigator.serviceWorker.ready');
  const kept = (): Promise<string[]> =>
    page
      .evaluate<string[]>(
        `caches.keys().then((names) => caches.open(names[0])).then((cache) => cache.keys())
          .then((requests) => requests.map(({ url }) => new URL(url).pathname))`,
      )
      // Between two pages.
      .catch(() => []);
  await page.reload({ ...WAIT, waitUntil: 'commit' });
  await until(async () => (await kept()).some((path) => path === '/offline.html'), { timeoutMs: 60_000 });
  expect((await kept()).filter((path) => !/^\/(?:offline\.|favicon\.svg)/.test(path))).toEqual([]);
  expect(complaints.filter((text) => text.startsWith('uncaught'))).toEqual([]);

  await page.context().setOffline(true);
  await page.goto(`${platform.url}/rank`);
  expect(await page.getByRole('heading', { name: 'You are offline' }).isVisible()).toBe(true);
  expect(await page.getByText('没有网络').isVisible()).toBe(false);
  await page.context().setOffline(false);
  // By itself.
  await page.getByTestId('rank-page').waitFor(WAIT);
  await page.context().close();
});
