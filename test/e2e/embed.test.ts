// What a viewer does with a room besides watching it, in real Chromium: the player on a page of another site, links that
// are passed on, reports, theatre and the small picture, what they do not want to see, a phone.
import { createRequire } from 'node:module';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { publishTestPicture } from '../support/ffmpeg.ts';
import { type Platform, startPlatform } from '../support/platform.ts';
import { freePort } from '../support/ports.ts';
import type { Program } from '../support/program.ts';
import { until } from '../support/until.ts';
import { joinInBrowser, type WebPerson } from '../support/web-people.ts';

const WAIT = { timeout: 60_000 };
/** What is waited for says when a page is there. */
const BEGUN = { ...WAIT, waitUntil: 'commit' } as const;
const PLAYING = '[data-testid=player][data-phase=playing]';
const TITLE = `雨后 "><b>x</b>`;
const WEB = createRequire(join(import.meta.dirname, '../../packages/web/package.json'));

interface QrEncoder {
  encode(text: string, options: object): { size: number; data: boolean[][] };
}

let platform: Platform;
let browser: Browser;
/** Administrates the platform, too. */
let host: WebPerson;
let fan: WebPerson;
let encoder: Program;
let roomId: string;
/** Pages of other sites: one that may show the player, and one that may not. */
const sites: { friend?: { server: Server; url: string }; stranger?: { server: Server; url: string } } = {};

