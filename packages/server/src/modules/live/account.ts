import type { Outbox } from '../../database/outbox.ts';
import type { AccountHolder } from '../auth/contract.ts';
import type { MemberStore } from './member-store.ts';
import type { RoomService } from './service.ts';
import type { RoomStore } from './store.ts';
import type { RoomView } from './view.ts';

export interface AccountDeps {
  store: RoomStore;
  memberStore: MemberStore;
  service: RoomService;
  view: RoomView;
  outbox: Outbox;
}

/** What rooms keep of an account, and what becomes of it: its open rooms end, old ones stay without owner. */
export function roomAccountHolder({ store, memberStore, service, view, outbox }: AccountDeps): AccountHolder {
  return {
    name: 'rooms',
    exportData: async (userId) => {
      const rows = await store.ofUser(userId);
      await view.prime(rows);
      const memberships = await memberStore.everywhere(`user:${userId}`);
      return {
        rooms: rows.map((row) => ({ ...view.facts(row), createdAt: row.created_at })),
        // What moderators wrote about the user is theirs.
        memberships: memberships.map(({ room_id: roomId, kind, created_at: createdAt, expires_at: expiresAt }) => ({
          roomId,
          kind,
          createdAt,
          expiresAt: expiresAt ?? undefined,
        })),
      };
    },
    accountGone: async (userId, why) => {
      for (const row of await store.ofUser(userId)) await service.endFor(row, `account ${why}`);
      if (why === 'banned') return;
      await outbox.transact(async ({ transaction }) => {
        await store.disown(transaction, userId);
        await memberStore.forget(transaction, `user:${userId}`);
      });
    },
  };
}
