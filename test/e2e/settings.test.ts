// What belongs to a person: picture, profile, help and keys, in real Chromium against the whole platform.
import { crc32, deflateSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { type Platform, startPlatform } from '../support/platform.ts';
import { joinInBrowser, type WebPerson } from '../support/web-people.ts';

const WAIT = { timeout: 60_000 };
const RED = [220, 30, 30] as const;
const BLUE = [30, 30, 220] as const;

let platform: Platform;
let browser: Browser;
let owner: WebPerson;
let friend: WebPerson;

beforeAll(async () => {
  platform = await startPlatform();
  browser = await launchChromium();
  owner = await joinInBrowser(platform, browser, { username: 'owner' });
  friend = await joinInBrowser(platform, browser, { username: 'friend' });
});

afterAll(async () => {
  await browser?.close();
  await platform?.[Symbol.asyncDispose]();
});

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** A PNG whose every row is `row`: 8-bit RGB, or with one bit a pixel where a row is as short as that. */
function png(width: number, height: number, row: Buffer): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set(row.length === width * 3 ? [8, 2] : [1, 0], 8);
  const line = Buffer.concat([Buffer.from([0]), row]);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: height }, () => line)));
  const magic = Buffer.from('89504e470d0a1a0a', 'hex');
  return Buffer.concat([magic, chunk('IHDR', head), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

/** Twice as wide as high; its left half is red, its right half blue. */
function redAndBlue(): Buffer {
  const half = (colour: readonly number[]) => Buffer.concat(Array.from({ length: 400 }, () => Buffer.from(colour)));
  return png(800, 400, Buffer.concat([half(RED), half(BLUE)]));
}

/** Whoever waits for what is shown need not wait for all of a page before. */
async function open(page: Page, path: string): Promise<void> {
  await page.goto(platform.url + path, { ...WAIT, waitUntil: 'commit' });
}

async function choose(page: Page, name: string, mimeType: string, buffer: Buffer): Promise<void> {
  await page.getByTestId('picture-file').setInputFiles({ name, mimeType, buffer });
}

/** In the page: the colour in the middle of the picture that a selector names, as it is loaded. */
const middleIn = (selector: string): string => `(async () => {
  const image = document.querySelector('${selector}');
  if (image === null) return undefined;
  await image.decode().catch(() => {});
  if (image.naturalWidth === 0) return undefined;
  const context = new OffscreenCanvas(image.naturalWidth, image.naturalHeight).getContext('2d');
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(image.naturalWidth >> 1, image.naturalHeight >> 1, 1, 1);
  return [...data.slice(0, 3)];
})()`;

function middleOf(page: Page, selector: string): Promise<number[] | undefined> {
  return page.evaluate<number[] | undefined>(middleIn(selector));
}

function isNear(found: readonly number[] | undefined, wanted: readonly number[]): boolean {
  return found?.every((value, index) => Math.abs(value - (wanted[index] ?? 0)) < 40) ?? false;
}

test('a picture is cropped by keys, uploaded, and is what another person sees beside a message', async () => {
  const { page } = owner;
  await open(page, '/settings');
  await page.getByTestId('picture-choose').waitFor(WAIT);
  await choose(page, 'two halves.png', 'image/png', redAndBlue());
  const stage = page.getByTestId('crop-stage');
  await stage.waitFor(WAIT);
  for (let step = 0; step < 12; step++) await stage.press('ArrowRight');
  await page.getByTestId('crop-save').click();
  await page.getByTestId('picture-preview').waitFor(WAIT);
  const { avatar } = await owner.call<{ avatar: string }>('GET', '/api/users/me');
  expect(avatar).toMatch(/^\/files\/[\w-]+\.webp$/);

  const room = await owner.call<{ id: string }>('POST', '/api/rooms', { title: '看看头像' });
  await open(friend.page, `/rooms/${room.id}`);
  await owner.call('POST', `/api/rooms/${room.id}/chat`, { text: '新头像' });
  const message = friend.page.getByTestId('chat-message').filter({ hasText: '新头像' });
  await message.waitFor(WAIT);
  await message.locator('[data-row-button]').click();
  await friend.page.getByTestId('message-sheet').waitFor(WAIT);
  const picture = `[data-testid="message-sheet"] img[src^="${avatar}"]`;
  await expect.poll(async () => isNear(await middleOf(friend.page, picture), BLUE), WAIT).toBe(true);
});

test.each([
  [
    'drawing.svg',
    'image/svg+xml',
    () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>'),
    'SVG',
  ],
  ['letter.png', 'image/png', () => Buffer.from('Dear reader, this is no picture at all.'), '不是图片'],
  ['bomb.png', 'image/png', () => png(9100, 9100, Buffer.alloc(Math.ceil(9100 / 8))), '像素太多'],
  ['cut off.png', 'image/png', () => redAndBlue().subarray(0, 20), '打不开'],
] as const)('%s is refused in words', async (name, type, make, words) => {
  const { page } = owner;
  await open(page, '/settings#profile');
  await page.getByTestId('picture-choose').waitFor(WAIT);
  await choose(page, name, type, make());
  await page.getByTestId('picture-problem').waitFor(WAIT);
  expect(await page.getByTestId('picture-problem').innerText()).toContain(words);
  expect(await page.getByTestId('crop-dialog').count()).toBe(0);
});

test('what is written of oneself is on the page that others see', async () => {
  const { page } = owner;
  await open(page, '/settings#profile');
  await page.getByTestId('name-input').fill('山间听雨', WAIT);
  await page.getByTestId('bio-input').fill('每晚八点，弹琴聊天。');
  await page.getByTestId('save-profile').click();
  await expect
    .poll(async () => (await owner.call<{ bio: string }>('GET', '/api/users/me')).bio, WAIT)
    .toContain('弹琴');

  await open(friend.page, '/u/owner');
  await friend.page.getByTestId('profile').getByText('山间听雨').first().waitFor(WAIT);
  await friend.page.getByTestId('profile-tab-about').click();
  await friend.page.getByTestId('profile-bio').waitFor(WAIT);
  expect(await friend.page.getByTestId('profile-bio').innerText()).toContain('每晚八点');
  await open(friend.page, '/u/nobody-here');
  await friend.page.getByText('没有这位用户').waitFor(WAIT);
});

test('the help tells the address that this server really has, and finds what is asked', async () => {
  const { page } = owner;
  const me = await owner.call<{ publishUrls: { rtmp: string }; streamKey: string }>('GET', '/api/users/me');
  await open(page, '/help#obs');
  const server = page.getByTestId('help-server').first();
  await server.waitFor(WAIT);
  expect(`${await server.getAttribute('data-value')}/${me.streamKey}`).toBe(me.publishUrls.rtmp);
  await page.getByTestId('help-search').fill('黑屏');
  await page.getByTestId('help-found').getByText('黑屏，没有画面').waitFor(WAIT);
});

test('a question mark lists the keys, but not for somebody who writes one', async () => {
  const { page } = owner;
  await open(page, '/help#faq');
  const dialog = page.getByTestId('shortcuts-dialog');
  await page.getByTestId('help-search').press('?', WAIT);
  expect(await page.getByTestId('help-search').inputValue()).toBe('?');
  await page.locator('body').click({ position: { x: 5, y: 300 } });
  await page.keyboard.press('?');
  await dialog.waitFor(WAIT);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ ...WAIT, state: 'detached' });
});

