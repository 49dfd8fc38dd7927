import type { Caller } from './caller.ts';
import { KaiboError } from './errors.ts';
import { readJson } from './http.ts';
import type { AuthListener, LoginAnswer, Session } from './session.ts';
import type { Account } from './users.ts';

export interface RegisterInput {
  username: string;
  password: string;
  name?: string;
  email?: string;
  /** For the first account, when it is made from another machine. The server printed it at its start. */
  setupToken?: string;
}

/** What registering asks of this client. */
export interface Setup {
  /** Nobody has an account; the first one is the administrator. */
  needsFirstAccount: boolean;
  /** The first account has to give the set-up token. */
  needsSetupToken: boolean;
  /** Of all accounts after the first one. */
  registration: 'open' | 'closed';
}

/** A login on one device. Times are ms since the epoch. */
export interface LoginSession {
  id: string;
  /** The one that asks. */
  current: boolean;
  userAgent: string;
  address: string;
  createdAt: number;
  lastUsedAt: number;
  expiresAt: number;
}

export type ApiKeyScope = 'profile:read' | 'profile:write' | 'rooms:read' | 'rooms:write' | 'chat:write' | 'admin';

export interface ApiKey {
  id: string;
  name: string;
  scopes: ApiKeyScope[];
  createdAt: number;
  /** null is for good. */
  expiresAt: number | null;
  lastUsedAt: number | null;
}

/** `key` is shown this once. */
export type CreatedApiKey = ApiKey & { key: string };

export interface ApiKeyInput {
  name: string;
  scopes: ApiKeyScope[];
  expiresInDays?: number;
}

/** Logins, passwords and API keys. */
export class AuthApi {
  readonly #caller: Caller;
  readonly #session: Session;

  constructor(caller: Caller, session: Session) {
    this.#caller = caller;
    this.#session = session;
  }

  /** Who is logged in here, as far as this client knows. */
  get user(): Account | null {
    return this.#session.user;
  }

  /** Told at login, logout and whenever the account changes. Returns the function that ends the watch. */
  onAuthChange(listener: AuthListener): () => void {
    return this.#session.onChange(listener);
  }

  /** What `register` will ask for. */
  setup(): Promise<Setup> {
    return this.#caller.json('/api/auth/setup');
  }

  /** Registers and logs in. */
  async register(input: RegisterInput): Promise<LoginAnswer> {
    return this.#session.accept(await this.#caller.send('/api/auth/register', { method: 'POST', body: input }));
  }

  async login(input: { username: string; password: string }): Promise<LoginAnswer> {
    return this.#session.accept(await this.#caller.anonymous('/api/auth/login', { method: 'POST', body: input }));
  }

  /** Ends this login. The client forgets it even when the server cannot be reached. */
  async logout(): Promise<void> {
    try {
      await this.#caller.send('/api/auth/logout', { method: 'POST', body: {}, cookie: this.#session.cookie });
    } finally {
      this.#session.clear();
    }
  }

  /** Ends every login of the account, this one too. */
  async logoutAll(): Promise<void> {
    await this.#caller.send('/api/auth/logout-all', { method: 'POST', body: {} });
    this.#session.clear();
  }

  /** Renews the access token now; false when the login is over. Done by itself before the end and on `token_expired`. */
  refresh(): Promise<boolean> {
    return this.#session.renew();
  }

  /** Takes up the login that the browser's cookies hold, after the page was loaded. Null when there is none. */
  async restore(): Promise<Account | null> {
    try {
      await this.#session.renew();
    } catch (error) {
      if (!(error instanceof KaiboError) || error.status !== 429) throw error;
      const user = await this.verify();
      if (user !== null) this.#session.setUser(user);
    }
    return this.#session.user;
  }

  /** Who the server takes the caller for. */
  async verify(): Promise<Account | null> {
    return (await this.#caller.json<{ user: Account | null }>('/api/auth/verify')).user;
  }

  /** An access token that is good for now, for sockets and integrations; undefined when nobody is logged in. */
  token(): Promise<string | undefined> {
    return this.#session.bearer();
  }

  sessions(): Promise<LoginSession[]> {
    return this.#caller.json('/api/auth/sessions');
  }

  async endSession(sessionId: string): Promise<void> {
    await this.#caller.send(`/api/auth/sessions/${encodeURIComponent(sessionId)}`, { method: 'DELETE' });
  }

  /** Ends every other login. */
  async changePassword(input: { current: string; new: string }): Promise<void> {
    const response = await this.#caller.send('/api/auth/password', { method: 'PUT', body: input });
    const answer = await readJson<Partial<LoginAnswer>>(response.clone());
    if (answer.accessToken !== undefined) await this.#session.accept(response);
  }

  /** Sends a reset link by mail, if there is such an account; the answer does not tell. */
  async requestReset(who: { username: string } | { email: string }): Promise<void> {
    await this.#caller.anonymous('/api/auth/reset', { method: 'POST', body: who });
  }

  /** Sets a new password by the token of a reset link. */
  async confirmReset(input: { token: string; password: string }): Promise<void> {
    await this.#caller.anonymous('/api/auth/reset/confirm', { method: 'POST', body: input });
  }

  apiKeys(): Promise<ApiKey[]> {
    return this.#caller.json('/api/auth/keys');
  }

  createApiKey(input: ApiKeyInput): Promise<CreatedApiKey> {
    return this.#caller.json('/api/auth/keys', { method: 'POST', body: input });
  }

  async deleteApiKey(keyId: string): Promise<void> {
    await this.#caller.send(`/api/auth/keys/${encodeURIComponent(keyId)}`, { method: 'DELETE' });
  }
}
