// A lottery in real Chromium: a host holds it, a guest enters, and the guest's browser recomputes the draw.
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium, watchPage } from '../support/chromium.ts';
import { type Platform, startPlatform } from '../support/platform.ts';

interface Proof {
  beacon: { checkpoints: string[] };
}
/** Of another lottery, which fits in itself. */
const forged = JSON.parse(
  readFileSync(new URL('../../packages/web/test/lottery-proof.json', import.meta.url), 'utf8'),
) as object;
const WAIT = { timeout: 60_000 };
const PASSWORD = 'correct horse battery';

let platform: Platform;
let browser: Browser;

beforeAll(async () => {
  platform = await startPlatform('--lottery.delayIterations=64000');
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await platform?.[Symbol.asyncDispose]();
});

async function register(username: string): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'zh-CN' });
  const page = await context.newPage();
  const complaints = watchPage(page);
  await page.goto(`${platform.url}/register`);
  await page.getByTestId('username').fill(username);
  await page.getByTestId('password').fill(PASSWORD);
  await page.getByTestId('submit').click();
  await page.getByTestId('account-menu').waitFor(WAIT);
  return { page, complaints };
}

async function makeRoom(page: Page): Promise<string> {
  await page.goto(`${platform.url}/live`);
  await page.getByTestId('title-input').fill('抽奖直播间');
  await page.getByTestId('create-room').click();
  await page.getByTestId('section-interact').click(WAIT);
  await page.getByTestId('lottery-control').waitFor(WAIT);
  return new URL(page.url()).pathname.split('/').at(-1) ?? '';
}

test('a host holds a lottery, a guest enters and wins, and their browser recomputes the draw', async () => {
  const [host, guest] = [await register('host'), await register('guest')];
  const roomId = await makeRoom(host.page);
  await guest.page.goto(`${platform.url}/rooms/${roomId}`);

  await host.page.getByTestId('lottery-start').click();
  expect(await host.page.getByTestId('lottery-control').getByRole('alert').first().textContent()).toBe('请填写奖品。');
  await host.page.getByTestId('lottery-prize').fill('一箱橙子');
  await host.page.getByTestId('lottery-start').click();
  await host.page.getByTestId('lottery-open').waitFor(WAIT);

  await guest.page.getByTestId('lottery-join').click(WAIT);
  await guest.page.getByText('你是第 1 号').waitFor(WAIT);
  await host.page.getByTestId('lottery-open').getByText('1 人参与').waitFor(WAIT);
  await host.page.getByTestId('lottery-draw').click();
  const card = guest.page.locator('[data-testid=lottery-card][data-status=drawn]');
  await card.getByText('恭喜，你中奖了！').waitFor(WAIT);

  await guest.page.getByTestId('lottery-verify').click();
  const proof = guest.page.getByTestId('lottery-proof');
  await proof.and(guest.page.locator('[data-outcome=ok]')).waitFor(WAIT);
  expect(await proof.locator('[data-state=ok]').count()).toBe(4);
  // It was there when the lottery was open, and remembers.
  expect(await guest.page.getByTestId('lottery-witness').textContent()).toContain('包括你自己的参与记录');

  // A server that changes its mind: a value on the way of the delay, and a whole lottery that fits in itself.
  const tampered = async (change: (proof: Proof) => object): Promise<void> => {
    await guest.page.route('**/proof', async (route) => {
      const answer = (await (await route.fetch()).json()) as Proof;
      await route.fulfill({ json: { ...answer, ...change(answer) } });
    });
    await guest.page.reload();
    await proof.and(guest.page.locator('[data-outcome=failed], [data-outcome=ok]')).waitFor(WAIT);
    await guest.page.unroute('**/proof');
  };
  await tampered(({ beacon }) => ({
    beacon: { ...beacon, checkpoints: beacon.checkpoints.with(40, 'ab'.repeat(32)) },
  }));
  expect(await proof.locator('[data-state=failed]').getAttribute('data-step')).toBe('beacon');
  expect(await proof.getByTestId('lottery-failed-at').textContent()).toMatch(/第 4[12] 段/);
  await tampered(() => forged);
  expect(await proof.locator('[data-state=failed]').getAttribute('data-step')).toBe('entries');
  expect(await guest.page.getByTestId('lottery-witness-against').textContent()).toContain('不一致');
  expect([...host.complaints, ...guest.complaints].filter((line) => line.includes('lotter'))).toEqual([]);
});
