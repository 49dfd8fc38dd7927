// Somebody who follows a streamer is told that they are live: by the bell, and by a push that the service worker shows.
// Webhooks are made and tried out in the settings.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { launchChromium, watchPage } from '../support/chromium.ts';
import { publishTestPicture } from '../support/ffmpeg.ts';
import { type Platform, startPlatform } from '../support/platform.ts';
import { until } from '../support/until.ts';

const WAIT = { timeout: 30_000 };
const PASSWORD = 'correct horse battery';

/** In the page, of which these tests have no types. */
const REGISTER = `navigator.serviceWorker.register('/sw.js').then(() => navigator.serviceWorker.ready).then(() => true)`;
const SHOWN = `navigator.serviceWorker.ready
  .then((registration) => registration.getNotifications())
  .then((all) => all.map(({ title, body, tag }) => ({ title, body, tag })))`;

interface Person {
  id: string;
  token: string;
}

let platform: Platform;
let browser: Browser;

beforeAll(async () => {
  platform = await startPlatform('--webhooks.allowPrivate=127.0.0.1');
  browser = await launchChromium([], { whole: true });
});

afterAll(async () => {
  await browser?.close();
  await platform?.[Symbol.asyncDispose]();
});

async function call<Body>(path: string, body: unknown, token?: string): Promise<Body> {
  const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const headers = { 'content-type': 'application/json', ...authorization };
  const response = await fetch(platform.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Body;
}

async function register(username: string): Promise<Person> {
  const input = { username, password: PASSWORD };
  const { user, accessToken } = await call<{ user: { id: string }; accessToken: string }>('/api/auth/register', input);
  return { id: user.id, token: accessToken };
}

async function logIn(username: string, path: string): Promise<{ page: Page; context: BrowserContext }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en' });
  const page = await context.newPage();
  await page.goto(`${platform.url}/login?next=${encodeURIComponent(path)}`);
  await page.getByTestId('username').fill(username);
  await page.getByTestId('password').fill(PASSWORD);
  await page.getByTestId('submit').click();
  await page.getByTestId('notice-bell').waitFor(WAIT);
  return { page, context };
}

test('a follower hears at once that somebody is live, and reads it', async () => {
  const [streamer, fan] = [await register('streamer'), await register('fan')];
  await call(`/api/users/${streamer.id}/follow`, {}, fan.token);
  const { page } = await logIn('fan', '/');
  const complaints = watchPage(page);
  const title = 'Night talk <img src=x onerror=alert(1)>';
  const room = await call<{ id: string; publishUrls: { rtmp: string }; streamKey: string }>(
    '/api/rooms',
    { title },
    streamer.token,
  );
  await using _publisher = publishTestPicture(room.publishUrls.rtmp);
  await page.getByTestId('notice-count').waitFor(WAIT);
  expect(await page.getByTestId('notice-count').textContent()).toBe('1');
  await page.getByTestId('notice-bell').click();
  const notice = page.getByTestId('notice-popover').getByTestId('notice');
  await notice.waitFor(WAIT);
  expect(await notice.textContent()).toContain('streamer is live');
  expect(await notice.textContent()).toContain(title);
  await page.getByTestId('notice-all').click();
  await page.getByTestId('notice-list').waitFor(WAIT);
  await page.getByTestId('notice-list').getByTestId('notice').click();
  await page.waitForURL(`**/rooms/${room.id}`, WAIT);
  await expect.poll(() => page.getByTestId('notice-count').count(), WAIT).toBe(0);
  expect(complaints.filter((complaint) => complaint.includes('uncaught'))).toEqual([]);
});

test('a push is shown by the service worker in words of the reader', async () => {
  await register('reader');
  const { page, context } = await logIn('reader', '/settings#notices');
  await context.grantPermissions(['notifications']);
  const cdp = await context.newCDPSession(page);
  const registered = Promise.withResolvers<string>();
  cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
    const [registration] = registrations;
    if (registration !== undefined) registered.resolve(registration.registrationId);
  });
  await cdp.send('ServiceWorker.enable');
  await page.evaluate(REGISTER);
  const notice = { id: 'n1', kind: 'live', data: { name: 'streamer', title: 'Night talk', roomId: 'abc' } };
  await cdp.send('ServiceWorker.deliverPushMessage', {
    ...{ origin: platform.url, registrationId: await registered.promise, data: JSON.stringify(notice) },
  });
  const shown = await until(
    async () => {
      const all = await page.evaluate<object[]>(SHOWN);
      return all.length > 0 ? all : undefined;
    },
    { timeoutMs: WAIT.timeout },
  );
  expect(shown).toEqual([{ title: 'streamer is live', body: 'Night talk', tag: 'n1' }]);
});

test('a webhook is made, tried out and deleted in the settings', async () => {
  const received: (string | undefined)[] = [];
  const server = createServer((request, answer) => {
    received.push(request.headers['x-kaibo-event']?.toString());
    answer.writeHead(204).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  await register('maker');
  const { page } = await logIn('maker', '/settings#webhooks');
  const section = page.getByTestId('settings-webhooks');
  await section.getByTestId('webhook-url').fill('http://169.254.169.254/latest');
  await section.getByTestId('create-webhook').click();
  await section.getByText('address_refused').waitFor(WAIT);
  await section.getByTestId('webhook-url').fill(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`);
  await section.getByTestId('create-webhook').click();
  await section.getByTestId('webhook').waitFor(WAIT);
  expect(await section.getByTestId('webhook-secret').getAttribute('data-value')).toMatch(/^whsec_/);
  await section.getByTestId('webhook-test').click();
  await expect.poll(() => received, WAIT).toEqual(['ping']);
  await section.getByTestId('webhook-deliveries').click();
  await section.getByText('Delivered', { exact: true }).waitFor(WAIT);
  await section.getByTestId('webhook-remove').click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Delete webhook' }).click();
  await expect.poll(() => section.getByTestId('webhook').count(), WAIT).toBe(0);
});
