// People talk about a picture in real Chromium, the host keeps order, and the replay shows it in step.
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { launchChromium, watchPage } from '../support/chromium.ts';
import { publishTestPicture } from '../support/ffmpeg.ts';
import { type Platform, startPlatform } from '../support/platform.ts';
import { until } from '../support/until.ts';

const WAIT = { timeout: 60_000 };
const LONG = { timeoutMs: 60_000 };
const HARMFUL = '<img src=x onerror=alert(1)>';

/** Of one short message. */
const ROW_PX = 31;
/** A red pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC',
  'base64',
);
/** In the page: the text of the first message in sight and how far from the top it is, in whole pixels. */
const FIRST_IN_SIGHT = `(list) => {
  const top = list.getBoundingClientRect().top;
  const row = [...list.querySelectorAll('[data-message-id]')].find((one) => one.getBoundingClientRect().top >= top);
  return row.textContent + Math.round(row.getBoundingClientRect().top - top);
}` as unknown as (list: unknown) => string;

let platform: Platform;
let browser: Browser;

beforeAll(async () => {
  platform = await startPlatform(
    '--recording.minFreeBytes=0',
    // One account is a storm of many.
    ...['--chat.burst=1000', '--chat.perSecond=1000', '--chat.roomPerSecond=10000', '--limits.writePerMinute=1000000'],
  );
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

/** What was cut short by leaving a page, and the end of a session that had ended with the broadcast. */
const LEAVING = /WebSocket is closed before the connection is established|404 .*\/rtc\/v1\/whep\//;

/** Nothing that a person would see in the console. */
function expectClean(...people: readonly { complaints: readonly string[] }[]): void {
  for (const { complaints } of people) {
    const seen = complaints.filter((text) => /^(?:error|warning|uncaught):/.test(text) && !LEAVING.test(text));
    expect(seen).toEqual([]);
  }
}

const heightOf = (list: Locator): Promise<number> =>
  list.evaluate((element) => Number(Reflect.get(element, 'scrollHeight')));

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
  const [host, guest] = await Promise.all([join('host'), join('guest')]);
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
  await guest.page.getByTestId('chat-curve').waitFor({ state: 'attached', ...WAIT });
  await seek(video, second + 0.5);
  await saying(guest.page, '欢迎').waitFor(WAIT);
  expect(await saying(guest.page, '晚上好').count()).toBe(1);
  expect(await saying(guest.page, '还有一句').count(), 'not said yet').toBe(0);
  await seek(video, Math.max(0, placeOf(recording, messages[0]?.mediaAt ?? 0) - 1));
  await saying(guest.page, '晚上好').waitFor({ state: 'detached', ...WAIT });
  expectClean(host, guest);
});

test('the console stays clean for whoever looks, logged in or not', async () => {
  const owner = await join('owner');
  const room = await owner.call<{ id: string }>('POST', '/api/rooms', { title: '安静' });
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const stranger = { complaints: watchPage(page) };
  await Promise.all(
    [owner.page, page].map(async (one) => {
      await one.goto(`${platform.url}/rooms/${room.id}`);
      await one.locator('[data-testid=chat][data-state=open]').waitFor(WAIT);
    }),
  );
  await page.getByTestId('chat-log-in').waitFor(WAIT);
  await owner.page.getByTestId('chat-input').waitFor(WAIT);
  await Promise.all([owner.page, page].map((one) => one.waitForLoadState('networkidle')));
  expectClean(owner, stranger);
});

