// A streamer's evening with a program like OBS: connecting, the show, its settings, another service, and the summary.
import { execFileSync } from 'node:child_process';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { publishTestPicture } from '../support/ffmpeg.ts';
import { LocalMediaServer } from '../support/local-media-server.ts';
import { type Platform, startPlatform } from '../support/platform.ts';
import type { Program } from '../support/program.ts';
import { until } from '../support/until.ts';
import { joinInBrowser, type WebPerson } from '../support/web-people.ts';

const WAIT = { timeout: 60_000 };
const KEY = 'elsewhere-secret';
const PHONE = { width: 390, height: 844 };

let platform: Platform;
let far: LocalMediaServer;
let browser: Browser;
let host: WebPerson;
let fan: WebPerson;
let encoder: Program;
let roomId: string;

beforeAll(async () => {
  platform = await startPlatform('--media.relay.allowPrivate=true', '--media.graceMs=20000');
  far = await LocalMediaServer.start();
  browser = await launchChromium();
  host = await joinInBrowser(platform, browser, { username: 'host', viewport: { width: 1440, height: 900 } });
  fan = await joinInBrowser(platform, browser, { username: 'fan' });
  for (const { page } of [host, fan]) page.setDefaultTimeout(WAIT.timeout);
});

afterAll(async () => {
  await encoder?.stop();
  await browser?.close();
  await platform?.[Symbol.asyncDispose]();
  await far?.stop();
});

const valueOf = (page: Page, testId: string): Promise<string | null> =>
  page.getByTestId(testId).getAttribute('data-value', WAIT);

test('somebody who never streamed is shown three ways, and by OBS the list turns green with the first bytes', async () => {
  const { page } = host;
  await page.goto(`${platform.url}/studio`);
  await page.getByTestId('ways-to-start').waitFor(WAIT);
  await page.getByTestId('start-encoder').click();
  await page.getByTestId('title-input').fill('红烧肉之夜');
  await page.getByTestId('create-room').click();
  await page.locator('[data-testid=check-connected][data-state=waiting]').waitFor(WAIT);
  roomId = new URL(page.url()).pathname.split('/').at(-1) ?? '';
  const [server, key] = await Promise.all([valueOf(page, 'server-url'), valueOf(page, 'stream-key')]);
  expect(await page.locator('body').innerText(), 'the key is not on the screen').not.toContain(key);

  const saving = page.waitForEvent('download', WAIT);
  await page.getByTestId('obs-profile-save').click(WAIT);
  const download = await saving;
  expect(download.suggestedFilename()).toBe('kaibo-obs-profile.zip');
  expect(download.url(), 'the key is in no address').not.toContain(key);
  const service = execFileSync('unzip', ['-p', await download.path(), 'service.json'], { encoding: 'utf8' });
  expect(JSON.parse(service)).toMatchObject({ type: 'rtmp_custom', settings: { server, key } });

  encoder = publishTestPicture(`${server}/${key}`);
  await page.locator('[data-testid=checklist][data-done=true]').waitFor(WAIT);
  for (const check of ['connected', 'keyframes', 'bframes', 'visible'])
    expect(await page.getByTestId(`check-${check}`).getAttribute('data-state'), check).toBe('ok');
  await page.locator('[data-testid=health][data-publishing=true]').waitFor(WAIT);
  expect(await page.getByTestId('strip-resolution').innerText()).toBe('320 × 180');
  await page.locator('[data-testid=preview] [data-testid=player][data-phase=playing]').waitFor(WAIT);
});

test('the graphs get points by themselves, and what is set is seen by viewers', async () => {
  const { page } = host;
  const chart = page.getByTestId('chart-bitrateBps');
  await until(async () => Number(await chart.getAttribute('data-points', WAIT)) >= 1, {
    timeoutMs: 60_000,
    what: 'a point in the graph',
  });
  await until(async () => /bps/.test(await page.getByTestId('chart-bitrateBps-value').innerText()), {
    timeoutMs: 60_000,
    what: 'the bitrate being read out',
  });

  await fan.page.goto(`${platform.url}/rooms/${roomId}`);
  await fan.page.getByTestId('room-title').waitFor(WAIT);
  await page.getByTestId('section-settings').click();
  await page.getByTestId('settings-title').fill('红烧肉与米饭');
  await page.getByTestId('settings-category-life').click();
  await page.getByTestId('settings-save').click();
  await fan.page.getByTestId('room-title').filter({ hasText: '红烧肉与米饭' }).waitFor(WAIT);
  await page.reload();
  await page.getByTestId('settings-title').waitFor(WAIT);
  expect(await page.getByTestId('settings-title').inputValue(), 'the tab is kept by the address').toBe('红烧肉与米饭');
});

