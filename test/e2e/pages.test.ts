// Every page, at the width of a desk and of a phone, in both languages and both looks: nothing that axe-core calls
// serious, nothing from another origin, nothing that the browser complains about, nothing wider than the screen.
// Screenshots of all of them are left in artefacts/pages for somebody to look at.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium, watchPage } from '../support/chromium.ts';
import { type FurnishedPlatform, furnishPlatform } from '../support/furnished-platform.ts';
import { until } from '../support/until.ts';
import { logInBrowser } from '../support/web-people.ts';

const ROOT = join(import.meta.dirname, '../..');
const ARTEFACTS = join(ROOT, 'artefacts/pages');
/** What was under way when the page changed its mind, such as a way to play that another one overtook. */
const LEAVING = /WebSocket is closed before the connection is established|net::ERR_ABORTED/;

/** In the page: something is there to read, and nothing is on its way. */
const HAS_CONTENT = `(() => {
  const content = document.querySelector('main') ?? document.querySelector('#app');
  return content.innerText.trim() !== '' && document.querySelector('.skeleton') === null;
})()`;

/** In the page: resolves when what was changed is seen, and has come to rest. */
const PAINTED = `(async () => {
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  await frame();
  const changes = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
  await Promise.allSettled(changes.map(({ finished }) => finished));
  await frame();
})()`;

/** In the page: nothing is left of the one before. */
const IS_ANOTHER = 'document.querySelector("[data-left]") === null';
/** These stand alone, without the frame of the others, and are loaded as they are. */
const BARE = /^\/(?:embed|overlay)\b/;

type Who = 'guest' | 'viewer' | 'streamer' | 'admin';

interface Shown {
  /** Of its screenshots. */
  name: string;
  /** As in router.ts. */
  route: string;
  who: Who;
  /** What the browser may say of it: requests that are answered by a refusal, as they should. */
  says?: RegExp;
  path(furnished: FurnishedPlatform): string;
}

/** As in pages/admin/routes.ts. */
const ADMIN_SECTIONS = [
  ...[
    'dashboard',
    'alarms',
    'rooms',
    'nodes',
    'users',
    'reports',
    'words',
    'gifts',
    'ledger',
    'files',
    'webhooks',
    'config',
  ],
  ...['audit', 'logs'],
];
const ADMIN_PAGES: readonly Shown[] = ADMIN_SECTIONS.map((key) => {
  const path = key === 'dashboard' ? '/admin' : `/admin/${key}`;
  return { name: `admin-${key}`, route: `admin-${key}`, who: 'admin', path: () => path };
});

