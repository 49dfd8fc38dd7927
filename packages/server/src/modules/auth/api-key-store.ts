import type { Selectable } from 'kysely';
import type { Database, Transaction } from '../../database/database.ts';
import type { ApiKeyTable } from '../../database/schema.ts';

export type ApiKeyRow = Selectable<ApiKeyTable>;

/** The last use is written no more often. */
const USED_EVERY_MS = 60_000;

/** The queries on API keys. */
export class ApiKeyStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async of(userId: string): Promise<ApiKeyRow[]> {
    return this.#database
      .selectFrom('api_keys')
      .selectAll()
      .where('user_id', '=', userId)
      .orderBy('created_at')
      .execute();
  }

  async findByHash(hash: string): Promise<ApiKeyRow | undefined> {
    return this.#database.selectFrom('api_keys').selectAll().where('key_hash', '=', hash).executeTakeFirst();
  }

  async insert(transaction: Transaction, row: ApiKeyRow): Promise<void> {
    await transaction.insertInto('api_keys').values(row).execute();
  }

  /** The hash of what was deleted. */
  async delete(transaction: Transaction, { id, userId }: { id: string; userId: string }): Promise<string | undefined> {
    const row = await transaction
      .deleteFrom('api_keys')
      .where('id', '=', id)
      .where('user_id', '=', userId)
      .returning('key_hash')
      .executeTakeFirst();
    return row?.key_hash;
  }

  async markUsed(id: string, nowMs: number): Promise<void> {
    await this.#database
      .updateTable('api_keys')
      .set({ last_used_at: nowMs })
      .where('id', '=', id)
      .where((expression) =>
        expression.or([
          expression('last_used_at', 'is', null),
          expression('last_used_at', '<=', nowMs - USED_EVERY_MS),
        ]),
      )
      .execute();
  }
}
