// Gifts in real Chromium: who gives sees coins go and a combo count, who watches sees it celebrated, and who streams
// sees what it brought. The wallet gets coins by a code, and says what became of them.
import type { Browser, Page } from 'playwright-core';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { type Platform, startPlatform } from '../support/platform.ts';
import { BrowserSeats, joinInBrowser, type WebPerson } from '../support/web-people.ts';

const WAIT = { timeout: 60_000 };
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

/** In the page, of which these tests have no types. */
const COUNT_EFFECTS = `window.mostEffects = 0;
new MutationObserver(() => {
  const count = document.querySelectorAll('[data-testid=gift-full]').length;
  window.mostEffects = Math.max(window.mostEffects, count);
}).observe(document, { subtree: true, childList: true })`;

let platform: Platform;
let browser: Browser;
let seats: BrowserSeats;
/** Administrates the platform, too. */
let host: WebPerson;
let roomId: string;

beforeAll(async () => {
  platform = await startPlatform('--limits.writePerMinute=100000');
  browser = await launchChromium();
  seats = new BrowserSeats(platform, browser);
  host = await joinInBrowser(platform, browser, { username: 'host' });
  ({ id: roomId } = await host.call<{ id: string }>('POST', '/api/rooms', { title: '礼物直播间' }));
});

afterAll(async () => {
  await browser?.close();
  await platform?.[Symbol.asyncDispose]();
});

/** Somebody whose browser is another one's in the next test. */
async function join(username: string, coins: number, options: object = {}): Promise<WebPerson> {
  const person = await seats.join({ username, ...options });
  onTestFinished(() => seats.leave(person));
  if (coins > 0) await host.call('POST', `/api/admin/wallets/${person.id}/credit`, { amount: coins, note: '=1+1' });
  return person;
}

const give = (person: WebPerson, giftId: string, count = 1): Promise<object> =>
  person.call('POST', `/api/rooms/${roomId}/gifts`, { giftId, count });

/** The room's page, which hears what happens from then on. */
async function enter({ page }: Pick<WebPerson, 'page'>): Promise<void> {
  await page.goto(`${platform.url}/rooms/${roomId}`);
  await page.locator('[data-testid=chat][data-state=open]').waitFor(WAIT);
  await page.getByTestId('gift-effect').waitFor({ state: 'attached', ...WAIT });
  await page.getByTestId('combo-tray').waitFor({ state: 'attached', ...WAIT });
}

const shows = (page: Page, testId: string, text: string): Promise<void> =>
  page.getByTestId(testId).filter({ hasText: text }).first().waitFor(WAIT);

test('a combo counts up for who gives and who watches, and every tab has the same balance', async () => {
  const [giver, watcher] = [await join('giver', 1000), await join('watcher', 0)];
  const wallet = await giver.context.newPage();
  await Promise.all([enter(giver), enter(watcher), wallet.goto(`${platform.url}/wallet`)]);
  await shows(wallet, 'wallet-balance', '1,000');

  await giver.page.getByTestId('gift-rose').click();
  const send = giver.page.getByTestId('gift-send');
  for (const combo of [1, 2, 3]) {
    await send.click(WAIT);
    await giver.page.locator(`[data-testid=gift-send][data-combo="${combo}"]`).waitFor(WAIT);
  }
  await shows(watcher.page, 'combo-tray', '×3');
  await shows(watcher.page, 'combo-tray', 'GIVER');
  for (const [page, testId] of [
    [giver.page, 'balance'],
    [wallet, 'wallet-balance'],
  ] as const)
    await shows(page, testId, '985');

  await giver.page.getByTestId('gift-cake').click();
  await giver.page.getByTestId('gift-count-10').click();
  await shows(giver.page, 'gift-total', '共 520 金币');
  await send.click(WAIT);
  await shows(watcher.page, 'gift-banner', 'GIVER 送出 蛋糕 ×10');
  await shows(giver.page, 'balance', '465');
  expect([...giver.complaints, ...watcher.complaints].filter((text) => text.startsWith('uncaught'))).toEqual([]);
});

test('one gift after the other fills the picture; for those who want no motion none does', async () => {
  const rich = await join('rich', 100_000);
  const [watcher, calm] = [await join('viewer', 0), await join('calm', 0, { reducedMotion: 'reduce' })];
  await Promise.all([watcher, calm].map(enter));
  for (const { page } of [watcher, calm]) await page.evaluate(COUNT_EFFECTS);

  await give(rich, 'fireworks');
  await watcher.page.locator('[data-testid=gift-full][data-animation=fireworks]').waitFor(WAIT);
  await Promise.all([give(rich, 'rocket'), give(rich, 'racing-car')]);
  await watcher.page.locator('[data-testid=gift-full][data-animation=launch]').waitFor(WAIT);
  await shows(watcher.page, 'gift-banner', 'RICH 送出 火箭');
  expect(await watcher.page.evaluate('window.mostEffects')).toBe(1);
  await shows(calm.page, 'gift-banner', 'RICH');
  expect(await calm.page.evaluate('window.mostEffects'), 'the banner alone').toBe(0);
});

