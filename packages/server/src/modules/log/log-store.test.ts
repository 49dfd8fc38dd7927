import { expect, test } from 'vitest';
import { Migrator } from 'kysely/migration';
import { onEveryDatabase } from '../../../test/support/databases.ts';
import { audit } from '../../database/audit.ts';
import { migrateDatabase } from '../../database/database.ts';
import { MIGRATIONS } from '../../database/migrations/index.ts';
import type { NewLogEntry } from '../../database/log-entries.ts';
import type { LogFilter } from './contract.ts';
import { exportLogs } from './export.ts';
import { LogStore } from './log-store.ts';
import { sweepLogs } from './sweeper.ts';

const START_MS = 1_800_000_000_000;
const DAY_MS = 86_400_000;

function line(index: number, entry: Partial<NewLogEntry>): NewLogEntry {
  return {
    at: START_MS + index * 1000,
    level: 30,
    kind: 'app',
    node: 'here',
    message: `line ${index}`,
    fields: {},
    ...entry,
  };
}

onEveryDatabase('the log', (open, databases) => {
  test('is searched by everything that a line says', async () => {
    const database = await open();
    const store = new LogStore(database);
    await store.add([
      line(0, {
        message: 'the database is away',
        level: 40,
        fields: { reason: 'connect ECONNREFUSED 127.0.0.1:5432' },
      }),
      line(1, {
        kind: 'access',
        message: 'request',
        requestId: 'r-1',
        user: 'u1',
        fields: { url: '/api/rooms', ms: 7 },
      }),
      line(2, { message: '直播间开始推流', room: 'room-1', stream: 'play-1', fields: { 原因: '重新连接' } }),
      line(3, {
        message: 'broke',
        level: 50,
        node: 'there',
        fields: { err: { stack: "Error: 50% of 'it'\n at x.ts" } },
      }),
    ]);
    await database.transaction().execute((transaction) =>
      audit(transaction, {
        ...{ actor: 'user:u1', action: 'room.closed', subject: 'room:room-1', address: '10.1.2.3' },
        ...{ details: { title: '晚间直播' }, atMs: START_MS + 4000 },
      }),
    );
    const found = async (filter: LogFilter): Promise<string> => {
      const { entries } = await store.page({ limit: 100, ...filter });
      return entries.map(({ at }) => (at - START_MS) / 1000).join('');
    };
    const expected: [LogFilter, string][] = [
      [{}, '43210'],
      [{ from: START_MS + 1000, to: START_MS + 3000 }, '21'],
      [{ level: 'warn' }, '30'],
      [{ level: 'error' }, '3'],
      [{ kind: 'audit' }, '4'],
      [{ kind: 'access', user: 'u1' }, '1'],
      [{ user: 'u1' }, '41'],
      [{ room: 'room-1' }, '42'],
      [{ stream: 'play-1' }, '2'],
      [{ requestId: 'r-1' }, '1'],
      [{ node: 'there' }, '3'],
      [{ text: 'database away' }, '0'],
      [{ text: 'DATA' }, '0'],
      [{ text: '127.0.0.1' }, '0'],
      [{ text: '127.0.1' }, ''],
      [{ text: 'ECONNREFUSED' }, '0'],
      [{ text: '直播' }, '42'],
      [{ text: '播间' }, '2'],
      [{ text: '直间' }, ''],
      [{ text: '推流 重新' }, '2'],
      [{ text: '流' }, '2'],
      [{ text: '晚' }, '4'],
      [{ text: 'room.closed' }, '4'],
      [{ text: 'r-1' }, '1'],
      [{ text: `"' OR 1=1 -- *` }, ''],
      [{ text: '* ) :' }, ''],
      [{ text: '50% of' }, '3'],
      [{ text: '直播', room: 'room-1', kind: 'app' }, '2'],
    ];
    for (const [filter, lines] of expected) expect(await found(filter), JSON.stringify(filter)).toBe(lines);
    const [first] = (await store.page({ limit: 1, kind: 'access' })).entries;
    expect(first).toEqual({
      ...{ id: expect.any(Number), at: START_MS + 1000, level: 'info', kind: 'access', node: 'here' },
      ...{ requestId: 'r-1', user: 'u1', message: 'request', fields: { url: '/api/rooms', ms: 7 } },
    });
  });

  test('is paged to its end, also where two lines are of the same moment', async () => {
    const store = new LogStore(await open());
    await store.add(Array.from({ length: 25 }, (_, index) => line(0, { message: `line ${index}` })));
    const seen: string[] = [];
    let before: number | undefined;
    do {
      const page = await store.page({ limit: 10, before });
      seen.push(...page.entries.map(({ message }) => message));
      before = page.next;
    } while (before !== undefined);
    expect(seen).toEqual(Array.from({ length: 25 }, (_, index) => `line ${24 - index}`));
  });

  test('takes texts that a database does not like', async () => {
    const store = new LogStore(await open());
    const strange = `a\0b \uD800 ${'x'.repeat(20_000)}`;
    await store.add([
      line(0, { message: strange, user: strange, fields: { list: [null, true, { 深: '层' }], strange } }),
    ]);
    const [entry] = (await store.page({ limit: 1, text: '层' })).entries;
    expect(entry?.message.startsWith('ab \uFFFD xxx')).toBe(true);
    expect(entry?.user?.length).toBe(128);
  });

  test('is kept for its time and in its number, and audit entries stay', async () => {
    const database = await open();
    const store = new LogStore(database);
    const old = Array.from({ length: 700 }, (_, index) => line(index, { kind: index % 2 === 0 ? 'app' : 'access' }));
    await store.add(old);
    await database
      .transaction()
      .execute((transaction) =>
        audit(transaction, { actor: 'system', action: 'room.ended', subject: 'room:x', atMs: START_MS }),
      );
    const later = START_MS + 30 * DAY_MS;
    await store.add(Array.from({ length: 40 }, (_, index) => line(0, { at: later + index, message: `late ${index}` })));
    await sweepLogs(store, { keepDays: 10, maxRows: 1000, now: () => later });
    expect(await store.count()).toBe(40);
    await sweepLogs(store, { keepDays: 10, maxRows: 15, now: () => later });
    const { entries } = await store.page({ limit: 500 });
    expect(entries.map(({ message }) => message)).toEqual([
      ...Array.from({ length: 15 }, (_, index) => `late ${39 - index}`),
      'room.ended',
    ]);
    expect((await store.page({ limit: 10, text: 'line' })).entries).toEqual([]);
    expect((await store.page({ limit: 10, text: 'late 39' })).entries).toHaveLength(1);
  });

  test('is exported without a formula, and never whole in memory', async () => {
    const store = new LogStore(await open());
    await store.add(Array.from({ length: 1201 }, (_, index) => line(index, {})));
    await store.add([line(2000, { message: '=HYPERLINK("http://evil")', fields: { a: 'one, "two"' } })]);
    const parts: string[] = [];
    for await (const part of exportLogs(store, { format: 'csv' })) parts.push(part);
    expect(parts.length).toBeGreaterThan(3);
    const [head, first] = parts.join('').split('\r\n');
    expect(head).toBe('\uFEFFtime,level,kind,node,requestId,user,room,stream,message,fields');
    expect(first).toContain(`"'=HYPERLINK(""http://evil"")","{""a"":""one, \\""two\\""""}"`);
    expect(parts.join('').trimEnd().split('\r\n')).toHaveLength(1203);
    let lines = 0;
    for await (const part of exportLogs(store, { format: 'ndjson', text: 'line' }))
      lines += part
        .trimEnd()
        .split('\n')
        .map((json) => JSON.parse(json) as unknown).length;
    expect(lines).toBe(1201);
  });

  test('finds what was audited before there was a log', async () => {
    const options = await databases.options();
    const handle = await databases.handle(options, 'as it is');
    const { database } = handle;
    const before = new Migrator({ db: database, provider: { getMigrations: async () => MIGRATIONS } });
    expect((await before.migrateTo('0018-pictures')).error).toBeUndefined();
    const rows = Array.from({ length: 1100 }, (_, index) => ({
      ...{ at: START_MS + index, actor: 'operator', action: 'room.closed', subject: `room:r${index}` },
      ...{ details: JSON.stringify({ 标题: '旧房间' }), address: null },
    }));
    for (let at = 0; at < rows.length; at += 100)
      await database
        .insertInto('audit_log')
        .values(rows.slice(at, at + 100))
        .execute();
    await migrateDatabase(options, handle);
    const store = new LogStore(database);
    const { entries } = await store.page({ limit: 500, room: 'r0', text: '房间', kind: 'audit' });
    expect(entries).toMatchObject([{ at: START_MS, message: 'room.closed', fields: { actor: 'operator' } }]);
    let found = 0;
    for await (const some of store.read({ text: '旧房间' }, { rows: 100 })) found += some.length;
    expect(found).toBe(1100);
  });
});
