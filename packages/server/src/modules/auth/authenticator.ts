import type { StateCenter, Unsubscribe } from '../../state/contract.ts';
import { AppError, type Account, type Authenticator, type Revoked, type Scope } from '../gateway/contract.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { ApiKeyStore } from './api-key-store.ts';
import { CONTROL_CHANNEL, SESSION_REVOKED, USER_BANNED, USER_CHANGED } from './contract.ts';
import { hashOf } from './ids.ts';
import { isBanned, type AccountStore } from './store.ts';

const API_KEY = /^kbk_[\w-]{43}$/;
/** What is known of a login is believed this long; changes are heard of at once, this is for those that are not. */
const BELIEVED_MS = 5000;
const MAX_REMEMBERED = 10_000;

/** What the events on `control` have. */
interface Changed extends Pick<Revoked, 'userId' | 'sessionId' | 'via'> {
  mayLess?: boolean;
}

interface Known {
  account: Omit<Account, 'via'>;
  untilMs: number;
}

export interface AuthenticatorDeps {
  store: AccountStore;
  apiKeys: ApiKeyStore;
  tokens: AccessTokens;
  state: StateCenter;
  now: () => number;
}

/** Turns tokens into accounts, and hears on every node at once when a login has ended. */
export class TokenAuthenticator implements Authenticator {
  readonly #deps: AuthenticatorDeps;
  /** By session, and by the hash of an API key; in order of last use. */
  readonly #known = new Map<string, Known>();
  readonly #listeners = new Set<(revoked: Revoked) => void>();
  #unsubscribe: Unsubscribe | undefined;
  /** Rises with everything that is forgotten: what was looked up across that may be out of date already. */
  #forgotten = 0;

  constructor(deps: AuthenticatorDeps) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    this.#unsubscribe = await this.#deps.state.subscribe(CONTROL_CHANNEL, {
      deliver: ({ event, data }) => {
        const { userId, sessionId, mayLess, via } = data as Changed;
        if (event === SESSION_REVOKED) this.revoked({ userId, sessionId });
        else if (event === USER_BANNED) this.revoked({ userId });
        else if (event !== USER_CHANGED) return;
        else if (mayLess === true) this.revoked({ userId, via, mayReturn: true });
        else this.forget(userId);
      },
      reset: () => {
        this.#forgotten++;
        this.#known.clear();
      },
    });
  }

  async stop(): Promise<void> {
    await this.#unsubscribe?.();
    this.#listeners.clear();
  }

  async authenticate(token: string): Promise<Account> {
    return token.startsWith('kbk_') ? this.#byApiKey(token) : this.#byAccessToken(token);
  }

  onRevoked(listener: (revoked: Revoked) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A login ended, or all of a user, or may less: here and now. */
  revoked(revoked: Revoked): void {
    this.#forgotten++;
    if (revoked.sessionId === undefined) this.forget(revoked.userId);
    else this.#known.delete(revoked.sessionId);
    for (const listener of this.#listeners) listener(revoked);
  }

  /** The next request looks the user up again. */
  forget(userId: string): void {
    this.#forgotten++;
    for (const [key, { account }] of this.#known) if (account.id === userId) this.#known.delete(key);
  }

  async #byAccessToken(token: string): Promise<Account> {
    const { tokens, store, now } = this.#deps;
    const { userId, sessionId, expiresAtMs } = await tokens.verify(token);
    const account = await this.#remembered(sessionId, async () => {
      const login = await store.findLogin(sessionId);
      if (login === undefined || login.user.id !== userId) throw new AppError('invalid_token');
      const { session, user } = login;
      if (isBanned(user, now())) throw new AppError('account_banned');
      if (session.revoked_at !== null || session.expires_at <= now()) throw new AppError('invalid_token');
      return { id: userId, username: user.username, role: user.role, sessionId, expiresAtMs };
    });
    // The login may be remembered from a token that said who it is for.
    if (account.id !== userId) throw new AppError('invalid_token');
    return { ...account, via: 'bearer', expiresAtMs };
  }

  async #byApiKey(token: string): Promise<Account> {
    const { apiKeys, store, now } = this.#deps;
    if (!API_KEY.test(token)) throw new AppError('invalid_token');
    const hash = hashOf(token);
    const account = await this.#remembered(hash, async () => {
      const key = await apiKeys.findByHash(hash);
      const user = key === undefined ? undefined : await store.find(key.user_id);
      if (key === undefined || user === undefined) throw new AppError('invalid_token');
      if (isBanned(user, now())) throw new AppError('account_banned');
      const expiresAtMs = key.expires_at ?? Number.MAX_SAFE_INTEGER;
      if (expiresAtMs <= now()) throw new AppError('token_expired');
      await apiKeys.markUsed(key.id, now());
      return {
        id: user.id,
        username: user.username,
        role: user.role,
        scopes: key.scopes.split(' ') as Scope[],
        expiresAtMs,
      };
    });
    if (account.expiresAtMs <= now()) throw new AppError('token_expired');
    return { ...account, via: 'apiKey' };
  }

  async #remembered(key: string, look: () => Promise<Known['account']>): Promise<Known['account']> {
    const known = this.#known.get(key);
    if (known !== undefined && known.untilMs > this.#deps.now()) return known.account;
    const forgotten = this.#forgotten;
    const account = await look();
    if (this.#forgotten !== forgotten) return account;
    this.#known.delete(key);
    this.#known.set(key, { account, untilMs: this.#deps.now() + BELIEVED_MS });
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_REMEMBERED && oldest !== undefined) this.#known.delete(oldest);
    return account;
  }
}
