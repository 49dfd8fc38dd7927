import type { Selectable } from 'kysely';
import type { Database, Transaction } from '../../database/database.ts';
import type { WordTable } from '../../database/tables/moderation.ts';
import type { Page } from './contract.ts';

export type WordRow = Selectable<WordTable>;
export type MatchedWord = Pick<WordRow, 'word' | 'action'>;
/** The list that holds for all channels. */
export const EVERYWHERE = '';

/** PostgreSQL takes 65,535 values in a statement, SQLite 32,766. */
const BATCH = 1000;

/** The queries on word lists. */
export class WordStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** All of a list, for matching. */
  /** What a matcher needs of a list. */
  async listed(channelId: string): Promise<MatchedWord[]> {
    return this.#database
      .selectFrom('word_lists')
      .select(['word', 'action'])
      .where('channel_id', '=', channelId)
      .execute();
  }

  async ofChannel(channelId: string): Promise<WordRow[]> {
    return this.#database.selectFrom('word_lists').selectAll().where('channel_id', '=', channelId).execute();
  }

  /** The newest first. `q` is a part of the word. */
  async list(
    channelId: string,
    { page, pageSize, q }: Page & { q?: string },
  ): Promise<{ rows: WordRow[]; total: number }> {
    let matching = this.#database.selectFrom('word_lists').where('channel_id', '=', channelId);
    if (q !== undefined && q !== '')
      matching = matching.where(({ eb, fn, ref }) =>
        eb(fn('replace', [ref('word'), eb.val(q), eb.val('')]), '<>', ref('word')),
      );
    const { total } = await matching
      .select((builder) => builder.fn.countAll<number>().as('total'))
      .executeTakeFirstOrThrow();
    const rows = await matching
      .selectAll()
      .orderBy('created_at', 'desc')
      .orderBy('id')
      .limit(pageSize)
      .offset((page - 1) * pageSize)
      .execute();
    return { rows, total: Number(total) };
  }

  async count(database: Transaction, channelId: string): Promise<number> {
    const { count } = await database
      .selectFrom('word_lists')
      .select((builder) => builder.fn.countAll<number>().as('count'))
      .where('channel_id', '=', channelId)
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  /** Adds; a word that the list has gets the new action and note. No two rows may have one key. */
  async put(transaction: Transaction, rows: readonly WordRow[]): Promise<void> {
    for (let begin = 0; begin < rows.length; begin += BATCH)
      await transaction
        .insertInto('word_lists')
        .values(rows.slice(begin, begin + BATCH))
        .onConflict((conflict) =>
          conflict.columns(['channel_id', 'word_key']).doUpdateSet((expression) => ({
            word: expression.ref('excluded.word'),
            action: expression.ref('excluded.action'),
            note: expression.ref('excluded.note'),
          })),
        )
        .execute();
  }

  async byKey(transaction: Transaction, { channelId, key }: { channelId: string; key: string }): Promise<WordRow> {
    return transaction
      .selectFrom('word_lists')
      .selectAll()
      .where('channel_id', '=', channelId)
      .where('word_key', '=', key)
      .executeTakeFirstOrThrow();
  }

  /** Undefined when there is none. */
  async remove(
    transaction: Transaction,
    { channelId, ...by }: { channelId: string } & ({ id: string } | { key: string }),
  ): Promise<WordRow | undefined> {
    const query = transaction.deleteFrom('word_lists').where('channel_id', '=', channelId);
    return ('id' in by ? query.where('id', '=', by.id) : query.where('word_key', '=', by.key))
      .returningAll()
      .executeTakeFirst();
  }

  async forgetChannel(transaction: Transaction, channelId: string): Promise<void> {
    await transaction.deleteFrom('word_lists').where('channel_id', '=', channelId).execute();
  }

  async forgetMaker(transaction: Transaction, userId: string): Promise<void> {
    await transaction.updateTable('word_lists').set({ created_by: null }).where('created_by', '=', userId).execute();
  }
}
