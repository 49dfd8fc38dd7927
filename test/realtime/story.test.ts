// One evening with Kaibo by nothing but its pages: somebody registers and goes live with a camera; somebody else, on a
// phone, in another language and in the dark, finds it, watches, talks, follows, gives and wins; the show ends and is
// summed up, and is seen again with what was said flying over its picture when it was said.
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium, watchPage } from '../support/chromium.ts';
import { type Platform, startPlatform } from '../support/platform.ts';
import { until } from '../support/until.ts';

const WAIT = { timeout: 60_000 };
const SOON = { timeoutMs: 60_000 };
const DESK = { viewport: { width: 1440, height: 900 }, locale: 'zh-CN', colorScheme: 'light' } as const;
const SMALL = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true } as const;
const PHONE = { ...SMALL, locale: 'en-US', colorScheme: 'dark' } as const;
const TITLE = '第一次开播';
const HELLO = 'hello from my phone';
const COINS = 500;
/** What a rose costs where nobody changed it. */
const ROSE = 5;

let platform: Platform;
let browser: Browser;

beforeAll(async () => {
  platform = await startPlatform('--recording.minFreeBytes=0', '--lottery.delayIterations=64000');
  browser = await launchChromium(['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']);
});

afterAll(async () => {
  await browser?.close();
  await platform?.[Symbol.asyncDispose]();
});

interface Person {
  page: Page;
  complaints: string[];
}

async function register(username: string, options: BrowserContextOptions): Promise<Person> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints = watchPage(page);
  await page.goto(`${platform.url}/register`);
  await page.getByTestId('username').fill(username);
  await page.getByTestId('password').fill('correct horse battery');
  await page.getByTestId('submit').click();
  await page.waitForURL(({ pathname }) => pathname !== '/register', WAIT);
  return { page, complaints };
}

const shows = (page: Page, testId: string, text: string | RegExp): Promise<void> =>
  page.getByTestId(testId).filter({ hasText: text }).first().waitFor(WAIT);

/** In its language and its look, and no wider than the screen. */
async function expectLook(page: Page, { locale, colorScheme, viewport }: typeof DESK | typeof PHONE): Promise<void> {
  const [lang, brightness, width] = await page.evaluate<[string, number, number]>(`(() => {
    const { lang, scrollWidth: width } = document.documentElement;
    const [red, green, blue] = getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/g).map(Number);
    const brightness = (red + green + blue) / 3;
    return [lang, brightness, width];
  })()`);
  expect(lang).toBe(locale === 'zh-CN' ? 'zh-CN' : 'en');
  expect(brightness < 128 ? 'dark' : 'light').toBe(colorScheme);
  expect(width).toBe(viewport.width);
}

/** A room that is recorded, live by the fake camera; its id. */
async function goLive({ page }: Person): Promise<string> {
  await page.goto(`${platform.url}/live`);
  await page.getByTestId('title-input').fill(TITLE);
  await page.getByTestId('record-always').click();
  await page.getByTestId('create-room').click();
  await page.getByTestId('open-devices').click(WAIT);
  await page.getByTestId('start-live').click(WAIT);
  await page.locator('[data-testid=stage-status][data-phase=live]').waitFor(WAIT);
  await expectLook(page, DESK);
  return new URL(page.url()).pathname.split('/').at(-1) ?? '';
}

/** The operator makes a code in another tab, and hands it on. */
async function makeCode({ page }: Person): Promise<string> {
  const office = await page.context().newPage();
  await office.goto(`${platform.url}/admin/ledger`);
  await office.getByTestId('make-codes').click(WAIT);
  await office.getByTestId('code-amount').fill(String(COINS));
  await office.getByTestId('code-count').fill('1');
  await office.getByTestId('code-make').click();
  const code = await office.getByTestId('codes').innerText(WAIT);
  await office.close();
  return code.trim();
}

async function redeem({ page }: Person, code: string): Promise<void> {
  await page.goto(`${platform.url}/wallet`);
  await page.getByTestId('redeem-code').fill(code);
  await page.getByTestId('redeem').click();
  await shows(page, 'wallet-balance', String(COINS));
  await expectLook(page, PHONE);
}

const flying = async (page: Page): Promise<number> =>
  Number(await page.getByTestId('danmaku').getAttribute('data-count', WAIT));

/** From the home page to everything that one can do in a room; when what was said was said. */
async function takePart(guest: Page, host: Page, roomId: string): Promise<number> {
  await guest.goto(platform.url);
  await guest.getByTestId('featured-title').filter({ hasText: TITLE }).click(WAIT);
  await guest.waitForURL(`**/rooms/${roomId}`, WAIT);
  await guest.locator('[data-testid=player][data-phase=playing]').waitFor(WAIT);
  await host.locator('[data-testid=viewer-count][data-count="1"]').first().waitFor(WAIT);
  await guest.getByTestId('chat-input').fill(HELLO);
  const saidAt = Date.now();
  await guest.getByTestId('chat-send').click();
  await shows(host, 'chat-message', HELLO);
  await until(async () => (await flying(guest)) > 0, { ...SOON, what: 'what was said flying over the live picture' });
  await expectLook(guest, PHONE);

  await guest.getByTestId('tab-info').click();
  await guest.getByTestId('follow').first().click();
  await guest.locator('[data-testid=follow][aria-pressed=true]').first().waitFor(WAIT);
  await guest.getByTestId('tab-chat').click();
  await guest.getByTestId('gift-open').click();
  await guest.getByTestId('gift-rose').click();
  await guest.getByTestId('gift-send').click(WAIT);
  await shows(host, 'chat-gift', 'guest');
  await guest.keyboard.press('Escape');
  return saidAt;
}

