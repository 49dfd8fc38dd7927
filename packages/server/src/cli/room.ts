import type { Command } from './command.ts';
import { inOffice, OPERATOR } from './office.ts';

const list: Command = {
  name: 'room list',
  usage: '[--all]',
  summary: 'show the rooms that are open, private ones too; --all also those that ended',
  options: { all: { type: 'boolean' } },
  run: ({ flags, options }) =>
    inOffice(flags, async ({ database }) => {
      let query = database
        .selectFrom('rooms')
        .leftJoin('users', 'users.id', 'rooms.user_id')
        .select(['rooms.id', 'rooms.status', 'rooms.is_private', 'rooms.viewer_count', 'rooms.title', 'users.username'])
        .orderBy('rooms.created_at')
        .orderBy('rooms.id');
      if (options['all'] !== true) query = query.where('rooms.status', '<>', 'ended');
      for (const {
        id,
        status,
        is_private: isPrivate,
        viewer_count: viewers,
        title,
        username,
      } of await query.execute()) {
        const kind = isPrivate === 1 ? 'private' : 'public ';
        console.log([id, status.padEnd(9), kind, String(viewers).padStart(6), username ?? '-', title].join('  '));
      }
      return 0;
    }),
};

const close: Command = {
  name: 'room close',
  usage: 'ID',
  summary: 'end a room and its stream',
  operands: 1,
  run: ({ flags, operands: [roomId = ''] }) =>
    inOffice(flags, async ({ live }) => {
      const isEnded = await live.endRoom(roomId, OPERATOR);
      console.log(isEnded ? `${roomId} is closed` : `${roomId} had ended before`);
      return 0;
    }),
};

export const roomCommands: readonly Command[] = [list, close];
