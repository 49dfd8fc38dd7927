import { randomUUID } from 'node:crypto';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { watchPage } from './chromium.ts';

/** Somebody with an account of their own, logged in in a browser of their own. The first of a platform administrates it. */
export interface WebPerson {
  id: string;
  username: string;
  context: BrowserContext;
  page: Page;
  /** Of `page`. */
  complaints: string[];
  /** Asks the API as this person; whatever moves coins has a key of its own. Fails unless it goes well. */
  call<Answer>(method: string, path: string, body?: object): Promise<Answer>;
}

const PASSWORD = 'correct horse battery';

/** Somebody who has joined, in one more browser. */
export async function logInBrowser({ url }: { url: string }, context: BrowserContext, username: string): Promise<void> {
  const answer = await context.request.post(`${url}/api/auth/login`, { data: { username, password: PASSWORD } });
  if (!answer.ok()) throw new Error(`log in ${username}: ${answer.status()} ${await answer.text()}`);
  const { user } = (await answer.json()) as { user: { id: string } };
  await context.addInitScript((id) => localStorage.setItem('kaibo.login', id), user.id);
}

type Joining = BrowserContextOptions & { username: string };

const contextOptions = (options: BrowserContextOptions): BrowserContextOptions => ({
  ...{ viewport: { width: 1280, height: 800 }, locale: 'zh-CN' },
  ...options,
});

/**
 * Browsers that one person after the other has. A browser that has drawn a page before draws it again in a third of the
 * time, as it kept and compiled the scripts.
 */
export class BrowserSeats {
  readonly #platform: { url: string };
  readonly #browser: Browser;
  readonly #free = new Map<string, Page[]>();
  readonly #kinds = new Map<BrowserContext, string>();

  constructor(platform: { url: string }, browser: Browser) {
    this.#platform = platform;
    this.#browser = browser;
  }

  async join({ username, ...options }: Joining): Promise<WebPerson> {
    const kind = JSON.stringify(options);
    const page = this.#free.get(kind)?.pop();
    const person = await (page === undefined
      ? joinInBrowser(this.#platform, this.#browser, { username, ...options })
      : joinOnPage(this.#platform, page, username));
    this.#kinds.set(person.context, kind);
    return person;
  }

  /** Nothing of the person stays but what was loaded. */
  async leave({ context, page }: WebPerson): Promise<void> {
    const kind = this.#kinds.get(context) ?? '';
    for (const other of context.pages()) if (other !== page) await other.close();
    const here = page.url().startsWith(this.#platform.url);
    if (here) await page.evaluate('localStorage.clear(); sessionStorage.clear()');
    await page.goto('about:blank');
    await context.clearCookies();
    const { viewport } = contextOptions(JSON.parse(kind) as BrowserContextOptions);
    if (viewport) await page.setViewportSize(viewport);
    this.#free.set(kind, [...(this.#free.get(kind) ?? []), page]);
  }
}

export async function joinInBrowser(
  platform: { url: string },
  browser: Browser,
  { username, ...options }: Joining,
): Promise<WebPerson> {
  const context = await browser.newContext(contextOptions(options));
  return joinOnPage(platform, await context.newPage(), username);
}

async function joinOnPage({ url }: { url: string }, page: Page, username: string): Promise<WebPerson> {
  const context = page.context();
  const data = { username, name: username.toUpperCase(), password: PASSWORD };
  const answer = await context.request.post(`${url}/api/auth/register`, { data });
  if (answer.status() !== 201) throw new Error(`register ${username}: ${answer.status()} ${await answer.text()}`);
  const { accessToken, user } = (await answer.json()) as { accessToken: string; user: { id: string } };
  await context.addInitScript((id) => localStorage.setItem('kaibo.login', id), user.id);
  return {
    ...{ id: user.id, username, context, page, complaints: watchPage(page) },
    async call<Answer>(method: string, path: string, body?: object) {
      const headers: Record<string, string> = {
        authorization: `Bearer ${accessToken}`,
        'idempotency-key': randomUUID(),
        ...(body ? { 'content-type': 'application/json' } : {}),
      };
      const response = await fetch(url + path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
      return (await response.json()) as Answer;
    },
  };
}