const PAGES: readonly Shown[] = [
  { name: 'home', route: 'home', who: 'guest', path: () => '/' },
  { name: 'search', route: 'search', who: 'guest', path: () => `/search?q=${encodeURIComponent('厨房')}` },
  { name: 'following', route: 'following', who: 'viewer', path: () => '/following' },
  { name: 'categories', route: 'categories', who: 'guest', path: () => '/categories' },
  { name: 'category', route: 'category', who: 'guest', path: () => '/categories/life' },
  { name: 'room', route: 'room', who: 'viewer', path: ({ liveRoomId }) => `/rooms/${liveRoomId}` },
  { name: 'room-guest', route: 'room', who: 'guest', path: ({ liveRoomId }) => `/rooms/${liveRoomId}` },
  { name: 'room-ended', route: 'room', who: 'guest', path: ({ endedRoomId }) => `/rooms/${endedRoomId}` },
  { name: 'room-missing', route: 'room', who: 'guest', says: /404/, path: () => '/rooms/nothing-here' },
  { name: 'replay', route: 'replay', who: 'guest', path: ({ recordingId }) => `/replay/${recordingId}` },
  { name: 'embed', route: 'embed', who: 'guest', path: ({ liveRoomId }) => `/embed/${liveRoomId}` },
  {
    name: 'embed-replay',
    route: 'embed-replay',
    who: 'guest',
    path: ({ recordingId }) => `/embed/replay/${recordingId}`,
  },
  { name: 'rank', route: 'rank', who: 'viewer', path: () => '/rank' },
  { name: 'lottery', route: 'lottery', who: 'guest', path: ({ lotteryId }) => `/lotteries/${lotteryId}` },
  { name: 'user', route: 'user', who: 'viewer', path: ({ username }) => `/u/${username}` },
  { name: 'user-own', route: 'user', who: 'viewer', path: () => '/u/aming' },
  { name: 'notices', route: 'notices', who: 'viewer', path: () => '/notices' },
  { name: 'wallet', route: 'wallet', who: 'viewer', path: () => '/wallet' },
  { name: 'login', route: 'login', who: 'guest', path: () => '/login' },
  { name: 'register', route: 'register', who: 'guest', path: () => '/register' },
  { name: 'reset', route: 'reset', who: 'guest', path: () => '/reset' },
  { name: 'help', route: 'help', who: 'guest', path: () => '/help' },
  { name: 'settings', route: 'settings', who: 'streamer', path: () => '/settings' },
  { name: 'videos', route: 'videos', who: 'streamer', path: () => '/videos' },
  { name: 'dashboard', route: 'dashboard', who: 'streamer', path: () => '/studio' },
  { name: 'live', route: 'live', who: 'streamer', path: () => '/live' },
  { name: 'studio', route: 'studio', who: 'streamer', path: ({ liveRoomId }) => `/live/${liveRoomId}` },
  { name: 'studio-ended', route: 'studio', who: 'streamer', path: ({ endedRoomId }) => `/live/${endedRoomId}` },
  { name: 'overlay', route: 'overlay', who: 'guest', says: /401/, path: () => '/overlay' },
  { name: 'not-found', route: 'not-found', who: 'guest', path: () => '/no/such/page' },
  ...ADMIN_PAGES,
];

const DESK = { viewport: { width: 1440, height: 900 }, locale: 'zh-CN' } as const;
const PHONE = { viewport: { width: 390, height: 844 }, locale: 'en-US', hasTouch: true, isMobile: true } as const;

let browser: Browser;
let furnished: FurnishedPlatform;

beforeAll(async () => {
  mkdirSync(ARTEFACTS, { recursive: true });
  browser = await launchChromium();
  furnished = await furnishPlatform(browser);
});

afterAll(async () => {
  await furnished?.[Symbol.asyncDispose]();
  await browser?.close();
});

async function open(who: Who, options: BrowserContextOptions): Promise<Page> {
  const calm = { ...options, reducedMotion: 'reduce' } as const;
  const context = await browser.newContext(calm);
  if (who !== 'guest') await logInBrowser(furnished.platform, context, furnished.people[who].username);
  return context.newPage();
}

interface Finding {
  rule: string;
  impact: string;
  where: string;
}

/** Which rules are asked: comparing colours takes longer than all others, and they are the same at every width. */
type Rules = 'all' | 'all but colours' | 'colours';

/** What axe-core calls serious or critical. */
async function axeFindings(page: Page, rules: Rules): Promise<Finding[]> {
  const asked = {
    all: {},
    'all but colours': { rules: { 'color-contrast': { enabled: false } } },
    colours: { runOnly: ['color-contrast'] },
  }[rules];
  return page.evaluate(async (options) => {
    const inPage = globalThis as unknown as { axe: { run(options: object): Promise<AxeResult> } };
    const { violations } = await inPage.axe.run({ resultTypes: ['violations'], ...options });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, impact, nodes }) => nodes.map(({ target }) => ({ rule: id, impact, where: target.join(' ') })));
  }, asked);
}

interface AxeResult {
  violations: { id: string; impact: string; nodes: { target: string[] }[] }[];
}

/** The picture of a live room never rests; the page around it does. */
async function settle(page: Page): Promise<void> {
  await until(() => page.evaluate<boolean>(HAS_CONTENT), { timeoutMs: 60_000, what: 'something to read' });
  await page.evaluate('document.fonts.ready.then(() => undefined)');
}

/** In pixels by which something sticks out to the side. */
function overflow(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}

