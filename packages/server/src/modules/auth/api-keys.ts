import { audit } from '../../database/audit.ts';
import type { Outbox } from '../../database/outbox.ts';
import { AppError, type Account, type Scope } from '../gateway/contract.ts';
import type { ApiKeyRow, ApiKeyStore } from './api-key-store.ts';
import { CONTROL_CHANNEL, USER_CHANGED, type NewApiKey } from './contract.ts';
import { hashOf, randomId, randomSecret } from './ids.ts';

const MAX_KEYS = 20;
const DAY_MS = 86_400_000;

export interface ApiKeyView {
  id: string;
  name: string;
  scopes: Scope[];
  createdAt: number;
  expiresAt: number | null;
  lastUsedAt: number | null;
}

export interface ApiKeysDeps {
  store: ApiKeyStore;
  outbox: Outbox;
  now: () => number;
  onChanged(userId: string): void;
}

/** Keys by which programs act for an account, within scopes. */
export class ApiKeys {
  readonly #deps: ApiKeysDeps;

  constructor(deps: ApiKeysDeps) {
    this.#deps = deps;
  }

  async list(userId: string): Promise<ApiKeyView[]> {
    return (await this.#deps.store.of(userId)).map(viewOf);
  }

  /** `key` is shown this once. @throws AppError forbidden */
  async create({ id: userId, role }: Account, input: NewApiKey): Promise<ApiKeyView & { key: string }> {
    const { store, outbox, now } = this.#deps;
    if (input.scopes.includes('admin') && role !== 'admin') throw new AppError('forbidden');
    if ((await store.of(userId)).length >= MAX_KEYS) throw new AppError('rate_limited');
    const key = `kbk_${randomSecret()}`;
    const row: ApiKeyRow = {
      id: randomId(),
      user_id: userId,
      name: input.name,
      key_hash: hashOf(key),
      scopes: [...new Set(input.scopes)].join(' '),
      created_at: now(),
      expires_at: input.expiresInDays === undefined ? null : now() + input.expiresInDays * DAY_MS,
      last_used_at: null,
    };
    await outbox.transact(async ({ transaction }) => {
      await store.insert(transaction, row);
      await audit(transaction, {
        actor: `user:${userId}`,
        action: 'api_key.created',
        subject: `user:${userId}`,
        details: { id: row.id, scopes: row.scopes },
        atMs: now(),
      });
    });
    return { ...viewOf(row), key };
  }

  /** @throws AppError api_key_not_found */
  async delete(userId: string, id: string): Promise<void> {
    const { store, outbox, now, onChanged } = this.#deps;
    await outbox.transact(async ({ transaction, emit }) => {
      if ((await store.delete(transaction, { id, userId })) === undefined) throw new AppError('api_key_not_found');
      await audit(transaction, {
        actor: `user:${userId}`,
        action: 'api_key.deleted',
        subject: `user:${userId}`,
        details: { id },
        atMs: now(),
      });
      await emit({ channel: CONTROL_CHANNEL, event: USER_CHANGED, data: { userId, mayLess: true, via: 'apiKey' } });
    });
    onChanged(userId);
  }
}

function viewOf({ id, name, scopes, created_at, expires_at, last_used_at }: ApiKeyRow): ApiKeyView {
  return {
    id,
    name,
    scopes: scopes.split(' ') as Scope[],
    createdAt: created_at,
    expiresAt: expires_at,
    lastUsedAt: last_used_at,
  };
}
