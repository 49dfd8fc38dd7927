// The page that a streaming program shows over the picture, in real Chromium: what it shows, on nothing, by a token that
// no server is told in an address; and that it comes back by itself when the platform does.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { type Platform, startPlatform } from '../support/platform.ts';
import { freePort } from '../support/ports.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';
import { joinInBrowser, type WebPerson } from '../support/web-people.ts';

const WAIT = { timeout: 60_000 };

const folder = tempDir();
let flags: string[];
let platform: Platform;
let browser: Browser;
/** Administrates the platform, too. */
let host: WebPerson;
let fan: WebPerson;
let roomId: string;

beforeAll(async () => {
  // The page is to find it again.
  flags = [`--dataDir=${folder.file('data')}`, `--http.port=${await freePort()}`, '--lottery.delayIterations=64000'];
  platform = await startPlatform(...flags);
  browser = await launchChromium();
  host = await joinInBrowser(platform, browser, { username: 'host' });
  fan = await joinInBrowser(platform, browser, { username: 'fan' });
  await host.call('POST', `/api/admin/wallets/${fan.id}/credit`, { amount: 100_000 });
  ({ id: roomId } = await host.call<{ id: string }>('POST', '/api/rooms', { title: '私密直播间', isPrivate: true }));
  await host.call('POST', `/api/rooms/${roomId}/invites`, { username: 'fan' });
});

afterAll(async () => {
  await browser?.close();
  await platform?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** A browser like that of a streaming program, which knows nobody. */
async function open(path: string): Promise<{ page: Page; asked: string[]; reported: string[] }> {
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 720 }, locale: 'zh-CN' })).newPage();
  const [asked, reported]: [string[], string[]] = [[], []];
  page.on('request', (request) => asked.push(`${request.url()} ${request.headers()['referer'] ?? ''}`));
  page.on('websocket', (socket) => asked.push(socket.url()));
  page.on('pageerror', ({ message }) => reported.push(message));
  await page.goto(platform.url + path);
  return { page, asked, reported };
}

const shows = (page: Page, testId: string, text: string): Promise<void> =>
  page.getByTestId(testId).filter({ hasText: text }).first().waitFor(WAIT);

/** Says something until one of it is seen: what was said before the page listened flies nowhere. */
async function flies(page: Page): Promise<void> {
  let said = 0;
  const isSeen = (): Promise<boolean> =>
    page.locator('[data-testid=danmaku]:not([data-count="0"])[data-count]').isVisible();
  await until(
    async () => {
      await fan.call('POST', `/api/rooms/${roomId}/chat`, { text: `第${++said}句`, danmaku: true });
      return until(isSeen, { timeoutMs: 3000 });
    },
    { timeoutMs: 40_000, what: 'danmaku flying' },
  );
}

/** How much of the page nothing is drawn on, 0 to 1. */
async function clearShare(page: Page): Promise<number> {
  const shot = await page.screenshot({ omitBackground: true });
  return page.evaluate<number>(`(async () => {
    const bytes = Uint8Array.from(atob('${shot.toString('base64')}'), (letter) => letter.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const pen = new OffscreenCanvas(picture.width, picture.height).getContext('2d');
    pen.drawImage(picture, 0, 0);
    const { data } = pen.getImageData(0, 0, picture.width, picture.height);
    let clear = 0;
    for (let at = 3; at < data.length; at += 4) if (data[at] === 0) clear++;
    return clear / (data.length / 4);
  })()`);
}

