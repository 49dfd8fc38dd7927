import { expect, test } from 'vitest';
import { onEveryDatabase } from '../../../test/support/databases.ts';
import { audit } from '../../database/audit.ts';
import { AuditStore } from './audit-store.ts';

onEveryDatabase('the audit trail', (open) => {
  test('is read newest first, before an entry, and by actor, action and subject', async () => {
    const database = await open();
    const store = new AuditStore(database);
    await database.transaction().execute(async (transaction) => {
      for (let index = 0; index < 6; index++)
        await audit(transaction, {
          actor: index % 2 === 0 ? 'operator' : 'system',
          action: index < 3 ? 'room.opened' : 'room.closed',
          subject: `room:${index}`,
          details: { index, 名: "'; --" },
          address: index === 0 ? '::1' : undefined,
          atMs: 1_800_000_000_000 + index,
        });
    });
    const subjects = async (filter: object) =>
      (await store.list({ limit: 100, ...filter })).map(({ subject }) => subject.slice('room:'.length)).join('');
    expect(await subjects({})).toBe('543210');
    expect(await subjects({ limit: 2 })).toBe('54');
    const [, second] = await store.list({ limit: 2 });
    expect(await subjects({ before: second?.seq })).toBe('3210');
    expect(await subjects({ actor: 'system' })).toBe('531');
    expect(await subjects({ action: 'room.opened', actor: 'operator' })).toBe('20');
    expect(await subjects({ subject: "room:1' or 1=1 --" })).toBe('');
    expect(await store.list({ limit: 1, subject: 'room:0' })).toEqual([
      {
        seq: expect.any(Number),
        at: 1_800_000_000_000,
        actor: 'operator',
        action: 'room.opened',
        subject: 'room:0',
        details: { index: 0, 名: "'; --" },
        address: '::1',
      },
    ]);
  });
});
