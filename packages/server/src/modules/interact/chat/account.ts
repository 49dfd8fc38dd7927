import type { Outbox } from '../../../database/outbox.ts';
import type { AccountHolder } from '../../auth/contract.ts';
import { toModerators } from '../../moderation/contract.ts';
import { chatChannelOf } from './contract.ts';
import type { Pins } from './pins.ts';
import type { ChatStore, MessageRow } from './store.ts';

const ROWS_AT_ONCE = 1000;
/** An export is one answer: of somebody who wrote more, the newest end is left out. */
const MAX_EXPORTED = 200_000;
/** Pages that are open longer than this show what they showed. */
const TOLD_WITHIN_MS = 86_400_000;

/** What somebody said is theirs: they get all of it, and it goes with the account. */
export function chatAccountHolder({
  store,
  outbox,
  pins,
  now,
}: {
  store: ChatStore;
  outbox: Outbox;
  pins: Pins;
  now: () => number;
}): AccountHolder {
  return {
    name: 'chat',
    exportData: async (userId) => {
      const all: ReturnType<typeof exported>[] = [];
      for (let after = ''; all.length < MAX_EXPORTED;) {
        const rows = await store.ofUser(userId, { after, limit: ROWS_AT_ONCE });
        all.push(...rows.map(exported));
        const last = rows.at(-1);
        if (last === undefined || rows.length < ROWS_AT_ONCE) break;
        after = last.id;
      }
      return all;
    },
    accountGone: async (userId, why) => {
      if (why === 'banned') return;
      await outbox.transact(async ({ transaction, emit }) => {
        const rooms = await store.forgetUser(transaction, userId, now() - TOLD_WITHIN_MS);
        const data = { person: `user:${userId}` };
        await emit(...rooms.map((roomId) => ({ channel: chatChannelOf(roomId), event: 'chat.cleared', data })));
        await emit(...rooms.map((roomId) => toModerators(roomId, 'held.cleared', data)));
        await pins.settle({ transaction, emit });
      });
    },
  };
}

function exported({ id, room_id: roomId, text, at, kind, state }: MessageRow) {
  return { id, roomId, text, at, kind, state };
}
