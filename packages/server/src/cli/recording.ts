import type { Command } from './command.ts';
import { inOffice } from './office.ts';

const DAY_AND_MINUTE = 16;

const list: Command = {
  name: 'recording list',
  usage: '[--user NAME]',
  summary: 'show the recordings, the newest last; of one user, or of all',
  options: { user: { type: 'string' } },
  run: ({ flags, options }) =>
    inOffice(flags, async ({ database, user }) => {
      let query = database
        .selectFrom('recordings')
        .leftJoin('users', 'users.id', 'recordings.user_id')
        .select(['recordings.id', 'recordings.state', 'recordings.published', 'recordings.started_at'])
        .select(['recordings.duration_ms', 'recordings.size_bytes', 'recordings.title', 'users.username'])
        .where('recordings.state', '<>', 'deleted')
        .orderBy('recordings.started_at')
        .orderBy('recordings.id');
      if (typeof options['user'] === 'string')
        query = query.where('recordings.user_id', '=', (await user(options['user'])).id);
      for (const row of await query.execute()) {
        const columns = [
          row.id,
          row.state.padEnd(10),
          row.published === 1 ? 'published' : '-'.padEnd(9),
          new Date(row.started_at).toISOString().slice(0, DAY_AND_MINUTE).replace('T', ' '),
          `${Math.round(row.duration_ms / 1000)} s`.padStart(8),
          `${(row.size_bytes / 1e6).toFixed(1)} MB`.padStart(11),
          row.username ?? '-',
          row.title,
        ];
        console.log(columns.join('  '));
      }
      return 0;
    }),
};

const remove: Command = {
  name: 'recording delete',
  usage: 'ID',
  summary: 'delete a recording; the platform that runs, or its next start, removes the files',
  operands: 1,
  run: ({ flags, operands: [id = ''] }) =>
    inOffice(flags, async ({ recordings }) => {
      await recordings.remove(id);
      console.log(`${id} is deleted`);
      return 0;
    }),
};

export const recordingCommands: readonly Command[] = [list, remove];