/** What a page asks of other origins than the platform's. */
function watchOrigins(page: Page): string[] {
  const origin = new URL(furnished.platform.url).hostname;
  const foreign: string[] = [];
  page.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (/^(?:http|ws)s?:$/.test(protocol) && hostname !== origin) foreign.push(`foreign: ${request.url()}`);
  });
  return foreign;
}

/** As a link in the app leads there: what all pages have in common is loaded once. */
async function visit(page: Page, path: string): Promise<void> {
  const isFirst = !page.url().startsWith(furnished.platform.url);
  if (isFirst || BARE.test(path) || BARE.test(new URL(page.url()).pathname)) {
    await page.goto(furnished.platform.url + path);
    await page.evaluate(axe.source);
    return;
  }
  await page.evaluate(`(() => {
    (document.querySelector('main h1') ?? document.querySelector('main > *')).dataset.left = '';
    const { position = 0 } = history.state ?? {};
    history.pushState({ position: position + 1 }, '', ${JSON.stringify(path)});
    dispatchEvent(new PopStateEvent('popstate', { state: history.state }));
    scrollTo(0, 0);
  })()`);
  await until(() => page.evaluate<boolean>(IS_ANOTHER), { timeoutMs: 60_000, what: `the page ${path}` });
}

/** The other look has other colours and nothing else. */
const RULES = {
  desk: { light: 'all', dark: 'none' },
  phone: { light: 'all but colours', dark: 'colours' },
} as const satisfies Record<string, Record<'light' | 'dark', Rules | 'none'>>;

/** Everything that is wrong with what a page looks like, in both looks. */
async function inspect(page: Page, { name, path }: Shown, size: 'desk' | 'phone'): Promise<string[]> {
  await visit(page, path(furnished));
  await settle(page);
  const wrong: string[] = [];
  for (const [theme, rules] of Object.entries(RULES[size])) {
    await page.evaluate(`document.documentElement.dataset.theme = '${theme}'`);
    await page.evaluate(PAINTED);
    const picture = { type: 'jpeg', quality: 85, fullPage: theme === 'light' } as const;
    await page.screenshot({ ...picture, path: join(ARTEFACTS, `${name}-${size}-${theme}.jpg`) });
    const found = rules === 'none' ? [] : await axeFindings(page, rules);
    for (const { rule, where } of found) wrong.push(`${theme} ${rule}: ${where}`);
  }
  const wide = await overflow(page);
  return wide > 0 ? [...wrong, `${wide} px too wide`] : wrong;
}

test('every page of the router is among them', () => {
  const router = readFileSync(join(ROOT, 'packages/web/src/router.ts'), 'utf8');
  const names = [...router.matchAll(/\bpath: '[^']+',\s*name: '([\w-]+)'/g)].map((match) => match[1]);
  const admin = readFileSync(join(ROOT, 'packages/web/src/pages/admin/routes.ts'), 'utf8');
  const sections = [...admin.matchAll(/\bsection\('(\w+)'/g)].map((match) => `admin-${match[1]}`);
  expect(new Set(PAGES.map(({ route }) => route))).toEqual(new Set([...names, ...sections]));
});

test.for([
  ['desk', DESK],
  ['phone', PHONE],
] as const)('at the width of a %s nothing is wrong with any page', { timeout: 400_000 }, async ([size, options]) => {
  const wrong: Record<string, string[]> = {};
  for (const who of ['guest', 'viewer', 'streamer', 'admin'] as const) {
    const page = await open(who, options);
    const heard = [watchPage(page), watchOrigins(page)];
    for (const shown of PAGES.filter((one) => one.who === who)) {
      const seen = await inspect(page, shown, size);
      const complaints = heard.flatMap((list) => list.splice(0));
      const unexpected = complaints.filter((complaint) => !LEAVING.test(complaint) && !shown.says?.test(complaint));
      if (seen.length + unexpected.length > 0) wrong[shown.name] = [...seen, ...unexpected];
    }
    await page.context().close();
  }
  expect(wrong).toEqual({});
});
