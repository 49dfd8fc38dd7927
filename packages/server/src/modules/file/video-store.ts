import { sql } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { FileRow } from './contract.ts';

/** Videos whose replay somebody deleted by itself. */
export async function videosWithoutReplay(database: Database, limit: number): Promise<FileRow[]> {
  return database
    .selectFrom('files')
    .selectAll()
    .where('kind', '=', 'video')
    .where('state', '=', 'ready')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('recordings')
            .select(sql`1`.as('one'))
            .whereRef('recordings.id', '=', 'files.recording_id')
            .where('recordings.state', '<>', 'deleted'),
        ),
      ),
    )
    .limit(limit)
    .execute();
}
