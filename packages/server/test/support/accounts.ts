import type { Config } from '../../src/app/config.ts';
import { startTest, type Answer, type TestKaibo } from '../harness.ts';

export const PASSWORD = 'correct horse battery';

export type Headers = Record<string, string>;

/** Somebody with an account, and how a request shows it. */
export interface Person {
  id: string;
  username: string;
  token: string;
  headers: Headers;
}

/** A platform on which a test makes accounts and turns the clock. */
export interface AccountsKaibo extends TestKaibo {
  wait(ms: number): void;
  get(path: string, headers?: Headers): Promise<Answer>;
  post(path: string, body: unknown, headers?: Headers): Promise<Answer>;
  put(path: string, body: unknown, headers?: Headers): Promise<Answer>;
  delete(path: string, headers?: Headers, body?: unknown): Promise<Answer>;
  /** Registers; the first one is the administrator. */
  person(username: string, more?: object): Promise<Person>;
  login(username: string, password?: string, headers?: Headers): Promise<Answer>;
  /** As an administrator sees it, the newest first. */
  audit(admin: Person, query?: string): Promise<Record<string, unknown>[]>;
}

/** `dataDir` as in `startTest`. */
export async function startAccounts(
  change: (config: Config) => void = () => {},
  dataDir?: string,
): Promise<AccountsKaibo> {
  let nowMs = Date.now();
  const kaibo = await startTest({
    dataDir,
    now: () => nowMs,
    change: (config) => {
      // Budgets by the minute have tests of their own.
      config.limits.loginPerMinute = 10_000;
      config.limits.writePerMinute = 10_000;
      // A test comes from elsewhere by X-Forwarded-For.
      config.trustProxy = true;
      change(config);
    },
  });
  const { call } = kaibo;
  const post: AccountsKaibo['post'] = (path, body, headers) => call(path, { method: 'POST', body, headers });
  const get: AccountsKaibo['get'] = (path, headers) => call(path, { headers });
  return {
    ...kaibo,
    wait: (ms) => void (nowMs += ms),
    get,
    post,
    put: (path, body, headers) => call(path, { method: 'PUT', body, headers }),
    delete: (path, headers, body) => call(path, { method: 'DELETE', body, headers }),
    person: async (username, more = {}) => {
      const answer = await post('/api/auth/register', { username, password: PASSWORD, ...more });
      if (answer.status !== 201) throw new Error(`registering answered ${answer.status} ${answer.text}`);
      return personOf(answer);
    },
    login: (username, password = PASSWORD, headers = {}) => post('/api/auth/login', { username, password }, headers),
    audit: async ({ headers }, query = '') =>
      JSON.parse((await get(`/api/admin/audit${query}`, headers)).text) as Record<string, unknown>[],
  };
}

/** Who an answer to a registration or login is about. */
export function personOf({ body }: Answer): Person {
  const token = String(body['accessToken']);
  const { id, username } = body['user'] as { id: string; username: string };
  return { id, username, token, headers: { authorization: `Bearer ${token}` } };
}

/** The cookies that an answer sets, as the next request sends them. */
export function cookiesOf({ headers }: Answer): string {
  return headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
}
