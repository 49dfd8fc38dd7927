// An operator at work in real Chromium: what the pages under /admin show is what is so, and what is done there happens
// to the people it is done to, whose own pages are open beside.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { publishTestPicture } from '../support/ffmpeg.ts';
import { type Platform, startPlatform } from '../support/platform.ts';
import { joinInBrowser, type WebPerson } from '../support/web-people.ts';

const WAIT = { timeout: 60_000 };
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

interface OwnRoom {
  id: string;
  publishUrls: { rtmp: string };
}

let platform: Platform;
let browser: Browser;
let admin: WebPerson;
let streamer: WebPerson;

beforeAll(async () => {
  platform = await startPlatform('--limits.writePerMinute=100000', '--limits.loginPerMinute=1000');
  browser = await launchChromium();
  admin = await joinInBrowser(platform, browser, { username: 'operator' });
  streamer = await joinInBrowser(platform, browser, { username: 'streamer' });
});

afterAll(async () => {
  await browser?.close();
  await platform?.[Symbol.asyncDispose]();
});

async function join(username: string, options: object = {}): Promise<WebPerson> {
  const person = await joinInBrowser(platform, browser, { username, ...options });
  onTestFinished(() => person.context.close());
  return person;
}

/** A page of the operator's, as far as its title is there. */
async function open(path: string, { page }: Pick<WebPerson, 'page'> = admin): Promise<Page> {
  await page.goto(`${platform.url}/admin${path}`, WAIT);
  await page.getByTestId('admin').locator('h1').waitFor(WAIT);
  return page;
}

const shows = (page: Page, testId: string, text: string | RegExp): Promise<void> =>
  page.getByTestId(testId).filter({ hasText: text }).first().waitFor(WAIT);

/** Opens the menu of the row that has the text, and chooses from it. */
async function choose(page: Page, row: string, text: string, action: string): Promise<void> {
  await page.getByTestId(row).filter({ hasText: text }).first().getByTestId('row-menu').click(WAIT);
  await page.getByTestId(`action-${action}`).click(WAIT);
}

test('a broadcast is seen as it is, looked at, disconnected and ended, and its viewers are told', async () => {
  const room = await streamer.call<OwnRoom>('POST', '/api/rooms', { title: '巡查中的直播' });
  const viewer = await join('viewer');
  await using _encoder = publishTestPicture(room.publishUrls.rtmp);
  const page = await open('');
  await shows(page, 'stream', /巡查中的直播[^]*RTMP · 320×180/);
  await shows(page, 'figure-streams', /1/);
  await shows(page, 'node', /数据库 · 正常/);
  await shows(page, 'monitor-live', '实时');
  await page.getByTestId('figure-inBps').click();
  await shows(page, 'figure-chart', '入带宽');

  await page.getByTestId('admin-rooms').click();
  await choose(page, 'room-row', '巡查中的直播', 'watch');
  const video = page.getByTestId('watch-dialog').locator('video');
  const playedS = (): Promise<number> =>
    video.evaluate((element) => (element as unknown as { currentTime: number }).currentTime);
  await expect.poll(playedS, WAIT).toBeGreaterThan(0);
  await page.keyboard.press('Escape');

  await viewer.page.goto(`${platform.url}/rooms/${room.id}`, WAIT);
  await viewer.page.locator('[data-testid=room-status][data-status=live]').waitFor(WAIT);
  await choose(page, 'room-row', '巡查中的直播', 'cut');
  await page.getByTestId('confirm-action').click();
  await viewer.page.locator('[data-testid=room-status][data-status=interrupted]').waitFor(WAIT);
  await choose(page, 'room-row', '巡查中的直播', 'end');
  await page.getByTestId('confirm-action').click();
  await viewer.page.getByTestId('player-ended').waitFor(WAIT);
  await page.getByTestId('table-empty').waitFor(WAIT);
  await page.getByTestId('rooms-ended').click();
  await shows(page, 'room-row', '巡查中的直播');
});