test('danmaku, gifts, the lottery and the goal are shown over nothing, and again after a restart', async () => {
  await host.page.goto(`${platform.url}/live/${roomId}#interact`);
  await host.page.getByTestId('overlay-create').click(WAIT);
  const address = (await host.page.getByTestId('overlay-url').getAttribute('data-value', WAIT)) ?? '';
  const { pathname, hash } = new URL(address);
  const { page, asked, reported } = await open(pathname + hash);
  await page.locator('[data-testid=overlay-stage][data-on=true]').waitFor({ state: 'attached', ...WAIT });
  await host.call('PUT', `/api/rooms/${roomId}/goal`, { title: '新麦克风', kind: 'coins', target: 1000 });
  await shows(page, 'goal', '0 / 1,000 金币');
  await flies(page);
  await fan.call('POST', `/api/rooms/${roomId}/gifts`, { giftId: 'bouquet', count: 5 });
  await shows(page, 'gift-banner', 'FAN 送出 花束 ×5');
  await shows(page, 'combo-tray', '×5');
  await shows(page, 'goal', '495 / 1,000');
  const lottery = await host.call<{ id: string }>('POST', `/api/rooms/${roomId}/lotteries`, {
    ...{ prize: '一箱橙子', winners: 1, condition: { type: 'anyone' } },
  });
  await shows(page, 'overlay-lottery', '一箱橙子');
  expect(await page.getByRole('button').count(), 'nobody can press anything there').toBe(0);
  expect(await clearShare(page)).toBeGreaterThan(0.7);
  await fan.call('POST', `/api/lotteries/${lottery.id}/join`, {});
  await host.call('POST', `/api/lotteries/${lottery.id}/draw`, {});
  await page.locator('[data-testid=overlay-lottery][data-status=drawn]').filter({ hasText: 'FAN' }).waitFor(WAIT);

  await platform.program.stop();
  platform = await startPlatform(...flags);
  await fan.call('POST', `/api/rooms/${roomId}/gifts`, { giftId: 'trophy' });
  await shows(page, 'goal', '694 / 1,000');
  await flies(page);
  await fan.call('POST', `/api/rooms/${roomId}/gifts`, { giftId: 'fireworks' });
  await page.locator('[data-testid=gift-full]').waitFor(WAIT);

  expect(asked.filter((request) => request.includes('kov_') || request.includes(hash.slice(1)))).toEqual([]);
  expect(reported).toEqual([]);
  const { viewerCount } = await host.call<{ viewerCount: number }>('GET', `/api/rooms/${roomId}`);
  expect(viewerCount, 'nobody watches an overlay').toBe(0);
});

test('settings are followed; a removed overlay and a wrong token show a plain sentence', async () => {
  const overlay = await host.call<{ id: string; token: string }>('POST', '/api/overlays', {
    ...{ name: 'Tests', settings: { goal: false, minCoins: 100, language: 'en' } },
  });
  await host.call('PUT', `/api/rooms/${roomId}/goal`, { title: '新麦克风', kind: 'coins', target: 5000 });
  const { page } = await open(`/overlay#${overlay.token}`);
  await page.locator('[data-testid=overlay-stage][data-on=true]').waitFor({ state: 'attached', ...WAIT });
  await fan.call('POST', `/api/rooms/${roomId}/gifts`, { giftId: 'cake' });
  await fan.call('POST', `/api/rooms/${roomId}/gifts`, { giftId: 'trophy' });
  await shows(page, 'combo-tray', 'gives Trophy');
  expect(await page.getByTestId('combo-tray').textContent(), 'too little to be told').not.toContain('Cake');
  expect(await page.getByTestId('goal').count()).toBe(0);

  await host.page.goto(`${platform.url}/live/${roomId}#interact`);
  // The same address but for what follows #: the page is asked anew.
  await host.page.reload();
  const row = host.page.getByTestId('overlay-row').filter({ hasText: 'Tests' });
  await row.getByTestId('overlay-open').click(WAIT);
  await row.getByTestId('overlay-shows-goal').getByRole('switch').click();
  await shows(page, 'goal', '/ 5,000');
  await row.getByTestId('overlay-remove').click();
  await host.page.getByTestId('confirm-action').click();
  await page.getByRole('alert').waitFor(WAIT);
  expect(await page.getByTestId('goal').count()).toBe(0);

  const wrong = await open('/overlay#kov_nothing');
  await wrong.page.getByRole('alert').waitFor(WAIT);
  expect((await wrong.page.locator('body').innerText()).trim()).toBe('这个浮层不存在，或链接已被收回。');
});
