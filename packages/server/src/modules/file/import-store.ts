import type { Selectable } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { PictureImportTable } from '../../database/tables/files.ts';

export type PictureImport = Selectable<PictureImportTable>;

/** The queries on pictures of other sites that are still to be fetched. */
export class ImportStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The one that was tried least. */
  async next(): Promise<PictureImport | undefined> {
    return this.#database
      .selectFrom('picture_imports')
      .selectAll()
      .orderBy('tries')
      .orderBy('purpose')
      .orderBy('subject_id')
      .executeTakeFirst();
  }

  /** Everything of the account that was to show it shows it, unless something else was chosen meanwhile. */
  async done({ purpose, user_id, url }: PictureImport, path: string): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      const gone = await transaction
        .deleteFrom('picture_imports')
        .where('purpose', '=', purpose)
        .where('user_id', '=', user_id)
        .where('url', '=', url)
        .returning('subject_id')
        .execute();
      for (const { subject_id: id } of gone) {
        if (purpose === 'avatar')
          await transaction
            .updateTable('users')
            .set({ avatar: path })
            .where('id', '=', id)
            .where('avatar', 'is', null)
            .execute();
        else
          await transaction
            .updateTable('rooms')
            .set({ cover: path })
            .where('id', '=', id)
            .where('cover', 'is', null)
            .execute();
      }
    });
  }

  /** After so many tries it is left as it is: nothing is shown. */
  async failed({ purpose, user_id, url, tries }: PictureImport, mostTries: number): Promise<void> {
    const those = { purpose, user_id, url };
    if (tries + 1 >= mostTries) {
      await this.#database
        .deleteFrom('picture_imports')
        .where((eb) => eb.and(those))
        .execute();
      return;
    }
    await this.#database
      .updateTable('picture_imports')
      .set({ tries: tries + 1 })
      .where((eb) => eb.and(those))
      .execute();
  }
}
