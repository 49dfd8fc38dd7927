// People with accounts, in real Chromium: each person is a browser context with cookies of their own.
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium, watchPage } from '../support/chromium.ts';
import { type Platform, startPlatform } from '../support/platform.ts';
import { until } from '../support/until.ts';

const WAIT = { timeout: 30_000 };
const PASSWORD = 'correct horse battery';
const NEXT_PASSWORD = 'another battery of horses';

let platform: Platform;
let browser: Browser;
let owner: Person;
let guest: Person;

interface Person {
  username: string;
  context: BrowserContext;
  page: Page;
  complaints: string[];
}

beforeAll(async () => {
  platform = await startPlatform();
  browser = await launchChromium();
  owner = await person('owner');
  guest = await person('guest');
});

afterAll(async () => {
  await browser?.close();
  await platform?.[Symbol.asyncDispose]();
});

async function person(username: string): Promise<Person> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'zh-CN' });
  const page = await context.newPage();
  return { username, context, page, complaints: watchPage(page) };
}

async function open({ page }: Person, path: string): Promise<void> {
  await page.goto(platform.url + path);
}

async function register(who: Person): Promise<void> {
  await open(who, '/register');
  await who.page.getByTestId('username').fill(who.username);
  await who.page.getByTestId('password').fill(PASSWORD);
  await who.page.getByTestId('submit').click();
  await who.page.getByTestId('account-menu').waitFor(WAIT);
}

async function logIn(page: Page, username: string, password: string): Promise<void> {
  await page.getByTestId('username').fill(username);
  await page.getByTestId('password').fill(password);
  await page.getByTestId('submit').click();
}

/** What the page's own login says, asked with its cookies. */
async function whoIs(page: Page): Promise<{ username: string; role: string } | null> {
  const answer = await page.evaluate(async () => (await fetch('/api/auth/verify')).json() as Promise<unknown>);
  return (answer as { user: { username: string; role: string } | null }).user;
}

test('the first account is made in the browser of this machine and is the administrator; the second is not', async () => {
  await register(owner);
  expect(await whoIs(owner.page)).toMatchObject({ username: 'owner', role: 'admin' });
  await register(guest);
  expect(await whoIs(guest.page)).toMatchObject({ username: 'guest', role: 'user' });
});

test('a login outlives a reload, and ends with the menu', async () => {
  const { page } = owner;
  await page.reload();
  await page.getByTestId('account-menu').click(WAIT);
  await page.getByTestId('log-out').click();
  await page.getByTestId('log-in').waitFor(WAIT);
  expect(await whoIs(page)).toBeNull();
});

test('a wrong password is told in words, and the right one leads back to where one wanted to go', async () => {
  const { page } = owner;
  await open(owner, '/settings');
  await page.getByTestId('login-form').waitFor(WAIT);
  await logIn(page, 'owner', 'not the password');
  await page.getByTestId('form-problem').waitFor(WAIT);
  expect(await page.getByTestId('form-problem').innerText()).toContain('用户名或密码错误');
  await logIn(page, 'owner', PASSWORD);
  await page.getByTestId('settings-profile').waitFor(WAIT);
  expect(new URL(page.url()).pathname).toBe('/settings');
});

test('a private room opens to the one who was invited, and to nobody else', async () => {
  const { page } = owner;
  await open(owner, '/live');
  await page.getByTestId('title-input').fill('只给朋友看');
  await page.getByTestId('private-toggle').getByRole('switch').click();
  await page.getByTestId('create-room').click();
  await page.getByTestId('go-live-panel').waitFor(WAIT);
  const path = new URL(page.url()).pathname.replace('/live/', '/rooms/');

  await open(guest, path);
  await guest.page.getByTestId('room-private').waitFor(WAIT);
  await page.getByTestId('section-settings').click();
  await page.getByTestId('invite-username').fill('guest');
  await page.getByTestId('invite').click();
  await page.getByTestId('invited').waitFor(WAIT);
  await guest.page.reload();
  await guest.page.getByTestId('room-title').waitFor(WAIT);
  expect(await guest.page.getByTestId('room-title').innerText()).toBe('只给朋友看');

  const stranger = await person('stranger');
  await open(stranger, path);
  await stranger.page.getByTestId('private-log-in').waitFor(WAIT);
  await stranger.context.close();

  await open(owner, '/live');
  await page.getByTestId('owned-room').filter({ hasText: '只给朋友看' }).waitFor(WAIT);
});

test('following shows on the profile, and is taken back', async () => {
  const { page } = guest;
  await open(guest, '/u/owner');
  const follow = page.getByTestId('follow');
  await follow.click(WAIT);
  await until(async () => (await page.getByTestId('follower-count').innerText()) === '1', { what: 'one follower' });
  expect(await follow.getAttribute('aria-pressed')).toBe('true');
  await follow.click();
  await until(async () => (await page.getByTestId('follower-count').innerText()) === '0', { what: 'no follower' });
});

test('a changed password logs out the other device at once, and stays valid here', async () => {
  const other = await person('owner');
  await open(other, '/login?next=/settings');
  await logIn(other.page, 'owner', PASSWORD);
  await other.page.getByTestId('settings-profile').waitFor(WAIT);

  const { page } = owner;
  await open(owner, '/settings#security');
  await page.getByTestId('current-password').fill(PASSWORD);
  await page.getByTestId('new-password').fill(NEXT_PASSWORD);
  await page.getByTestId('change-password').click();
  await until(async () => (await page.getByTestId('session').count()) === 1, { what: 'one session left' });
  expect(await whoIs(page)).toMatchObject({ username: 'owner' });

  // Nobody touches the other page: the server cuts its socket, and the page finds its login gone.
  await other.page.getByTestId('login-form').waitFor(WAIT);
  expect(await whoIs(other.page)).toBeNull();
  await logIn(other.page, 'owner', NEXT_PASSWORD);
  await other.page.getByTestId('settings-profile').waitFor(WAIT);
  await other.context.close();
});

test('the page keeps no token where scripts could read it, and nothing went wrong on the way', async () => {
  const kept = await owner.page.evaluate<string>('JSON.stringify([localStorage, sessionStorage, document.cookie])');
  expect(kept).not.toMatch(/eyJ|kaibo_refresh|kaibo_access/);
  const faults = [...owner.complaints, ...guest.complaints].filter((text) => text.startsWith('uncaught'));
  expect(faults).toEqual([]);
});
