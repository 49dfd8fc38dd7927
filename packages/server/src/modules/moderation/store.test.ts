import { expect, test } from 'vitest';
import { onEveryDatabase } from '../../../test/support/databases.ts';
import type { Database, Transaction } from '../../database/database.ts';
import { MuteStore, type MuteRow } from './mute-store.ts';
import { ReportStore, type ReportRow } from './report-store.ts';
import { WordStore, type WordRow } from './word-store.ts';

const NOW = 1_800_000_000_000;
const PAGE = { page: 1, pageSize: 100 };

const word = (text: string, fields: Partial<WordRow> = {}): WordRow => ({
  ...{ id: `id-${text}`, channel_id: '', word: text, word_key: text, action: 'mask', note: null },
  ...{ created_by: null, created_at: NOW, ...fields },
});
const mute = (person: string, fields: Partial<MuteRow> = {}): MuteRow => ({
  ...{ channel_id: 'channel', person, name: null, until: null, reason: null, created_by: null, created_at: NOW },
  ...fields,
});
const report = (id: string, fields: Partial<ReportRow> = {}): ReportRow => ({
  ...{ id, room_id: 'room', channel_id: 'channel', reporter: 'user:ada', subject: 'message', subject_id: id },
  ...{ accused: 'user:bob', reason: 'spam', text: '骚扰', evidence: '{"text":"x"}', state: 'open', decision: null },
  ...{ decided_by: null, decided_at: null, created_at: NOW, ...fields },
});

function committing(database: Database) {
  return <Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> =>
    database.transaction().execute(work);
}

onEveryDatabase('lists of words', (open) => {
  test('have a word once, whose action may change; are searched, counted and bounded to their channel', async () => {
    const database = await open();
    const store = new WordStore(database);
    const commit = committing(database);
    await commit((transaction) =>
      store.put(transaction, [
        word('a'),
        word("b'; --", { created_at: NOW + 1 }),
        word('a', { id: 'x', channel_id: 'ch' }),
      ]),
    );
    await commit((transaction) => store.put(transaction, [word('a', { id: 'other', action: 'block', note: '注' })]));
    expect(await store.ofChannel('')).toHaveLength(2);
    expect(await commit((transaction) => store.byKey(transaction, { channelId: '', key: 'a' }))).toEqual(
      word('a', { action: 'block', note: '注' }),
    );
    const list = async (q?: string) => (await store.list('', { ...PAGE, q })).rows.map((row) => row.word);
    expect(await list()).toEqual(["b'; --", 'a']);
    expect(await list("'; -")).toEqual(["b'; --"]);
    expect(await list('%')).toEqual([]);
    expect((await store.list('', { page: 2, pageSize: 1 })).rows.map((row) => row.word)).toEqual(['a']);
    expect((await store.list('', { page: 2, pageSize: 1 })).total).toBe(2);
    expect(await commit((transaction) => store.count(transaction, 'ch'))).toBe(1);
    const remove = (id: string) => commit((transaction) => store.remove(transaction, { channelId: '', id }));
    expect(await remove('x')).toBeUndefined();
    expect((await remove('id-a'))?.word).toBe('a');
    expect(await commit((transaction) => store.remove(transaction, { channelId: 'ch', key: 'a' }))).toBeDefined();
  });

  test('of many words are written at once', async () => {
    const database = await open();
    const store = new WordStore(database);
    const rows = Array.from({ length: 2500 }, (_, index) => word(`w${index}`));
    await committing(database)((transaction) => store.put(transaction, rows));
    expect(await store.ofChannel('')).toHaveLength(2500);
  });
});