test('somebody who is banned is logged out where they are, and cannot log in', async () => {
  const rude = await join('rude');
  await rude.page.goto(`${platform.url}/settings`, WAIT);
  await rude.page.locator('h1').waitFor(WAIT);
  const page = await open('/users');
  await page.getByTestId('users-search').fill('RUDE');
  await expect.poll(() => page.getByTestId('user-row').count(), WAIT).toBe(1);
  await choose(page, 'user-row', 'rude', 'ban');
  await page.getByTestId('term-week').click();
  await page.getByTestId('ban-reason').fill('刷广告');
  await page.getByTestId('ban-confirm').click();
  await shows(page, 'user-row', /封禁至.*刷广告/s);
  await rude.page.waitForURL(/\/login/, WAIT);
  await page.getByTestId('users-banned').click();
  await shows(page, 'user-row', 'rude');
  await choose(page, 'user-row', 'rude', 'unban');
  await page.getByTestId('table-empty').waitFor(WAIT);
});

test('an account is made, gets coins, and a link for a new password that is shown once', async () => {
  const page = await open('/users');
  await page.getByTestId('create-user').click();
  await page.getByTestId('create-user-confirm').click();
  await page.getByText('请填写这一项').first().waitFor(WAIT);
  await page.getByTestId('new-username').fill('made');
  await page.getByTestId('new-password').fill('correct horse battery');
  await page.getByTestId('create-user-confirm').click();
  await shows(page, 'user-row', '@made');
  await choose(page, 'user-row', '@made', 'wallet');
  await page.getByTestId('wallet-amount').fill('1,500');
  await page.getByTestId('wallet-note').fill('活动奖励');
  await page.getByTestId('wallet-move').click();
  await shows(page, 'wallet-balance', '1,500');
  await page.keyboard.press('Escape');
  await choose(page, 'user-row', '@made', 'reset');
  await page.getByTestId('make-reset-link').click();
  await expect.poll(() => page.getByTestId('reset-link').getAttribute('data-value'), WAIT).toMatch(/\/reset[#?]/);
});

test('a word is masked from now on, and what is reported is decided', async () => {
  const page = await open('/words');
  await page.getByTestId('new-word').fill('笨蛋');
  await page.getByTestId('add-word').click();
  await shows(page, 'word-row', '笨蛋');
  await page.getByTestId('trial-text').fill('你这个笨*蛋');
  await page.getByTestId('trial').click();
  await shows(page, 'trial-answer', '你这个***');

  const { id: roomId } = await streamer.call<OwnRoom>('POST', '/api/rooms', { title: '聊天室' });
  const writer = await join('writer');
  const { message } = await writer.call<{ message: { id: string; text: string } }>(
    ...(['POST', `/api/rooms/${roomId}/chat`, { text: '笨蛋都来买粉' }] as const),
  );
  expect(message.text).toBe('**都来买粉');
  const report = { subject: 'message', messageId: message.id, reason: 'spam', text: '又来了' };
  await streamer.call('POST', `/api/rooms/${roomId}/reports`, report);
  await page.getByTestId('admin-reports').click();
  await shows(page, 'report', /\*\*都来买粉[^]*又来了/);
  await page.getByTestId('report-mute').click();
  await page.getByTestId('decide-confirm').click();
  await page.getByTestId('no-reports').waitFor(WAIT);
  await expect(writer.call('POST', `/api/rooms/${roomId}/chat`, { text: '还在吗' })).rejects.toThrow('muted');
});

test('codes are shown once and redeem, a gift costs what it is given, and both are in the books', async () => {
  const page = await open('/ledger');
  await page.getByTestId('make-codes').click();
  await page.getByTestId('code-amount').fill('300');
  await page.getByTestId('code-count').fill('2');
  await page.getByTestId('code-make').click();
  const codes = page.getByTestId('codes');
  await codes.waitFor(WAIT);
  const [code = ''] = ((await codes.textContent()) ?? '').trim().split('\n');
  await page.keyboard.press('Escape');
  const fan = await join('fan');
  expect(await fan.call('POST', '/api/wallet/redeem', { code })).toMatchObject({ amount: 300 });

  await page.getByTestId('admin-gifts').click();
  await choose(page, 'gift-row', 'rose', 'edit');
  await page.getByTestId('gift-price').fill('7');
  await page.getByTestId('gift-save').click();
  await shows(page, 'gift-row', /rose\s*.*7/s);
  const { id: roomId } = await streamer.call<OwnRoom>('POST', '/api/rooms', { title: '收礼' });
  expect(await fan.call('POST', `/api/rooms/${roomId}/gifts`, { giftId: 'rose' })).toMatchObject({ balance: 293 });
  await page.getByTestId('gifts-orders').click();
  await page.getByTestId('refund').click(WAIT);
  await page.getByTestId('refund-confirm').click();
  await shows(page, 'order-row', '已退回');
  expect(await fan.call('GET', '/api/wallet')).toMatchObject({ balance: 300 });

  await page.getByTestId('admin-ledger').click();
  await shows(page, 'batch-row', /300[^]*1[^]*1/);
  await page.getByTestId('verify-books').click();
  await shows(page, 'books-answer', '账目无误');
  await page.getByTestId('account-search').fill('fan');
  await page.getByTestId('accounts-found').getByText('@fan').click(WAIT);
  await expect.poll(() => page.getByTestId('statement-line').count(), WAIT).toBe(3);
});

test('a node is emptied, and works again', async () => {
  const page = await open('/nodes');
  const node = page.getByTestId('node');
  const isReady = async (): Promise<boolean> => (await fetch(`${platform.url}/readyz`)).ok;
  await node.getByRole('button', { name: '排空' }).click(WAIT);
  await expect.poll(() => node.textContent(), WAIT).toMatch(/排空中|已排空/);
  expect(await isReady()).toBe(false);
  await node.getByRole('button', { name: '恢复工作' }).click(WAIT);
  await expect.poll(isReady, WAIT).toBe(true);
  await expect.poll(() => node.textContent(), WAIT).not.toMatch(/排空中|已排空/);
});

test('the log has all of it, the settings no secret, on a phone too; nobody else comes in', async () => {
  const page = await open('/audit');
  await shows(page, 'audit-row', 'codes.made');
  for (const action of ['room.ended', 'room.cut', 'user.banned', 'word.added', 'gift.changed', 'report.decided']) {
    await page.getByTestId('audit-action').fill(action);
    await expect.poll(() => page.getByTestId('audit-row').first().textContent(), WAIT).toContain(action);
    await shows(page, 'audit-row', 'OPERATOR');
  }
  await page.getByTestId('admin-config').click();
  await page.getByTestId('config-search').fill('limits.writePerMinute');
  await shows(page, 'setting', /100000\s*.*命令行/s);

  const phone = await browser.newContext({
    ...PHONE,
    locale: 'zh-CN',
    storageState: await admin.context.storageState(),
  });
  onTestFinished(() => phone.close());
  await phone.addInitScript((id) => localStorage.setItem('kaibo.login', id), admin.id);
  const small = { page: await phone.newPage() };
  for (const path of ['', '/users', '/gifts', '/audit', '/config']) {
    await open(path, small);
    expect(await small.page.evaluate('document.documentElement.scrollWidth'), path).toBe(390);
  }
  await streamer.page.goto(`${platform.url}/admin/users`, WAIT);
  await streamer.page.getByTestId('admin-refused').waitFor(WAIT);
  await expect(streamer.call('GET', '/api/monitor/overview')).rejects.toThrow('403');
  expect(admin.complaints.filter((text) => text.startsWith('uncaught'))).toEqual([]);
});
