import assert from 'node:assert/strict';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { onEveryDatabase } from '../../../../test/support/databases.ts';
import type { Database } from '../../../database/database.ts';
import { Outbox } from '../../../database/outbox.ts';
import { StateUnavailableError, type NewEvent, type Position } from '../../../state/contract.ts';
import { MemoryStateCenter } from '../../../state/memory.ts';
import { ChatStore } from './store.ts';
import { ChatWriter, type Draft } from './writer.ts';

const logger = pino({ level: 'silent' });

/** A state center that is away when it is told so. */
class FragileState extends MemoryStateCenter {
  isAway = false;

  override async append(channel: string, event: NewEvent): Promise<Position> {
    if (this.isAway) throw new StateUnavailableError();
    return super.append(channel, event);
  }
}

const notice = { userId: 'ada', kind: 'mention' as const, data: {} };

async function setUp(open: () => Promise<Database>, options: { patienceMs?: number } = {}) {
  const database = await open();
  const state = new FragileState();
  const outbox = new Outbox({ database, state, logger, now: Date.now });
  const store = new ChatStore(database);
  const commits: number[] = [];
  const counted: number[] = [];
  /** What the next commits wait for, within their transactions. */
  const notices: (() => Promise<void>)[] = [];
  const writer = new ChatWriter({
    ...{ store, outbox, state, logger, now: Date.now },
    ...options,
    notifier: { notify: async () => notices.shift()?.() },
    experience: { add: async (_transaction, facts) => void counted.push(facts.length) },
    onCommit: (messages) => void commits.push(messages),
    onShown: () => {},
  });
  const heard: { event: string; data: { id: string; text?: string } }[] = [];
  await state.subscribe('chat:room', {
    deliver: ({ event, data }) => void heard.push({ event, data: data as { id: string } }),
    reset: () => {},
  });
  return { state, database, outbox, store, writer, commits, counted, heard, notices };
}

function draft(text: string, fields: Partial<Draft['row']> = {}): Draft {
  return {
    row: {
      ...{ room_id: 'room', channel_id: 'ada', person: 'user:bob', user_id: 'bob', username: 'bob', name: 'Bob' },
      ...{ avatar: null, kind: 'text', text, style: null, reply_to: null, mentions: null, badge: null },
      ...{ media_at: 1, state: 'shown', masked: 0, client_id: null },
      ...fields,
    },
    quote: undefined,
    notices: () => [],
  };
}

onEveryDatabase('the writer of chat', (open) => {
  test('what comes at once is one commit, told and answered in its order', async () => {
    const { writer, store, heard, commits, counted } = await setUp(open);
    const rows = await Promise.all(Array.from({ length: 300 }, (_, n) => writer.write(draft(`line ${n}`))));
    const ids = rows.map(({ id }) => id);
    expect(ids).toEqual(ids.toSorted());
    expect(commits).toEqual([300]);
    expect(counted).toEqual([300]);
    expect(heard.map(({ data }) => data.text)).toEqual(rows.map(({ text }) => text));
    expect((await store.page('room', { limit: 500 })).map(({ id }) => id)).toEqual(ids);
  });

  test('a held message is kept and told nobody', async () => {
    const { writer, heard, store } = await setUp(open);
    await writer.write(draft('hm', { state: 'held' }));
    expect(heard).toEqual([]);
    expect(await store.held('room', 9)).toHaveLength(1);
  });

  test('what could not be told was not said', async () => {
    const { writer, state, store, heard, outbox } = await setUp(open);
    await writer.write(draft('before'));
    state.isAway = true;
    const again = draft('a', { client_id: 'c-1' });
    const lost = await Promise.allSettled([again, again, draft('b')].map((one) => writer.write(one)));
    expect(lost.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect((await store.page('room', { limit: 9 })).map(({ text }) => text)).toEqual(['before']);
    state.isAway = false;
    // Who was refused may say it again, as the same.
    const rows = await Promise.all([writer.write(again), writer.write(again)]);
    expect(rows.map(({ text, state: now }) => [text, now])).toEqual(Array.from({ length: 2 }, () => ['a', 'shown']));
    outbox.start();
    // Were one of them told after all, its deletion is too.
    await expect
      .poll(() => heard.map(({ event }) => event).toSorted())
      .toEqual([...['chat.deleted', 'chat.deleted'], ...['chat.message', 'chat.message']]);
    await outbox.stop();
  });

  test('what was kept by a node that died before it was told is told when it is sent again', async () => {
    const { writer, heard, store, database } = await setUp(open);
    const { row } = draft('kept', { client_id: 'c-1' });
    const kept = { ...row, id: '0kept0000000000', at: Date.now() };
    await database.transaction().execute((transaction) => store.insert(transaction, [kept]));
    // Once by those who know it, twice on its way.
    await writer.tellAgain(kept);
    const rows = await Promise.all([1, 2].map(() => writer.write(draft('kept', { client_id: 'c-1' }))));
    expect(new Set(rows.map(({ id }) => id))).toEqual(new Set([kept.id]));
    expect(heard.map(({ data }) => data.id)).toEqual([kept.id]);
    await writer.tellAgain({ ...kept, id: '0old00000000000', at: Date.now() - 120_000 });
    expect(heard).toHaveLength(1);
  });

  test('a message that cannot be kept takes nobody with it', async () => {
    const { writer, heard } = await setUp(open);
    const bad = { ...draft('bad'), notices: () => assert.fail('a fault of one') };
    const results = await Promise.allSettled([draft('a'), bad, draft('b')].map((one) => writer.write(one)));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(heard.map(({ data }) => data.text)).toEqual(['a', 'b']);
  });

  test('while a commit does not end nobody waits for it, and then all goes on', async () => {
    const { writer, notices, commits, heard } = await setUp(open, { patienceMs: 50 });
    const gate = Promise.withResolvers<void>();
    notices.push(() => gate.promise);
    const first = writer.write({ ...draft('first'), notices: () => [notice] });
    await expect.poll(() => notices.length).toBe(0);
    const waiting = writer.write(draft('waiting'));
    await expect(waiting).rejects.toMatchObject({ code: 'overloaded' });
    await expect(writer.write(draft('at once'))).rejects.toMatchObject({ code: 'overloaded' });
    expect(writer.waiting).toBe(0);
    gate.resolve();
    await first;
    await expect.poll(() => writer.write(draft('after')).catch(() => undefined)).toMatchObject({ text: 'after' });
    expect(heard.map(({ data }) => data.text)).toEqual(['first', 'after']);
    expect(commits).toEqual([1, 1]);
  });

  test('a flood is refused, and the end waits for what was taken', async () => {
    const { writer, store } = await setUp(open, { patienceMs: 60_000 });
    const sent = Array.from({ length: 5100 }, (_, n) => writer.write(draft(`${n}`)));
    const settled = Promise.allSettled(sent);
    await writer.stop();
    const results = await settled;
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5000);
    await expect(writer.write(draft('late'))).rejects.toMatchObject({ code: 'stopping' });
    expect(await store.page('room', { limit: 10_000 })).toHaveLength(5000);
  });
});
