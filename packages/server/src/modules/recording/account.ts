import type { AccountHolder } from '../auth/contract.ts';
import { SYSTEM } from './announcer.ts';
import type { Keeper } from './keeper.ts';
import type { RecordingStore } from './store.ts';

/** Recordings go with the account; of a banned one they stay, for its administrators to judge. */
export function recordingAccountHolder({ store, keeper }: { store: RecordingStore; keeper: Keeper }): AccountHolder {
  return {
    name: 'recordings',
    exportData: async (userId) =>
      (await store.ofUser(userId)).map((row) => ({
        id: row.id,
        roomId: row.room_id,
        title: row.title,
        state: row.state,
        published: row.published === 1,
        startedAt: row.started_at,
        durationMs: row.duration_ms,
        sizeBytes: row.size_bytes,
      })),
    accountGone: async (userId, why) => {
      if (why === 'banned') return;
      for (const row of await store.ofUser(userId))
        await keeper.delete(row, { actor: SYSTEM, why: 'account deleted', evenActive: true });
    },
  };
}