onEveryDatabase('mutes', (open) => {
  test('hold until they are over, replace each other and are taken back', async () => {
    const database = await open();
    let now = NOW;
    const store = new MuteStore(database, () => now);
    const commit = committing(database);
    const put = (row: MuteRow) => commit((transaction) => store.put(transaction, row));
    const until = (person: string, channelId = 'channel') => store.until(channelId, person);
    expect(await put(mute('user:bob', { until: NOW + 1000, reason: "名'; --" }))).toBe(true);
    expect(await put(mute('viewer:v'))).toBe(true);
    expect(await until('user:bob')).toBe(NOW + 1000);
    expect(await until('viewer:v')).toBe(Infinity);
    expect(await until('user:bob', 'elsewhere')).toBeUndefined();
    expect(await put(mute('user:bob', { until: NOW + 5000, created_at: NOW + 1 }))).toBe(true);
    expect(await store.list('channel', PAGE)).toEqual({
      rows: [mute('user:bob', { until: NOW + 5000, created_at: NOW + 1 }), mute('viewer:v')],
      total: 2,
    });
    const remove = (person: string) => commit((transaction) => store.remove(transaction, 'channel', person));
    now = NOW + 5000;
    expect(await until('user:bob')).toBeUndefined();
    expect(await remove('user:bob')).toBe(false);
    expect((await store.list('channel', PAGE)).total).toBe(1);
    expect(await remove('viewer:v')).toBe(true);
    expect(await until('viewer:v')).toBeUndefined();
  });

  test('of an account go with it, in its channel and elsewhere', async () => {
    const database = await open();
    const store = new MuteStore(database, () => NOW);
    const commit = committing(database);
    for (const row of [
      mute('user:bob', { channel_id: 'ada' }),
      mute('user:ada'),
      mute('user:bob', { created_by: 'ada' }),
    ])
      await commit((transaction) => store.put(transaction, row));
    expect(await store.everywhere('user:ada')).toHaveLength(1);
    await commit((transaction) => store.forgetUser(transaction, 'ada'));
    expect(await store.everywhere('user:ada')).toEqual([]);
    expect(await store.everywhere('user:bob')).toEqual([mute('user:bob')]);
  });
});

onEveryDatabase('reports', (open) => {
  test('are made once of a person and subject, and decided once', async () => {
    const database = await open();
    const store = new ReportStore(database, () => NOW + 5);
    const commit = committing(database);
    const insert = (row: ReportRow) => commit((transaction) => store.insert(transaction, row));
    expect(await insert(report('r1'))).toBe(true);
    expect(await insert(report('r2', { subject_id: 'r1' }))).toBe(false);
    expect(await insert(report('r3', { subject_id: 'r1', reporter: 'user:eve', created_at: NOW + 1 }))).toBe(true);
    expect(await insert(report('r4', { subject: 'user', subject_id: 'bob', room_id: 'other' }))).toBe(true);
    const ids = async (...query: Parameters<ReportStore['list']>) =>
      (await store.list(...query)).rows.map(({ id }) => id).join(' ');
    expect(await ids({ ...PAGE, state: 'open' })).toBe('r1 r4 r3');
    expect(await ids({ ...PAGE, state: 'open' }, { roomId: 'room', subject: 'message' })).toBe('r1 r3');
    const decide = (id: string) =>
      commit((transaction) => store.decide(transaction, { id, state: 'done', decision: 'mute', by: 'user:mod' }));
    const decided = await Promise.all([decide('r1'), decide('r1'), decide('r1')]);
    expect(decided.filter((row) => row !== undefined)).toHaveLength(1);
    expect(await store.find('r1')).toEqual(
      report('r1', { state: 'done', decision: 'mute', decided_by: 'user:mod', decided_at: NOW + 5 }),
    );
    expect(await ids({ ...PAGE, state: 'done' })).toBe('r1');
  });

  test('that were decided are forgotten in the end', async () => {
    const database = await open();
    let now = NOW;
    const store = new ReportStore(database, () => now);
    const commit = committing(database);
    await commit((transaction) => store.insert(transaction, report('old', { state: 'done' })));
    await commit((transaction) => store.insert(transaction, report('open')));
    now = NOW + 200 * 86_400_000;
    await commit((transaction) => store.insert(transaction, report('new', { created_at: now })));
    expect(await store.find('old')).toBeUndefined();
    expect(await store.find('open')).toBeDefined();
  });

  test('keep nothing of an account that is gone', async () => {
    const database = await open();
    const store = new ReportStore(database, () => NOW);
    const commit = committing(database);
    for (const row of [
      report('by'),
      report('by2', { subject_id: 'another' }),
      report('about', { reporter: 'user:eve', accused: 'user:ada', subject: 'user', subject_id: 'ada' }),
      report('decided', { reporter: 'user:eve', decided_by: 'user:ada' }),
    ])
      await commit((transaction) => store.insert(transaction, row));
    expect(await store.ofReporter('user:ada')).toHaveLength(2);
    await commit((transaction) => store.forgetUser(transaction, 'ada'));
    expect(await store.ofReporter('user:ada')).toEqual([]);
    const all = await database.selectFrom('reports').selectAll().execute();
    expect(all).toHaveLength(4);
    expect(JSON.stringify(all)).not.toContain('ada');
    expect(await store.find('about')).toMatchObject({ accused: null, evidence: '{}', text: null });
  });
});
