import type { Caller } from './caller.ts';
import type { RegisterInput } from './auth.ts';
import type { Account, PageQuery } from './users.ts';

/** Times are ms since the epoch. */
export interface AdminUser extends Account {
  email: string | null;
  isBanned: boolean;
  /** null with `isBanned` is for good. */
  bannedUntil: number | null;
  banReason: string | null;
  createdAt: number;
  lastLoginAt: number | null;
}

export interface UserSearch extends PageQuery {
  /** A part of the user name or mail address, or an id. */
  q?: string;
  /** Only these, at most 100. */
  ids?: readonly string[];
  only?: 'admins' | 'banned';
}

/** Who did what to whom. `at` is ms since the epoch. */
export interface AuditEntry {
  seq: number;
  at: number;
  actor: string;
  action: string;
  subject: string;
  details: Record<string, unknown>;
  address: string | null;
}

export interface AuditQuery {
  /** Entries before this `seq`, for the next page. */
  before?: number;
  limit?: number;
  actor?: string;
  action?: string;
  subject?: string;
}

/** For administrators. */
export class AdminApi {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  async users({ ids, ...query }: UserSearch = {}): Promise<{
    users: AdminUser[];
    /** Over all pages. */
    total: number;
  }> {
    const response = await this.#caller.send('/api/admin/users', { query: { ...query, ids: ids?.join(',') } });
    const users = (await response.json()) as AdminUser[];
    return { users, total: Number(response.headers.get('x-total-count') ?? users.length) };
  }

  /** Also where registration is closed. */
  createUser(input: Omit<RegisterInput, 'setupToken'> & { role?: 'user' | 'admin' }): Promise<AdminUser> {
    return this.#caller.json('/api/admin/users', { method: 'POST', body: input });
  }

  /** `until` is ms since the epoch; left out, for good. */
  async ban(userId: string, input: { reason?: string; until?: number } = {}): Promise<void> {
    await this.#caller.send(`${adminPath(userId)}/ban`, { method: 'POST', body: input });
  }

  async unban(userId: string): Promise<void> {
    await this.#caller.send(`${adminPath(userId)}/ban`, { method: 'DELETE' });
  }

  async setRole(userId: string, role: 'user' | 'admin'): Promise<void> {
    await this.#caller.send(`${adminPath(userId)}/role`, { method: 'PUT', body: { role } });
  }

  /** A link that sets a new password, to be handed over by other means than mail. */
  resetLink(userId: string): Promise<{ url: string; expiresAt: number }> {
    return this.#caller.json(`${adminPath(userId)}/reset-link`, { method: 'POST', body: {} });
  }

  /** Access tokens are signed by a new key from now on; those that are out stay good until they end. */
  async rotateTokenKeys(): Promise<void> {
    await this.#caller.send('/api/admin/token-keys/rotate', { method: 'POST', body: {} });
  }

  audit(query: AuditQuery = {}): Promise<AuditEntry[]> {
    return this.#caller.json('/api/admin/audit', { query: { ...query } });
  }
}

function adminPath(userId: string): string {
  return `/api/admin/users/${encodeURIComponent(userId)}`;
}