async function holdLottery(host: Page, guest: Page): Promise<void> {
  await host.getByTestId('section-interact').click();
  await host.getByTestId('lottery-prize').fill('一张签名照');
  await host.getByTestId('lottery-start').click();
  await guest.getByTestId('lottery-join').click(WAIT);
  await shows(host, 'lottery-open', '1 人参与');
  await host.getByTestId('lottery-draw').click();
  await guest.locator('[data-testid=lottery-card][data-status=drawn]').waitFor(WAIT);
  await shows(guest, 'lottery-card', 'You won');
}

/** What the streamer is told after the show, on the page as it stands: what came last is counted a little later. */
async function expectFigures(host: Page, figures: Record<string, string>): Promise<void> {
  for (const [name, value] of Object.entries(figures)) {
    await expect.poll(() => host.getByTestId(`summary-${name}`).innerText(), { ...WAIT, message: name }).toBe(value);
  }
  await shows(host, 'top-supporters', 'guest');
}

async function publishReplay(host: Page): Promise<void> {
  const recording = host.locator('[data-testid=recording][data-state=ready]').first();
  await recording.waitFor(WAIT);
  await recording.getByTestId('publish').click();
  await host.locator('[data-testid=recording][data-published=true]').waitFor(WAIT);
}

interface Seen {
  atS: number;
  durationS: number;
  flying: number;
  isSaid: boolean;
}

/** A replay's picture, and what is over and beside it at the same moment. */
const seen = (page: Page): Promise<Seen> =>
  page.evaluate<Seen>(`(() => {
    const part = (name) => document.querySelector('[data-testid=' + name + ']');
    const { currentTime: atS, duration: durationS } = part('replay-video');
    const isSaid = part('replay-chat').innerText.includes(${JSON.stringify(HELLO)});
    return { atS, durationS, flying: Number(part('danmaku').dataset.count), isSaid };
  })()`);

/** The second of the replay at which it was said, by what the server knows. */
async function placeOf(page: Page, saidAt: number): Promise<number> {
  const id = new URL(page.url()).pathname.split('/').at(-1) ?? '';
  const ask = async <Answer>(path: string): Promise<Answer> =>
    (await (await fetch(`${platform.url}/api/recordings/${id}${path}`)).json()) as Answer;
  const { timeBase } = await ask<{ timeBase: { mediaMs: number; epochMs: number }[] }>('');
  const { messages } = await ask<{ messages: { mediaAt: number }[] }>('/chat');
  const mediaAt = messages[0]?.mediaAt ?? 0;
  // What a viewer sees is a little older than the moment in which they speak of it.
  expect(Math.abs(saidAt - mediaAt), 'how far from the moment it was sent').toBeLessThan(10_000);
  const [start] = timeBase;
  return ((start?.mediaMs ?? 0) + mediaAt - (start?.epochMs ?? 0)) / 1000;
}

/** Nothing flies before its moment, and it flies then. */
async function seeAgain(page: Page, saidAt: number): Promise<void> {
  await page.reload();
  await page.getByTestId('tab-info').click(WAIT);
  await page.getByTestId('replay-card').first().click(WAIT);
  await page.waitForURL('**/replay/**', WAIT);
  await page.locator('[data-testid=replay-player][data-state=playing]').waitFor(WAIT);
  await page.getByTestId('danmaku').waitFor({ state: 'attached', ...WAIT });
  await until(async () => (await seen(page)).atS > 0, { ...SOON, what: 'the replay playing' });
  await expectLook(page, PHONE);
  const placeS = await placeOf(page, saidAt);
  const { durationS } = await seen(page);
  expect(placeS).toBeGreaterThan(4);
  expect(placeS).toBeLessThan(durationS);
  const bar = await page.getByTestId('seek-bar').boundingBox();
  const share = (placeS - 3) / durationS;
  await page.mouse.click((bar?.x ?? 0) + (bar?.width ?? 0) * share, (bar?.y ?? 0) + (bar?.height ?? 0) / 2);
  await until(
    async () => {
      const { atS, flying: before, isSaid } = await seen(page);
      return atS > placeS - 3.5 && atS < placeS - 0.5 && before === 0 && !isSaid;
    },
    { ...SOON, intervalMs: 10, what: 'the moment before it was said, with nothing flying' },
  );
  const then = await until(
    async () => {
      const now = await seen(page);
      return now.flying > 0 && now;
    },
    { ...SOON, intervalMs: 10, what: 'what was said flying over the replay' },
  );
  expect(then.atS).toBeGreaterThan(placeS - 0.5);
  expect(then.atS).toBeLessThan(placeS + 4);
  expect(then.isSaid, 'beside the picture too').toBe(true);
}

test('from a camera to somebody on a phone, and to the replay', { timeout: 240_000 }, async () => {
  const host = await register('host', DESK);
  const roomId = await goLive(host);
  const guest = await register('guest', PHONE);
  await redeem(guest, await makeCode(host));
  const saidAt = await takePart(guest.page, host.page, roomId);
  await holdLottery(host.page, guest.page);

  await host.page.getByTestId('end-live').click();
  await host.page.getByTestId('confirm-action').click();
  await host.page.getByTestId('ended-panel').waitFor(WAIT);
  await guest.page.getByTestId('player-ended').waitFor(WAIT);
  const one = { peakViewers: '1', viewers: '1', messages: '1', newFollowers: '1' };
  await expectFigures(host.page, { ...one, coins: String(ROSE) });
  await publishReplay(host.page);

  await seeAgain(guest.page, saidAt);
  expect([...host.complaints, ...guest.complaints].filter((text) => text.startsWith('uncaught'))).toEqual([]);
});