/** A site that shows whatever its address asks for in a frame that may do little. */
async function openSite(): Promise<{ server: Server; url: string }> {
  const port = await freePort();
  const server = createServer((request, response) => {
    const source = new URL(request.url ?? '/', 'http://here').searchParams.get('show') ?? '';
    response.setHeader('content-type', 'text/html');
    response.end(
      `<!doctype html><title>other</title><iframe sandbox="allow-scripts allow-same-origin" allow="autoplay" width="640" height="360" src="${source.replaceAll('"', '')}"></iframe>`,
    );
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${port}` };
}

beforeAll(async () => {
  sites.friend = await openSite();
  sites.stranger = await openSite();
  platform = await startPlatform(`--embed.frameAncestors=${sites.friend.url}`, '--limits.writePerMinute=100000');
  browser = await launchChromium();
  host = await joinInBrowser(platform, browser, { username: 'host' });
  fan = await joinInBrowser(platform, browser, { username: 'fan' });
  const room = await host.call<{ id: string; publishUrls: { rtmp: string } }>('POST', '/api/rooms', { title: TITLE });
  roomId = room.id;
  encoder = publishTestPicture(room.publishUrls.rtmp);
});

afterAll(async () => {
  await encoder?.[Symbol.asyncDispose]();
  await browser?.close();
  await platform?.[Symbol.asyncDispose]();
  for (const site of Object.values(sites)) site.server.close();
});

async function visit(path: string, options: object = {}): Promise<Page> {
  const size = { viewport: { width: 1280, height: 800 }, locale: 'zh-CN', reducedMotion: 'reduce' } as const;
  const page = await (await browser.newContext({ ...size, ...options })).newPage();
  await page.goto(path.startsWith('http') ? path : platform.url + path, BEGUN);
  return page;
}

const shown = (site: { url: string } | undefined, path: string): string =>
  `${site?.url}/?show=${encodeURIComponent(platform.url + path)}`;

test('the player stands in a sandboxed frame of another site, and plays there without cookies', async () => {
  const page = await visit(shown(sites.friend, `/embed/${roomId}?muted=1&lang=en`));
  const frame = page.frameLocator('iframe');
  await frame.locator(PLAYING).waitFor(WAIT);
  const place = (): Promise<number> =>
    frame.getByTestId('player-video').evaluate((video: { currentTime: number }) => video.currentTime);
  const before = await place();
  await until(async () => (await place()) > before + 0.5, { timeoutMs: 60_000, what: 'a picture that moves' });
  expect(await page.context().cookies()).toEqual([]);
  expect(await frame.getByTestId('embed-open').getAttribute('href')).toBe(`${platform.url}/rooms/${roomId}`);
  expect(await frame.getByTestId('embed-open').getAttribute('aria-label')).toBe('Watch on Kaibo');
  await page.context().close();
});

test('nobody else may frame it, and no other page may be framed', async () => {
  for (const [site, path] of [
    [sites.stranger, `/embed/${roomId}`],
    [sites.friend, `/rooms/${roomId}`],
  ] as const) {
    const page = await visit(`${sites.friend?.url}/`);
    const refusal = page.waitForEvent('console', {
      ...WAIT,
      predicate: (message) => /frame-ancestors|x-frame-options/i.test(message.text()),
    });
    await page.goto(shown(site, path), BEGUN);
    expect((await refusal).type()).toBe('error');
    expect(await page.frameLocator('iframe').getByTestId('player').count()).toBe(0);
    await page.context().close();
  }
});

test('a link tells other sites what it leads to, and of a private room nothing', async () => {
  const head = async (path: string): Promise<string> => {
    const answer = await fetch(platform.url + path, { headers: { accept: 'text/html', 'accept-language': 'en' } });
    return (await answer.text()).split('</head>')[0] ?? '';
  };
  const found = await head(`/rooms/${roomId}`);
  expect(found).toContain('<meta property="og:title" content="雨后 &quot;&gt;&lt;b&gt;x&lt;/b&gt;" />');
  const [, link = ''] = /type="application\/json\+oembed" href="([^"]+)"/.exec(found) ?? [];
  const answer = await fetch(`${link.replaceAll('&amp;', '&')}&maxwidth=400`);
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  expect(await answer.json()).toMatchObject({
    ...{ type: 'video', version: '1.0', title: TITLE, width: 400, height: 225, author_name: 'HOST' },
    html: expect.stringContaining(`<iframe src="${platform.url}/embed/${roomId}"`) as string,
  });
  const [, other = ''] = /type="text\/xml\+oembed" href="([^"]+)"/.exec(found) ?? [];
  const xml = await fetch(other.replaceAll('&amp;', '&'));
  expect(xml.headers.get('content-type')).toBe('text/xml; charset=utf-8');
  expect(await xml.text()).toContain(`<author_url>${platform.url}/u/host</author_url>`);
  const secret = await host.call<{ id: string }>('POST', '/api/rooms', { title: '谁也别告诉', isPrivate: true });
  expect(await head(`/rooms/${secret.id}`)).not.toMatch(/谁也别告诉|oembed/);
  const hidden = encodeURIComponent(`${platform.url}/rooms/${secret.id}`);
  expect((await fetch(`${platform.url}/api/oembed?url=${hidden}`)).status).toBe(404);
  expect(
    (await fetch(`${platform.url}/api/oembed?url=${encodeURIComponent('https://else.example/rooms/a')}`)).status,
  ).toBe(404);
});

test('sharing gives the link, its QR code and code for other pages', async () => {
  const page = await visit(`/rooms/${roomId}`);
  await page.getByTestId('share').click(WAIT);
  const link = await page.getByTestId('share-link').getAttribute('data-value', WAIT);
  expect(link).toBe(`${platform.url}/rooms/${roomId}`);
  const { encode } = WEB('uqr') as QrEncoder;
  const { size, data } = encode(link ?? '', { ecc: 'M', border: 4 });
  const code = page.getByTestId('share-qr');
  expect(await code.getAttribute('viewBox')).toBe(`0 0 ${size} ${size}`);
  const drawn = new Set((await code.locator('path').getAttribute('d'))?.match(/M\d+ \d+/g));
  const dark = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}`] : [])));
  expect([...drawn].toSorted()).toEqual(dark.toSorted());
  expect(await page.getByTestId('share-embed').getAttribute('data-value')).toContain(
    `src="${platform.url}/embed/${roomId}"`,
  );
  await page.keyboard.press('Escape');
  await page.getByTestId('share-dialog').waitFor({ ...WAIT, state: 'hidden' });
  await page.context().close();
});

