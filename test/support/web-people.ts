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

export async function joinInBrowser(
  { url }: { url: string },
  browser: Browser,
  { username, ...options }: BrowserContextOptions & { username: string },
): Promise<WebPerson> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'zh-CN', ...options });
  const data = { username, name: username.toUpperCase(), password: PASSWORD };
  const answer = await context.request.post(`${url}/api/auth/register`, { data });
  if (answer.status() !== 201) throw new Error(`register ${username}: ${answer.status()} ${await answer.text()}`);
  const { accessToken, user } = (await answer.json()) as { accessToken: string; user: { id: string } };
  await context.addInitScript((id) => localStorage.setItem('kaibo.login', id), user.id);
  const page = await context.newPage();
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
