// Two people talk about a picture in real Chromium, one of them keeps order, and the replay shows it in step.
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium, watchPage } from '../support/chromium.ts';
import { publishTestPicture } from '../support/ffmpeg.ts';
import { type Platform, startPlatform } from '../support/platform.ts';
import { until } from '../support/until.ts';

const WAIT = { timeout: 60_000 };
const LONG = { timeoutMs: 60_000 };
const HARMFUL = '<img src=x onerror=alert(1)>';

let platform: Platform;
let browser: Browser;

beforeAll(async () => {
  platform = await startPlatform('--recording.minFreeBytes=0');
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await platform?.[Symbol.asyncDispose]();
});

interface Person {
  page: Page;
  complaints: string[];
  call<Answer>(method: string, path: string, body?: object): Promise<Answer>;
}

/** Somebody with an account of their own, logged in in a browser of their own. */
async function join(username: string): Promise<Person> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const answer = await context.request.post(`${platform.url}/api/auth/register`, {
    data: { username, name: username.toUpperCase(), password: 'correct horse battery' },
  });
  expect(answer.status(), await answer.text()).toBe(201);
  const { accessToken, user } = (await answer.json()) as { accessToken: string; user: { id: string } };
  await context.addInitScript((id) => localStorage.setItem('kaibo.login', id), user.id);
  const page = await context.newPage();
  return {
    page,
    complaints: watchPage(page),
    async call<Answer>(method: string, path: string, body?: object) {
      const response = await fetch(platform.url + path, {
        method,
        headers: { Authorization: `Bearer ${accessToken}`, ...(body ? { 'Content-Type': 'application/json' } : {}) },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      expect(response.ok, `${method} ${path}: ${response.status}`).toBe(true);
      return (await response.json()) as Answer;
    },
  };
}

const saying = (page: Page, text: string): Locator =>
  page.getByTestId('chat-message').filter({ has: page.getByTestId('chat-text').filter({ hasText: text }) });

async function say({ page }: Person, text: string): Promise<void> {
  await page.getByTestId('chat-input').fill(text);
  await page.getByTestId('chat-send').click(WAIT);
}

async function seek(video: Locator, seconds: number): Promise<void> {
  await video.evaluate((element, to) => {
    const media = element as unknown as { pause(): void; currentTime: number };
    media.pause();
    media.currentTime = to;
  }, seconds);
}

interface Kept {
  id: string;
  state: string;
  timeBase: { mediaMs: number; epochMs: number }[];
}

/** The place in a replay at which something was said, in seconds. */
function placeOf(recording: Kept, mediaAt: number): number {
  const point = recording.timeBase.findLast(({ epochMs }) => epochMs <= mediaAt) ?? recording.timeBase[0];
  return ((point?.mediaMs ?? 0) + mediaAt - (point?.epochMs ?? 0)) / 1000;
}

test('people talk over a live picture, the host deletes, and the replay shows what was left when it was said', async () => {
  const host = await join('host');
  const guest = await join('guest');
  const room = await host.call<{ id: string; publishUrls: { rtmp: string } }>('POST', '/api/rooms', {
    title: '聊聊',
    recording: 'always',
  });
  await using encoder = publishTestPicture(room.publishUrls.rtmp);
  await Promise.all([host, guest].map(({ page }) => page.goto(`${platform.url}/rooms/${room.id}`)));
  await Promise.all([host, guest].map(({ page }) => page.locator('[data-testid=chat][data-state=open]').waitFor(WAIT)));
  await guest.page.locator('[data-testid=player][data-phase=playing]').waitFor(WAIT);

  await say(guest, '晚上好 [heart]');
  await saying(host.page, '晚上好').locator('img[alt="[heart]"]').waitFor(WAIT);
  for (const { page } of [host, guest]) {
    await until(async () => Number(await page.getByTestId('danmaku').getAttribute('data-count')) > 0, {
      ...LONG,
      what: 'the message flying',
    });
  }

  await say(guest, HARMFUL);
  const harmful = saying(host.page, HARMFUL);
  await harmful.waitFor(WAIT);
  expect(await harmful.getByTestId('chat-text').locator('img').count(), 'text stays text').toBe(0);
  await harmful.locator('button.name').click();
  await host.page.getByTestId('action-delete').click(WAIT);
  await saying(guest.page, HARMFUL).waitFor({ state: 'detached', ...WAIT });

  await say(host, '欢迎');
  await saying(guest.page, '欢迎').getByTestId('badge-owner').waitFor(WAIT);
  await saying(guest.page, '欢迎').locator('button.name').click();
  await guest.page.getByTestId('action-reply').click(WAIT);
  await say(guest, '谢谢');
  await saying(host.page, '谢谢').getByText('欢迎').waitFor(WAIT);

  await host.call('PATCH', `/api/rooms/${room.id}/chat/settings`, { slowModeSeconds: 120 });
  await guest.page.getByTestId('chat-slow').waitFor(WAIT);
  await say(guest, '还有一句');
  await saying(host.page, '还有一句').waitFor(WAIT);
  await guest.page.getByTestId('chat-wait').waitFor(WAIT);
  expect(await guest.page.getByTestId('chat-send').isDisabled()).toBe(true);

  await host.call('POST', `/api/rooms/${room.id}/close`);
  await encoder.stop();
  await guest.page.getByTestId('chat-closed').waitFor(WAIT);
  const recording = await until(
    async () => {
      const [kept] = await host.call<Kept[]>('GET', `/api/rooms/${room.id}/recordings`);
      return kept?.state === 'ready' ? kept : undefined;
    },
    { ...LONG, what: 'the replay being ready' },
  );
  await host.call('PATCH', `/api/recordings/${recording.id}`, { published: true });
  const { messages } = await guest.call<{ messages: { text: string; mediaAt: number }[] }>(
    'GET',
    `/api/recordings/${recording.id}/chat`,
  );
  expect(messages.map(({ text }) => text)).toEqual(['晚上好 [heart]', '欢迎', '谢谢', '还有一句']);
  const second = placeOf(recording, messages[1]?.mediaAt ?? 0);

  await guest.page.goto(`${platform.url}/replay/${recording.id}`);
  const video = guest.page.getByTestId('replay-video');
  await until(async () => Number(await video.evaluate((element) => Reflect.get(element, 'readyState'))) >= 2, {
    ...LONG,
    what: 'the replay being loaded',
  });
  await seek(video, second + 0.5);
  await saying(guest.page, '欢迎').waitFor(WAIT);
  expect(await saying(guest.page, '晚上好').count()).toBe(1);
  expect(await saying(guest.page, '还有一句').count(), 'not said yet').toBe(0);
  await seek(video, Math.max(0, placeOf(recording, messages[0]?.mediaAt ?? 0) - 1));
  await saying(guest.page, '晚上好').waitFor({ state: 'detached', ...WAIT });
  for (const { complaints } of [host, guest]) {
    expect(complaints.filter((text) => text.startsWith('uncaught'))).toEqual([]);
  }
});
