// Two Chromium pages that see each other's camera, set up through /signaling and nothing else.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.ts';
import { startPlatform, type Platform } from '../support/platform.ts';
import { until } from '../support/until.ts';

const CAMERA_FLAGS = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
const FRAMES = 30;
const PAGE_CODE = readFileSync(join(import.meta.dirname, 'peer-page.js'), 'utf8');

interface Person {
  accessToken: string;
  id: string;
}

test('a peer-to-peer room carries video between two pages, both ways', async () => {
  await using platform = await startPlatform();
  const owner = await register(platform, 'owner');
  const guest = await register(platform, 'guest', owner.accessToken);
  const room = await createPeerRoom(platform, owner, guest);
  const browser = await launchChromium(CAMERA_FLAGS);
  try {
    const pages = await Promise.all([owner, guest].map(async () => browser.newPage()));
    const [first, second] = pages;
    if (!first || !second) throw new Error('no pages');
    await Promise.all(pages.map(async (page) => page.goto(`${platform.url}/healthz`)));
    await call(first, { token: owner.accessToken, roomId: room });
    await until(async () => (await state(first)).joined, { what: 'the owner having joined' });
    await call(second, { token: guest.accessToken, roomId: room });
    for (const page of pages) {
      await until(async () => (await state(page)).frames >= FRAMES, {
        timeoutMs: 30_000,
        what: `${FRAMES} frames of the other page`,
      });
    }
    const seen = await state(first);
    expect(seen.from).toEqual([guest.id]);
    expect(seen.width).toBeGreaterThan(0);
    expect((await state(second)).from).toEqual([owner.id]);
    expect(seen.errors).toEqual([]);

    await second.close();
    await until(async () => (await state(first)).left.includes(guest.id), { timeoutMs: 45_000, what: 'peer-left' });
  } finally {
    await browser.close();
  }
});

interface CallState {
  joined: boolean;
  frames: number;
  width: number;
  from: string[];
  left: string[];
  errors: string[];
}

async function state(page: Page): Promise<CallState> {
  return (await page.evaluate('callState()')) as CallState;
}

/** What an integrator's page does with the platform's signaling, in plain browser code. */
async function call(page: Page, options: { token: string; roomId: string }): Promise<void> {
  await page.evaluate(`${PAGE_CODE}\nstartCall(${JSON.stringify(options)})`);
}

async function register(platform: Platform, username: string, by?: string): Promise<Person> {
  const { accessToken, user } = await post<{ accessToken: string; user: { id: string } }>(
    platform,
    '/api/auth/register',
    { username, password: 'correct horse battery' },
    by,
  );
  return { accessToken, id: user.id };
}

async function createPeerRoom(platform: Platform, owner: Person, guest: Person): Promise<string> {
  const room = await post<{ id: string }>(
    platform,
    '/api/rooms',
    { title: '连线', mode: 'p2p', isPrivate: true },
    owner.accessToken,
  );
  await post(platform, `/api/rooms/${room.id}/invites`, { userId: guest.id }, owner.accessToken);
  return room.id;
}

async function post<Body>(platform: Platform, path: string, body: object, token?: string): Promise<Body> {
  const response = await fetch(platform.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Body;
}
