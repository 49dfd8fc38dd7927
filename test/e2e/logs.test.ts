// The operator's page of logs in real Chromium: what happened is found, followed as it is said, and taken away.
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { type Platform, startPlatform } from '../support/platform.ts';
import { until } from '../support/until.ts';
import { joinInBrowser, type WebPerson } from '../support/web-people.ts';

const WAIT = { timeout: 60_000 };

let platform: Platform;
let browser: Browser;
let admin: WebPerson;

beforeAll(async () => {
  platform = await startPlatform('--limits.writePerMinute=100000', '--log.access=all');
  browser = await launchChromium();
  admin = await joinInBrowser(platform, browser, { username: 'operator' });
});

afterAll(async () => {
  await browser?.close();
  await platform?.[Symbol.asyncDispose]();
});

const lines = (page: Page, text: string) => page.getByTestId('log-line').filter({ hasText: text });

test('a line is found by its words and by what it is about, seen as it is said, and saved', async () => {
  const room = await admin.call<{ id: string }>('POST', '/api/rooms', { title: '深夜书房' });
  const { page } = admin;
  await page.goto(`${platform.url}/admin/logs?kind=audit`, WAIT);
  await lines(page, 'room.created').first().waitFor(WAIT);

  await page.getByTestId('logs-text').fill('书房');
  await until(async () => (await page.getByTestId('log-line').count()) === 1, { what: 'the one line with the title' });
  await lines(page, 'room.created').locator('summary').click();
  await lines(page, 'room.created').getByText('深夜书房').waitFor(WAIT);
  await lines(page, 'room.created').getByRole('button').filter({ hasText: room.id }).click();
  await page.waitForURL((url) => url.searchParams.get('room') === room.id, WAIT);

  const saving = page.waitForEvent('download', WAIT);
  await page.getByTestId('logs-export-csv').click();
  expect(readFileSync(await (await saving).path(), 'utf8')).toMatch(/^\uFEFFtime,level,[^]*room\.created/);

  await page.goto(`${platform.url}/admin/logs?kind=access&room=${room.id}`, WAIT);
  await page.getByTestId('logs-live').click();
  await until(
    async () => {
      await admin.call('GET', `/api/rooms/${room.id}`);
      return (await lines(page, `GET /api/rooms/${room.id} → 200`).count()) > 0;
    },
    { timeoutMs: 60_000, what: 'the request in the live view' },
  );
});
