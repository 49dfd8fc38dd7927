import { KaiboError } from './errors.ts';
import { readJson, send } from './http.ts';
import type { HttpOptions } from './http.ts';
import type { Account } from './users.ts';

/** What login, registration and refresh answer. */
export interface LoginAnswer {
  accessToken: string;
  /** Seconds. */
  expiresIn: number;
  user: Account;
}

/** `user` is null when nobody is logged in; `ended` says that the server took the login away. */
export interface AuthChange {
  user: Account | null;
  ended: boolean;
}
export type AuthListener = (change: AuthChange) => void;

/** Renewed this long before the end, so that no request meets the end itself. */
const RENEW_BEFORE_MS = 30_000;
/** The longest time that timers of all platforms understand. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** After a renewal that found no network. */
const RETRY_MS = 10_000;
/** One renewal at a time over all tabs of a browser, because each makes the refresh cookie before it void. */
const LOCK_NAME = 'kaibo.refresh';
const REFRESH_COOKIE = /^(kaibo_refresh[^=;]*=[^;]+)/;

/**
 * Who is logged in, held in memory: the access token, when it ends, and the account. The refresh token is the browser's
 * HttpOnly cookie; where `fetch` keeps no cookies (Node) it is kept here.
 */
export class Session {
  readonly #http: HttpOptions;
  readonly #listeners = new Set<AuthListener>();
  #apiKey: string | undefined;
  #token: string | undefined;
  #expiresAtMs = 0;
  #user: Account | null = null;
  #cookie: string | undefined;
  #renewing: Promise<boolean> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(http: HttpOptions, { apiKey }: { apiKey?: string | undefined } = {}) {
    this.#http = http;
    this.#apiKey = apiKey;
  }

  get user(): Account | null {
    return this.#user;
  }

  get cookie(): string | undefined {
    return this.#cookie;
  }

  /** Returns the function that ends the watch. */
  onChange(listener: AuthListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A token that is good for now, renewed when it is about to end; undefined when nobody is logged in. */
  async bearer(): Promise<string | undefined> {
    if (this.#apiKey !== undefined) return this.#apiKey;
    if (this.#token !== undefined && Date.now() > this.#expiresAtMs - RENEW_BEFORE_MS) await this.renew();
    return this.#token;
  }

  /** Takes over what a login answered. */
  async accept(response: Response): Promise<LoginAnswer> {
    const answer = await readJson<LoginAnswer>(response);
    this.#keepCookie(response);
    this.#token = answer.accessToken;
    this.#expiresAtMs = Date.now() + answer.expiresIn * 1000;
    this.#schedule(answer.expiresIn * 1000 - RENEW_BEFORE_MS);
    this.setUser(answer.user);
    return answer;
  }

  /** The account as it is now; listeners are told. */
  setUser(user: Account): void {
    this.#user = user;
    this.#tell({ user, ended: false });
  }

  /** Forgets the login here. `ended`: the server took it away. */
  clear({ ended = false }: { ended?: boolean } = {}): void {
    clearTimeout(this.#timer);
    const wasIn = this.#token !== undefined || this.#user !== null;
    [this.#token, this.#user, this.#cookie] = [undefined, null, undefined];
    if (wasIn) this.#tell({ user: null, ended });
  }

  /** What a request may do about its refusal: true when it may be sent again. `used` is the token that it was sent with. */
  async recover(error: unknown, used: string | undefined): Promise<boolean> {
    const isStale =
      error instanceof KaiboError && error.status === 401 && /^(token_expired|invalid_token)$/.test(error.code);
    if (!isStale || used === undefined || this.#apiKey !== undefined) return false;
    // Somebody else's request renewed it meanwhile.
    if (this.#token !== undefined && this.#token !== used) return true;
    return this.renew();
  }

  /**
   * A new access token by the refresh token, once for however many ask at the same time. False when the login is over.
   * @throws KaiboError when the server could not be asked; the login is kept then.
   */
  renew(): Promise<boolean> {
    this.#renewing ??= this.#renewAlone().finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  async #renewAlone(): Promise<boolean> {
    try {
      await withLock(async () => {
        const request = { method: 'POST', body: {}, cookie: this.#cookie } as const;
        await this.accept(await send(this.#http, '/api/auth/refresh', request));
      });
      return true;
    } catch (error) {
      if (!(error instanceof KaiboError) || (error.status !== 401 && error.status !== 403)) throw error;
      this.clear({ ended: true });
      return false;
    }
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => void this.renew().catch(() => this.#token !== undefined && this.#schedule(RETRY_MS)),
      Math.min(Math.max(delayMs, 1000), MAX_TIMER_MS),
    );
    // Node's timers are objects that would keep the process alive.
    if (typeof this.#timer === 'object') (this.#timer as { unref?: () => void }).unref?.();
  }

  #keepCookie(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const pair = REFRESH_COOKIE.exec(line)?.[1];
      if (pair !== undefined) this.#cookie = pair;
    }
  }

  #tell(change: AuthChange): void {
    for (const listener of [...this.#listeners]) listener(change);
  }
}

async function withLock(task: () => Promise<void>): Promise<void> {
  const locks = (globalThis as { navigator?: { locks?: LockManager } }).navigator?.locks;
  // Locks exist on https and localhost only; a server reached by http and an address does without.
  if (locks === undefined) return task();
  await locks.request(LOCK_NAME, task);
}