test('what waits comes to the studio by itself, a pinned message stands above, and own emotes are drawn', async () => {
  const [keeper, writer] = await Promise.all([join('keeper'), join('writer')]);
  const room = await keeper.call<{ id: string }>('POST', '/api/rooms', { title: '规矩' });
  await keeper.call('POST', `/api/rooms/${room.id}/words`, { word: '代打', action: 'hold' });
  await Promise.all([
    keeper.page.goto(`${platform.url}/live/${room.id}`),
    writer.page.goto(`${platform.url}/rooms/${room.id}`),
  ]);
  await Promise.all(
    [keeper, writer].map(({ page }) => page.locator('[data-testid=chat][data-state=open]').waitFor(WAIT)),
  );

  await say(writer, '专业代打');
  await writer.page.getByTestId('chat-held').waitFor(WAIT);
  await keeper.page.getByTestId('held-count').waitFor(WAIT);
  await keeper.page.getByTestId('studio-tab-queue').click(WAIT);
  await keeper.page.getByTestId('held-show').click(WAIT);
  await writer.page.getByTestId('chat-held').waitFor({ state: 'detached', ...WAIT });
  const { message } = await keeper.call<{ message: { id: string } }>('POST', `/api/rooms/${room.id}/chat`, {
    text: '公告 [cat]',
  });
  await writer.call('POST', `/api/rooms/${room.id}/reports`, {
    ...{ subject: 'message', messageId: message.id, reason: 'other' },
  });
  await keeper.page.getByTestId('report-dismiss').click(WAIT);
  await keeper.page.getByTestId('open-report').waitFor({ state: 'detached', ...WAIT });

  await keeper.page.getByTestId('studio-tab-emotes').click(WAIT);
  await keeper.page.getByTestId('emote-file').setInputFiles({ name: 'x.svg', mimeType: 'image/svg+xml', buffer: PNG });
  await keeper.page.getByTestId('emote-problem').waitFor(WAIT);
  await keeper.page.getByTestId('emote-file').setInputFiles({ name: '小熊.png', mimeType: 'image/png', buffer: PNG });
  await keeper.page.getByTestId('emote-preview').waitFor(WAIT);
  expect(await keeper.page.getByTestId('emote-code').inputValue()).toBe('小熊');
  await keeper.page.getByTestId('emote-add').click(WAIT);
  await keeper.page.getByTestId('own-emote').waitFor(WAIT);

  await keeper.page.getByTestId('studio-tab-chat').click(WAIT);
  // By keys alone, and back to where one was.
  await saying(keeper.page, '公告').waitFor(WAIT);
  await keeper.page.getByTestId('chat-list').focus();
  for (const key of ['ArrowUp', 'Enter', 'Escape', 'Enter']) await keeper.page.keyboard.press(key);
  await keeper.page.getByTestId('message-sheet').getByText('公告').waitFor(WAIT);
  await keeper.page.getByTestId('action-pin').press('Enter', WAIT);
  await writer.page.getByTestId('chat-pinned').getByText('公告').waitFor(WAIT);
  await writer.page.reload();
  await writer.page.getByTestId('chat-pinned').getByText('公告').waitFor(WAIT);
  await writer.page.getByTestId('emotes-toggle').click(WAIT);
  await writer.page.locator('[data-testid=emote][data-code=小熊]').click(WAIT);
  await writer.page.getByTestId('chat-send').click(WAIT);
  await writer.page.getByTestId('chat-message').locator('img[alt="[小熊]"]').waitFor(WAIT);
  await keeper.page.getByTestId('unpin').click(WAIT);
  await writer.page.getByTestId('chat-pinned').waitFor({ state: 'detached', ...WAIT });
  expectClean(keeper, writer);
});

test('a storm of messages keeps the list short, and whoever reads up where they are', async () => {
  const [speaker, reader] = await Promise.all([join('speaker'), join('reader')]);
  const room = await speaker.call<{ id: string }>('POST', '/api/rooms', { title: '风暴' });
  await reader.page.goto(`${platform.url}/rooms/${room.id}`);
  await reader.page.locator('[data-testid=chat][data-state=open]').waitFor(WAIT);
  let said = 0;
  async function storm(count: number): Promise<void> {
    const end = said + count;
    const next = async (): Promise<void> => {
      while (said < end) await speaker.call('POST', `/api/rooms/${room.id}/chat`, { text: `第 ${(said += 1)} 条` });
    };
    await Promise.all(Array.from({ length: 20 }, next));
  }

  const list = reader.page.getByTestId('chat-list');
  await storm(620);
  const newest = async (): Promise<number> =>
    Math.max(...(await list.getByTestId('chat-text').allTextContents()).map((text) => Number(/\d+/.exec(text)?.[0])));
  await until(async () => (await newest()) === 620, { ...LONG, what: 'the newest message' });
  expect(await heightOf(list), 'the oldest are let go').toBeLessThan(510 * ROW_PX);

  await list.hover();
  await reader.page.mouse.wheel(0, -400);
  await reader.page.getByTestId('chat-newest').waitFor(WAIT);
  const place = (): Promise<string> => list.evaluate(FIRST_IN_SIGHT);
  const before = await place();
  await storm(300);
  const chip = reader.page.getByTestId('chat-newest');
  await until(async () => (await chip.textContent())?.includes('300') ?? false, {
    ...LONG,
    what: 'all being counted',
  });
  expect(await place(), 'where they read').toBe(before);
  expect(await heightOf(list), 'a reader keeps more').toBeGreaterThan(600 * ROW_PX * 0.9);
  expect(await list.getByTestId('chat-message').count(), 'only what is in sight is drawn').toBeLessThan(100);
  await chip.click();
  await until(async () => (await newest()) === 920, { ...LONG, what: 'being at the newest' });
  expectClean(speaker, reader);
});