test('on a phone, in English: a list of settings leads to each, and nothing is wider than the screen', async () => {
  const context = await browser.newContext({
    ...{ viewport: { width: 360, height: 740 }, locale: 'en', isMobile: true, hasTouch: true },
    storageState: await owner.context.storageState(),
  });
  await context.addInitScript((id) => localStorage.setItem('kaibo.login', id), owner.id);
  const page = await context.newPage();
  const isWide = () => page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth');
  await open(page, '/settings');
  for (const [group, text] of [
    ['profile', 'Shown name'],
    ['security', 'Current password'],
    ['streaming', 'Stream key'],
    ['appearance', 'Less movement'],
  ] as const) {
    await page.getByTestId(`settings-to-${group}`).tap(WAIT);
    await page.getByText(text, { exact: true }).first().waitFor(WAIT);
    expect({ group, isWide: await isWide() }).toEqual({ group, isWide: false });
    await page.getByText('All settings').tap();
  }
  for (const path of ['/u/owner', '/help#ffmpeg', '/help#shortcuts']) {
    await open(page, path);
    await page.locator('h1').first().waitFor(WAIT);
    expect({ path, isWide: await isWide() }).toEqual({ path, isWide: false });
  }
  await context.close();
});

test('nothing went wrong on the way', () => {
  const faults = [...owner.complaints, ...friend.complaints].filter((text) => text.startsWith('uncaught'));
  expect(faults).toEqual([]);
});