test('the picture is sent on to another server, whose key nobody sees', async () => {
  const { page } = host;
  await page.getByTestId('section-restream').click(WAIT);
  await page.getByTestId('relay-server').fill(`rtmp://127.0.0.1:${far.ports.rtmp}/live`);
  await page.getByTestId('relay-save').click();
  expect(await page.getByTestId('relay-form').getByRole('alert').first().innerText()).toBe('请填写推流码。');
  await page.getByTestId('relay-key').fill(KEY);
  await page.getByTestId('relay-save').click();
  await page.locator('[data-testid=relay][data-state=pushing]').waitFor(WAIT);
  await far.isState(KEY, 'publishing');
  expect(await page.getByTestId('restream').innerText()).not.toContain(KEY);
  await page.getByTestId('relay-enabled').click();
  await page.locator('[data-testid=relay][data-state=idle]').waitFor(WAIT);
  await until(() => far.stream(KEY)?.state !== 'publishing', { timeoutMs: 30_000, what: 'nothing being sent on' });
});

test('talk is moderated beside the picture, and on a phone the chat is one of the tabs', async () => {
  const { page } = host;
  for (const text of ['晚上好', '买粉加我']) await fan.call('POST', `/api/rooms/${roomId}/chat`, { text });
  const bad = page.getByTestId('chat-message').filter({ hasText: '买粉加我' });
  await bad.locator('button.name').click(WAIT);
  await page.getByTestId('action-delete').click(WAIT);
  await bad.waitFor({ state: 'detached', ...WAIT });
  await page.getByTestId('message-sheet').waitFor({ state: 'detached', ...WAIT });

  await page.getByTestId('chat-message').filter({ hasText: '晚上好' }).locator('button.name').click(WAIT);
  await page.getByTestId('mute-m10').click(WAIT);
  await fan.page.getByTestId('chat-closed').waitFor(WAIT);
  await expect(fan.call('POST', `/api/rooms/${roomId}/chat`, { text: '还在吗' })).rejects.toThrow('muted');
  await page.getByTestId('studio-tab-muted').click();
  await page.getByTestId('mute').filter({ hasText: 'FAN' }).getByTestId('unmute').click(WAIT);
  await page.getByTestId('mute').waitFor({ state: 'detached', ...WAIT });
  await fan.page.getByTestId('chat-input').waitFor(WAIT);
  await page.getByTestId('studio-tab-chat').click();

  await page.setViewportSize(PHONE);
  expect(await page.getByTestId('studio-chat').isVisible()).toBe(false);
  await page.getByTestId('section-chat').click(WAIT);
  await page.getByTestId('chat-message').filter({ hasText: '晚上好' }).waitFor(WAIT);
  const width = await page.evaluate<number>('document.documentElement.scrollWidth');
  expect(width, 'nothing hangs over').toBeLessThanOrEqual(PHONE.width);
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.getByTestId('studio-chat').waitFor(WAIT);
});

test('after the show its figures are true, and the next one begins with its title', async () => {
  const { page } = host;
  await host.call('POST', `/api/admin/wallets/${fan.id}/credit`, { amount: 1000, note: 'test' });
  await fan.call('POST', `/api/users/${host.id}/follow`, {});
  const { total } = await fan.call<{ total: number }>('POST', `/api/rooms/${roomId}/gifts`, {
    giftId: 'rose',
    count: 5,
  });
  expect(total).toBeGreaterThan(0);
  await page.getByTestId('end-button').click();
  await page.getByTestId('confirm-action').click();
  await page.getByTestId('ended-panel').waitFor(WAIT);
  await page.getByTestId('summary-figures').waitFor(WAIT);
  // What was said and given a moment ago is counted soon.
  await until(
    async () => {
      const known = await host.call<Record<string, number>>('GET', `/api/rooms/${roomId}/summary`);
      return known['coins'] === total && known['newFollowers'] === 1 && known['messages'] === 1;
    },
    { timeoutMs: 60_000, what: 'the figures being counted' },
  );
  await page.reload();
  const figure = (name: string): Promise<string> => page.getByTestId(`summary-${name}`).innerText(WAIT);
  expect(await figure('coins')).toBe(String(total));
  expect(await figure('newFollowers')).toBe('1');
  expect(await figure('messages'), 'what was deleted does not count').toBe('1');
  expect(Number(await figure('peakViewers'))).toBeGreaterThanOrEqual(1);
  await page.getByTestId('top-supporters').getByText('FAN').waitFor(WAIT);

  await page.goto(`${platform.url}/studio`);
  await page.getByTestId('show').filter({ hasText: '红烧肉与米饭' }).getByRole('link').click(WAIT);
  await page.getByTestId('go-live-again').click(WAIT);
  await page.getByTestId('title-input').waitFor(WAIT);
  expect(await page.getByTestId('title-input').inputValue()).toBe('红烧肉与米饭');
  expect(host.complaints.filter((text) => text.startsWith('uncaught'))).toEqual([]);
});
