import { expect, test } from 'vitest';
import { onEveryDatabase } from '../../../../test/support/databases.ts';
import { timeKey } from './contract.ts';
import { countMessages } from './density.ts';
import { ChatStore, type MessageRow } from './store.ts';

const BEGAN = 1_800_000_000_000;

/** About the picture of `n` ms after the beginning. */
function message(n: number, fields: Partial<MessageRow> = {}): MessageRow {
  return {
    ...{
      id: `${timeKey(BEGAN + n)}0000000000`,
      room_id: 'room',
      channel_id: 'ada',
      person: 'user:bob',
      user_id: 'bob',
    },
    ...{ username: 'bob', name: 'Bob', avatar: null, kind: 'text', text: 'hi', style: null, reply_to: null },
    ...{ mentions: null, badge: null, media_at: BEGAN + n, at: BEGAN + n, state: 'shown', masked: 0, client_id: null },
    ...fields,
  };
}

onEveryDatabase('how much was said', (open) => {
  test('is counted where the picture is in the replay, over gaps, of what is shown', async () => {
    const database = await open();
    const at = [-1, 0, 999, 1000, 3000, 3999, 4000, 9_999, 10_000, 10_001, 13_000, 14_000];
    await database.transaction().execute(async (transaction) => {
      await new ChatStore(database).insert(transaction, [
        ...at.map((n) => message(n)),
        message(500, { state: 'deleted' }),
        message(501, { state: 'held' }),
        message(502, { room_id: 'other' }),
      ]);
    });
    // Four seconds, then none for six, then four more.
    const parts = [
      { startMs: 0, epochMs: BEGAN, durationMs: 4000 },
      { startMs: 4000, epochMs: BEGAN + 10_000, durationMs: 4000 },
    ];
    const counts = await countMessages(database, { roomId: 'room', parts, stepMs: 1000 });
    expect([...counts].toSorted(([a], [b]) => a - b)).toEqual([
      [0, 2],
      [1, 1],
      [3, 2],
      [4, 2],
      [7, 1],
    ]);
    expect((await countMessages(database, { roomId: 'nobody', parts, stepMs: 1000 })).size).toBe(0);
  });

  test('and of more stretches than one statement holds', async () => {
    const database = await open();
    const rows = Array.from({ length: 450 }, (_, n) => message(n * 2000));
    await database.transaction().execute((transaction) => new ChatStore(database).insert(transaction, rows));
    const parts = rows.map(({ media_at: epochMs }, n) => ({ startMs: n * 1000, epochMs, durationMs: 1000 }));
    const counts = await countMessages(database, { roomId: 'room', parts, stepMs: 45_000 });
    expect([...counts].toSorted(([a], [b]) => a - b)).toEqual(Array.from({ length: 10 }, (_, n) => [n, 45]));
  });
});
