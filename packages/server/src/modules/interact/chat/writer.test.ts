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

async function setUp(open: () => Promise<Database>) {
  const database = await open();
  const state = new FragileState();
  const outbox = new Outbox({ database, state, logger, now: Date.now });
  const store = new ChatStore(database);
  const commits: number[] = [];
  const counted: number[] = [];
  const writer = new ChatWriter({
    ...{ store, outbox, state, logger, now: Date.now },
    notifier: { notify: async () => {} },
    experience: { add: async (_transaction, facts) => void counted.push(facts.length) },
    onCommit: (messages) => void commits.push(messages),
    onShown: () => {},
  });
  const heard: { event: string; data: { id: string; text?: string } }[] = [];
  await state.subscribe('chat:room', {
    deliver: ({ event, data }) => void heard.push({ event, data: data as { id: string } }),
    reset: () => {},
  });
  return { state, outbox, store, writer, commits, counted, heard };
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
    const lost = await Promise.allSettled([writer.write(draft('a')), writer.write(draft('b'))]);
    expect(lost.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect((await store.page('room', { limit: 9 })).map(({ text }) => text)).toEqual(['before']);
    state.isAway = false;
    await writer.write(draft('after'));
    outbox.start();
    // Were one of them told after all, its deletion is too.
    await expect
      .poll(() => heard.map(({ event }) => event).toSorted())
      .toEqual([...['chat.deleted', 'chat.deleted'], ...['chat.message', 'chat.message']]);
    await outbox.stop();
  });

  test('a flood is refused, and the end waits for what was taken', async () => {
    const { writer, store } = await setUp(open);
    const sent = Array.from({ length: 5100 }, (_, n) => writer.write(draft(`${n}`)));
    const settled = Promise.allSettled(sent);
    await writer.stop();
    const results = await settled;
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5000);
    await expect(writer.write(draft('late'))).rejects.toMatchObject({ code: 'stopping' });
    expect(await store.page('room', { limit: 10_000 })).toHaveLength(5000);
  });
});