test('who has too few coins is told how many, and gets them by a code', async () => {
  const { codes } = await host.call<{ codes: string[] }>('POST', '/api/admin/codes', { amount: 500, count: 1 });
  const poor = await join('poor', 66);
  const { page } = poor;
  await enter(poor);
  await page.getByTestId('gift-diamond').click();
  await shows(page, 'gift-total', '还差 454 金币');
  expect(await page.getByTestId('gift-send').count()).toBe(0);
  await page.getByTestId('gift-top-up').click();

  await shows(page, 'wallet-balance', '66');
  await page.getByTestId('redeem-code').fill('KB-NOT-A-CODE');
  await page.getByTestId('redeem').click();
  await page.getByTestId('form-problem').waitFor(WAIT);
  await page.getByTestId('redeem-code').fill(` ${codes[0]?.toLowerCase()} `);
  await page.getByTestId('redeem').click();
  await shows(page, 'wallet-balance', '566');
  await shows(page, 'statement-line', '兑换码');

  await enter(poor);
  await page.getByTestId('gift-diamond').click();
  await page.getByTestId('gift-send').click(WAIT);
  await shows(page, 'balance', '46');
});

test('the statement has pages, kinds and a file for spreadsheets', async () => {
  const saver = await join('saver', 100);
  for (let n = 0; n < 34; n++) await give(saver, 'heart');
  const { page } = saver;
  await page.goto(`${platform.url}/wallet`);
  const lines = page.getByTestId('statement-line');
  await expect.poll(() => lines.count(), WAIT).toBe(30);
  await expect.poll(() => lines.first().textContent(), WAIT).toMatch(/礼物\s*小心心 ×1.*-1\s*66/s);
  await page.getByTestId('statement-more').click();
  await expect.poll(() => lines.count(), WAIT).toBe(35);
  await page.getByTestId('statement-kind').selectOption('credit');
  await expect.poll(() => lines.count(), WAIT).toBe(1);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('statement-download').click()]);
  const csv = await readFile(await download.path(), 'utf8');
  expect(csv.trim().split('\r\n')).toHaveLength(2);
  expect(csv, 'no formula').toContain(`"'=1+1"`);
  await page.getByTestId('statement-revenue').click();
  await page.getByTestId('statement-empty').waitFor(WAIT);
});

test('gifts are chosen by keys, and on a phone from a sheet', async () => {
  const [typist, walker] = [await join('typist', 100), await join('walker', 100, PHONE)];
  await Promise.all([enter(typist), enter(walker)]);
  const { page } = typist;
  const [heart, rose] = ['小心心', '玫瑰'].map((name) => page.getByRole('radio', { name: new RegExp(name) }));
  await heart?.focus(WAIT);
  await page.keyboard.press('Space');
  await page.keyboard.press('ArrowRight');
  expect(await rose?.isChecked()).toBe(true);
  // Past the way to more coins, to how many.
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('ArrowRight');
  await shows(page, 'gift-total', '共 50 金币');
  await page.getByRole('button', { name: '赠送' }).press('Enter');
  await shows(page, 'balance', '50');
  await rose?.focus();
  await page.keyboard.press('Escape');
  await page.getByTestId('gift-order').waitFor({ state: 'detached', ...WAIT });

  await walker.page.getByRole('button', { name: '礼物' }).tap();
  const sheet = walker.page.getByTestId('gift-sheet');
  await sheet.getByTestId('gift-lollipop').tap();
  await sheet.getByTestId('gift-send').tap();
  await sheet.getByTestId('balance').filter({ hasText: '91' }).waitFor(WAIT);
  await walker.page.keyboard.press('Escape');
  await sheet.waitFor({ state: 'detached', ...WAIT });

  // Whoever may not speak may give all the same.
  await host.call('POST', `/api/rooms/${roomId}/mutes`, { userId: walker.id });
  await walker.page.getByTestId('chat-closed').waitFor(WAIT);
  await walker.page.getByTestId('gift-open').waitFor(WAIT);
});

test('a streamer sets a goal, sees it come nearer and what gifts brought, and takes it away', async () => {
  const [fan, own] = [await join('fan', 1000), await host.context.newPage()];
  await Promise.all([enter(fan), host.page.goto(`${platform.url}/live/${roomId}#interact`)]);
  await own.goto(`${platform.url}/rooms/${roomId}`);
  await own.getByTestId('gift-earned').waitFor(WAIT);
  expect(await own.getByTestId('gift-bar').count(), 'nobody gives to themselves').toBe(0);
  const { page } = host;
  const form = page.getByTestId('goal-form');
  await form.getByTestId('goal-save').click(WAIT);
  await form.getByText('请填写目标名称。').waitFor(WAIT);
  await form.getByTestId('goal-title').fill('新麦克风');
  await form.getByTestId('goal-target').fill('200');
  await form.getByTestId('goal-save').click();
  await shows(fan.page, 'room-goal', '0 / 200 金币');

  const before = await host.call<{ coins: number }>('GET', `/api/gifts/earned?roomId=${roomId}`);
  await give(fan, 'bouquet', 2);
  await fan.page.locator('[data-testid=room-goal] [data-percent="99"]').waitFor(WAIT);
  const coins = (before.coins + 99).toLocaleString('en');
  for (const span of ['room', 'today', 'ever', 'unpaid']) await shows(page, `revenue-${span}`, coins);
  await shows(own, 'gift-earned-coins', coins);
  await give(fan, 'rose');
  await fan.page.locator('[data-testid=room-goal] [data-percent="100"]').waitFor(WAIT);

  await form.getByTestId('goal-remove').click();
  await page.getByTestId('confirm-action').click();
  await fan.page.getByTestId('room-goal').waitFor({ state: 'detached', ...WAIT });
  expect(host.complaints.filter((text) => text.startsWith('uncaught'))).toEqual([]);
});