test('a report of the room arrives with those who keep order', async () => {
  const { page } = fan;
  await page.goto(`${platform.url}/rooms/${roomId}`, BEGUN);
  await page.getByTestId('report-room').click(WAIT);
  await page.getByTestId('report-why-spam').click(WAIT);
  await page.getByTestId('report-text').fill('一直在打广告');
  await page.getByTestId('report-send').click(WAIT);
  await page.getByTestId('report-dialog').waitFor({ ...WAIT, state: 'hidden' });
  const reports = await host.call<object[]>('GET', '/api/admin/reports');
  expect(reports).toMatchObject([
    { roomId, subject: 'room', reason: 'spam', text: '一直在打广告', reporter: `user:${fan.id}` },
  ]);
});

test('the picture fills the window by T, and goes along in a corner', async () => {
  const page = await visit(`/rooms/${roomId}`);
  await page.locator(PLAYING).waitFor(WAIT);
  const wide = async (): Promise<number> => (await page.getByTestId('stage').boundingBox())?.width ?? 0;
  const before = await wide();
  await page.keyboard.press('t');
  await until(async () => (await wide()) > before + 50, { timeoutMs: 30_000, what: 'a wider picture' });
  await page.keyboard.press('t');
  await until(async () => (await wide()) === before, { timeoutMs: 30_000, what: 'the picture as it was' });
  await page.setViewportSize({ width: 1280, height: 480 });
  await page.evaluate('scrollTo(0, document.body.scrollHeight)');
  await page.locator('[data-testid=player][data-mini=true]').waitFor(WAIT);
  const small = async (): Promise<boolean> => ((await page.getByTestId('player').boundingBox())?.width ?? 999) < 420;
  await until(small, { timeoutMs: 30_000, what: 'a small picture' });
  await page.getByTestId('mini-close').click(WAIT);
  await page.locator('[data-testid=player]:not([data-mini])').waitFor({ ...WAIT, state: 'attached' });
  expect(await page.getByTestId('mini-close').count()).toBe(0);
  await page.context().close();
});

test('whom a viewer does not want to hear is gone from the chat, and comes back', async () => {
  const page = await visit(`/rooms/${roomId}`);
  const row = page.getByTestId('chat-message').filter({ hasText: '看我看我看我' });
  await page.locator('[data-testid=chat][data-state=open]').waitFor(WAIT);
  await fan.call('POST', `/api/rooms/${roomId}/chat`, { text: '看我看我看我' });
  await row.locator('button.name').click(WAIT);
  await page.getByTestId('action-block').click(WAIT);
  await row.waitFor({ ...WAIT, state: 'detached' });
  await page.getByTestId('player').hover(WAIT);
  await page.getByTestId('danmaku-toggle').click(WAIT);
  await page.getByTestId('unblock').click(WAIT);
  await row.waitFor(WAIT);
  expect(await page.evaluate("localStorage.getItem('kaibo.blocked')")).toBe('[]');
  await page.context().close();
});

test('on a phone nothing sticks out, and a room that is over leads to one that is live', async () => {
  const over = await host.call<{ id: string }>('POST', '/api/rooms', { title: '已经结束的' });
  await host.call('POST', `/api/rooms/${over.id}/close`);
  const page = await visit(`/rooms/${over.id}`, {
    viewport: { width: 360, height: 740 },
    hasTouch: true,
    isMobile: true,
  });
  await page.getByTestId('next-room').waitFor(WAIT);
  await page.getByTestId('tab-info').click(WAIT);
  await page.getByTestId('share').click(WAIT);
  await page.getByTestId('share-embed').waitFor(WAIT);
  expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0);
  await page.keyboard.press('Escape');
  await page.getByTestId('next-room').click(WAIT);
  await page.waitForURL(`${platform.url}/rooms/${roomId}`, WAIT);
  await page.context().close();
});
