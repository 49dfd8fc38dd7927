import { audit } from '../../database/audit.ts';
import type { Outbox, Work } from '../../database/outbox.ts';
import { AppError, type Caller } from '../gateway/contract.ts';
import type { AccessTokens } from './access-tokens.ts';
import { CONTROL_CHANNEL, SESSION_REVOKED } from './contract.ts';
import { hashOf, randomId, randomSecret } from './ids.ts';
import { isBanned, type AccountStore, type SessionRow, type UserRow } from './store.ts';

/** Logins of one account; the one that was not used for longest ends first. */
const MAX_SESSIONS = 20;
/** The refresh token before the present one is still answered this long, for tabs that asked at the same time. */
const GRACE_MS = 20_000;
const USER_AGENT_LENGTH = 200;

/** What somebody who logged in takes along. */
export interface Login {
  user: UserRow;
  accessToken: string;
  /** Seconds. */
  expiresIn: number;
  /** `SESSION.SECRET`; undefined when the one in hand was just replaced by another tab. */
  refreshToken: string | undefined;
  sessionId: string;
}

export interface SessionsDeps {
  store: AccountStore;
  outbox: Outbox;
  tokens: AccessTokens;
  sessionMs: number;
  now: () => number;
  /** At once on this node; the others hear by the control channel. */
  onRevoked(revoked: { userId: string; sessionId?: string }): void;
  /** What is remembered of the user is out of date. */
  onChanged(userId: string): void;
}

/**
 * Logins on devices: a short access token and a refresh token that is replaced at each use. One that was replaced
 * before and comes again has been stolen, or was stolen from: the login ends for both.
 */
export class Sessions {
  readonly #deps: SessionsDeps;

  constructor(deps: SessionsDeps) {
    this.#deps = deps;
  }

  async begin(user: UserRow, caller: Caller, userAgent: string): Promise<Login> {
    const { store, outbox, now, sessionMs } = this.#deps;
    const id = randomId(16);
    const secret = randomSecret();
    const nowMs = now();
    const row: SessionRow = {
      id,
      user_id: user.id,
      refresh_hash: hashOf(secret),
      previous_hash: null,
      rotated_at: nowMs,
      created_at: nowMs,
      expires_at: nowMs + sessionMs,
      revoked_at: null,
      user_agent: userAgent.slice(0, USER_AGENT_LENGTH),
      address: caller.address,
    };
    const living = await store.sessionsOf(user.id, nowMs);
    const surplus = living.slice(0, Math.max(0, living.length + 1 - MAX_SESSIONS));
    await outbox.transact(async (work) => {
      await store.insertSession(work.transaction, row);
      await store.changeUser(work.transaction, { id: user.id, changes: { last_login_at: nowMs } });
      await audit(work.transaction, {
        actor: `user:${user.id}`,
        action: 'session.began',
        subject: `user:${user.id}`,
        address: caller.address,
        atMs: nowMs,
      });
    });
    for (const session of surplus) await this.end({ userId: user.id, sessionId: session.id });
    return { user, ...(await this.#access(user.id, id)), refreshToken: `${id}.${secret}`, sessionId: id };
  }

  /** @throws AppError invalid_token, refresh_reused, account_banned */
  async refresh(refreshToken: string | undefined): Promise<Login> {
    const { store, now } = this.#deps;
    const { id, secret } = partsOf(refreshToken);
    const session = id === '' ? undefined : await store.findSession(id);
    const user = session === undefined ? undefined : await store.find(session.user_id);
    const nowMs = now();
    if (session === undefined || user === undefined || session.expires_at <= nowMs) throw new AppError('invalid_token');
    if (isBanned(user, nowMs)) throw new AppError('account_banned');
    const hash = hashOf(secret);
    if (session.revoked_at !== null) throw new AppError('invalid_token');
    if (session.refresh_hash === hash) {
      const next = await this.#rotate(session, hash);
      const access = await this.#access(user.id, id);
      return { user, ...access, refreshToken: next === undefined ? undefined : `${id}.${next}`, sessionId: id };
    }
    if (session.previous_hash === hash && session.rotated_at + GRACE_MS > nowMs)
      return { user, ...(await this.#access(user.id, id)), refreshToken: undefined, sessionId: id };
    await this.end({ userId: user.id, sessionId: id, action: 'session.reused' });
    throw new AppError('refresh_reused');
  }

  /** Whose login a refresh token carries on, without using it. */
  async ownerOf(refreshToken: string | undefined): Promise<{ userId: string; sessionId: string } | undefined> {
    const { id, secret } = partsOf(refreshToken);
    const session = id === '' ? undefined : await this.#deps.store.findSession(id);
    return session?.refresh_hash === hashOf(secret) ? { userId: session.user_id, sessionId: id } : undefined;
  }

  /** Ends one login, or all of the user's, or all but one. */
  async end({
    userId,
    sessionId,
    except,
    action = 'session.ended',
    actor = `user:${userId}`,
  }: {
    userId: string;
    sessionId?: string;
    except?: string;
    action?: string;
    actor?: string;
  }): Promise<number> {
    const ended = await this.#deps.outbox.transact(async (work) => {
      const revoked = await this.revoke(work, { userId, sessionId, except });
      if (revoked.length > 0)
        await audit(work.transaction, {
          actor,
          action,
          subject: `user:${userId}`,
          details: { sessions: revoked.length },
          atMs: this.#deps.now(),
        });
      return revoked;
    });
    this.tell(userId, ended);
    return ended.length;
  }

  /** As a part of a larger change; `tell` afterwards. Answers which sessions ended. */
  async revoke(
    { transaction, emit }: Work,
    { userId, sessionId, except }: { userId: string; sessionId?: string; except?: string },
  ): Promise<string[]> {
    const { store, now } = this.#deps;
    const revoked = await store.revoke(transaction, { userId, only: sessionId, except, nowMs: now() });
    await emit(
      ...revoked.map((id) => ({
        channel: CONTROL_CHANNEL,
        event: SESSION_REVOKED,
        data: { userId, sessionId: id },
      })),
    );
    return revoked;
  }

  tell(userId: string, sessionIds: readonly string[]): void {
    for (const sessionId of sessionIds) this.#deps.onRevoked({ userId, sessionId });
  }

  /** The user's role or standing changed; the logins stay. */
  forget(userId: string): void {
    this.#deps.onChanged(userId);
  }

  async #rotate(session: SessionRow, from: string): Promise<string | undefined> {
    const { store, outbox, now, sessionMs } = this.#deps;
    const secret = randomSecret();
    const nowMs = now();
    const isOurs = await outbox.transact(async ({ transaction }) =>
      store.rotate(transaction, {
        id: session.id,
        from,
        to: hashOf(secret),
        nowMs,
        expiresAtMs: nowMs + sessionMs,
      }),
    );
    return isOurs ? secret : undefined;
  }

  async #access(userId: string, sessionId: string): Promise<{ accessToken: string; expiresIn: number }> {
    const { token, expiresIn } = await this.#deps.tokens.issue({ userId, sessionId });
    return { accessToken: token, expiresIn };
  }
}

/** Of `SESSION.SECRET`; empty for anything else. */
function partsOf(refreshToken = ''): { id: string; secret: string } {
  const [, id = '', secret = ''] = /^(\w+)\.([\w-]+)$/.exec(refreshToken) ?? [];
  return { id, secret };
}
