// Chromium publishes and plays a room by signaling (`to: 'server'`) with the SDK's ServerCall, and through a TURN server.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { startPlatform, type Platform, type TestRoom } from '../support/platform.ts';
import { openSdkPage } from '../support/sdk-route.ts';
import { startTurnServer } from '../support/turn-server.ts';
import { until } from '../support/until.ts';

const CAMERA_FLAGS = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
const PAGE_CODE = readFileSync(join(import.meta.dirname, 'server-call-page.js'), 'utf8');
const FRAMES = 30;

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium(CAMERA_FLAGS);
});
afterAll(() => browser?.close());

interface CallState {
  state: string;
  frames: number;
  audioBytes: number;
  sent: number;
  width: number;
  /** Type of the local candidate in use. */
  local: string;
  ended: string[];
  errors: string[];
}

interface CallOptions {
  token?: string;
  publishes?: boolean;
  relayOnly?: boolean;
}

async function openCall(platform: Platform, room: TestRoom, options: CallOptions): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await openSdkPage(page, platform.url);
  await page.evaluate(`${PAGE_CODE}\nstartCall(${JSON.stringify({ roomId: room.id, ...options })})`);
  return page;
}

async function state(page: Page): Promise<CallState> {
  return (await page.evaluate('callState()')) as CallState;
}

async function plays(page: Page): Promise<CallState> {
  await until(
    async () => {
      const now = await state(page);
      if (now.errors.length > 0) throw new Error(now.errors.join());
      return now.frames >= FRAMES && now.audioBytes > 0 && now.width > 0;
    },
    { timeoutMs: 30_000, what: `${FRAMES} frames and sound` },
  );
  return state(page);
}

test('a room is published and played by signaling; its end reaches both', async () => {
  await using platform = await startPlatform();
  const room = await platform.createRoom('信令');
  const viewer = openCall(platform, room, {});
  const owner = await openCall(platform, room, { publishes: true, token: room.ownerToken });
  // The viewer was there first, and was answered when the publisher came.
  const seen = await plays(await viewer);
  expect(seen).toMatchObject({ state: 'connected', ended: [], errors: [] });
  expect((await state(owner)).sent).toBeGreaterThan(0);
  await until(async () => (await platform.room(room.id)).status === 'live', { what: 'the room being live' });
  expect((await platform.room(room.id)).viewerCount).toBe(1);

  // Hung up by the owner: the broadcast is interrupted, the viewer waits.
  await owner.evaluate('call.serverCall.close()');
  await until(async () => (await platform.room(room.id)).interrupted === true, { what: 'the interruption' });
  await owner.evaluate('call.serverCall.start()');
  const { frames } = await state(await viewer);
  await until(async () => (await state(await viewer)).frames > frames + FRAMES, {
    timeoutMs: 20_000,
    what: 'the picture going on',
  });
  await platform.close(room);
  for (const page of [owner, await viewer]) {
    await until(async () => (await state(page)).errors.includes('room_ended'), { what: 'the end being told' });
  }
}, 120_000);

test('who has no right to publish is told why, and no session remains', async () => {
  await using platform = await startPlatform();
  const room = await platform.createRoom('信令');
  const page = await openCall(platform, room, { publishes: true });
  expect(await state(page)).toMatchObject({ state: 'none', errors: ['publish_forbidden'] });
});

test('where only a TURN server is reached, a room is published and played through it', async () => {
  await using turn = await startTurnServer();
  const servers = JSON.stringify([{ urls: [turn.url], secret: turn.secret }]);
  await using platform = await startPlatform(`--media.rtc.iceServers=${servers}`);
  const room = await platform.createRoom('中继');
  const owner = await openCall(platform, room, { publishes: true, relayOnly: true, token: room.ownerToken });
  const viewer = await openCall(platform, room, { relayOnly: true });
  expect(await plays(viewer)).toMatchObject({ local: 'relay' });
  expect(await state(owner)).toMatchObject({ state: 'connected', local: 'relay' });
  expect(platform.program.output).not.toContain(turn.secret);
}, 120_000);
