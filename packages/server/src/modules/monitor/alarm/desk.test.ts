import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { onEveryDatabase } from '../../../../test/support/databases.ts';
import { userRow } from '../../../../test/support/user-rows.ts';
import type { Database } from '../../../database/database.ts';
import { DatabaseUnavailableError } from '../../../database/errors.ts';
import { Outbox } from '../../../database/outbox.ts';
import type { Reading } from './book.ts';
import type { MonitorAlarm } from './contract.ts';
import { AlarmDesk, type DeskDeps } from './desk.ts';
import { rulesOf } from './kinds.ts';
import type { Telling } from './message.ts';
import { AlarmService } from './service.ts';
import { Silences } from './silences.ts';
import { AlarmStore, viewOf } from './store.ts';

const START = 1_800_000_000_000;
const MINUTE = 60_000;
const logger = pino({ level: 'silent' });
const ADA = { actor: 'user:ada', address: '::1' };
const BAD: Reading = { kind: 'dependency_down', subject: 'redis', value: 2 };
const WORSE = (value: number): Reading => ({ kind: 'connections_limit', subject: 'media', value });

interface Desk {
  desk: AlarmDesk;
  told: string[];
  events: string[];
  notified: string[];
}

function platform(database: Database) {
  const clock = { now: START };
  const now = (): number => clock.now;
  const outbox = new Outbox({ database, logger, now });
  const store = new AlarmStore(database);
  const silences = new Silences({ database, outbox, now });
  /** One more process, of the node or of all nodes together. */
  const start = (place = 'node-1', more: Partial<DeskDeps> = {}): Desk => {
    const one: Omit<Desk, 'desk'> = { told: [], events: [], notified: [] };
    const desk = new AlarmDesk({
      ...{ rules: rulesOf([]), store, outbox, silences, logger, now, repeatMs: 240 * MINUTE, patienceMs: 60_000 },
      place: place === '' ? { place, node: null, nodeName: null } : { place, node: `${place}-id`, nodeName: 'web-1' },
      dispatcher: { add: ({ type, alarm }: Telling) => one.told.push(`${type} ${alarm.kind}`) > 0 },
      notify: async (_work, { kind }) => void one.notified.push(kind),
      tell: (event, { kind }) => one.events.push(`${event} ${kind}`),
      ...more,
    });
    return { desk, ...one };
  };
  const pass = async ({ desk }: Desk, ms: number, ...readings: Reading[]): Promise<void> => {
    for (const endMs = clock.now + ms; clock.now < endMs; clock.now += 2000) await desk.round(readings);
    await desk.round(readings);
  };
  const rows = async (): Promise<MonitorAlarm[]> =>
    (await store.list({ state: 'all', limit: 100 } as never)).map(viewOf);
  const service = (desk: AlarmDesk): AlarmService =>
    new AlarmService({
      ...{ store, outbox, now, firing: () => desk.firing() },
      acknowledged: ({ id }, ack) => void desk.acknowledge(id, ack),
    });
  return { clock, outbox, store, silences, start, pass, rows, service };
}

onEveryDatabase('alarms', (open) => {
  test('one that fires is written, told, and closed when it is over', async () => {
    const { start, pass, rows } = platform(await open());
    const node = start();
    await pass(node, 0, BAD);
    expect(await rows()).toMatchObject([
      { kind: 'dependency_down', subject: 'redis', level: 'critical', nodeName: 'web-1' },
    ]);
    expect((await rows())[0]).not.toHaveProperty('clearedAt');
    await pass(node, MINUTE);
    expect(await rows()).toMatchObject([{ clearedAt: START + 10_000 }]);
    expect(node.told).toEqual(['fired dependency_down', 'cleared dependency_down']);
    expect(node.events).toEqual(['alarm.fired dependency_down', 'alarm.cleared dependency_down']);
    expect(node.notified).toEqual(['dependency_down']);
    await pass(node, 0, BAD);
    expect((await rows()).map(({ clearedAt }) => clearedAt === undefined)).toEqual([true, false]);
  });

  test('over a restart it stays the same one, and is told once; what is over by then is closed', async () => {
    const { start, pass, rows, store, clock } = platform(await open());
    const first = start();
    await pass(first, MINUTE, BAD, WORSE(90));
    const [alarm] = first.desk.firing().filter(({ kind }) => kind === 'dependency_down');
    // A channel has one of them.
    first.desk.wasTold([alarm?.id ?? ''], clock.now);
    await first.desk.stop();
    clock.now += 10_000;
    const second = start();
    await pass(second, 0, BAD);
    expect(second.desk.firing().map(({ id }) => id)).toContain(alarm?.id);
    // What no channel had before the end is told again.
    expect(second.told).toEqual(['fired connections_limit']);
    expect(second.events).toEqual([]);
    await pass(second, 2 * MINUTE, BAD);
    expect(second.told).toEqual(['fired connections_limit', 'cleared connections_limit']);
    expect((await rows()).filter(({ clearedAt }) => clearedAt === undefined).map(({ id }) => id)).toEqual([alarm?.id]);
    expect((await store.openOf('node-1')).map(({ id }) => id)).toEqual([alarm?.id]);
  });

  test('two at once that judge for all nodes make one alarm, told once; each node has its own', async () => {
    const { start, pass, rows } = platform(await open());
    const lost: Reading = { kind: 'node_lost', subject: 'web-2', value: 2 };
    const [one, two] = [start(''), start('')];
    await Promise.all([one.desk.round([lost]), two.desk.round([lost])]);
    await Promise.all([pass(one, 10_000, lost), pass(two, 0, lost)]);
    expect(await rows()).toHaveLength(1);
    expect([...one.told, ...two.told]).toEqual(['fired node_lost']);
    expect([...one.notified, ...two.notified]).toEqual(['node_lost']);
    const [a, b] = [start('a'), start('b')];
    await Promise.all([pass(a, 0, BAD), pass(b, 0, BAD)]);
    expect(await rows()).toHaveLength(3);
    // Who wrote it died before a channel had it: the other one tells it in the end.
    const other = one.told.length > 0 ? two : one;
    await pass(other, 2 * MINUTE, lost);
    expect(other.told).toEqual(['fired node_lost']);
    // Who takes the work over goes on with what is open; who lost it forgets.
    one.desk.forget();
    expect(one.desk.firing()).toEqual([]);
    await pass(one, 0, lost);
    expect(one.desk.firing().map(({ id }) => id)).toEqual(two.desk.firing().map(({ id }) => id));
    // It is over once, too.
    await Promise.all([pass(one, 0), pass(two, 0)]);
    expect([...one.told, ...two.told].filter((what) => what === 'cleared node_lost')).toHaveLength(1);
  });

  test('what becomes graver is told again; what goes on is repeated until somebody takes it on', async () => {
    const database = await open();
    const { start, pass, rows, service, clock } = platform(database);
    const node = start();
    await pass(node, MINUTE, WORSE(85));
    await pass(node, MINUTE, WORSE(100));
    expect(node.told).toEqual(['fired connections_limit', 'raised connections_limit']);
    expect(await rows()).toMatchObject([{ level: 'critical', data: { value: 100 } }]);
    expect(node.notified).toHaveLength(2);
    clock.now += 241 * MINUTE;
    await pass(node, 0, WORSE(100));
    expect(node.told.slice(2)).toEqual(['repeated connections_limit']);
    const [alarm] = node.desk.firing();
    const taken = await service(node.desk).acknowledge(alarm?.id ?? '', 'on it', ADA);
    expect(taken).toMatchObject({ acknowledged: { by: 'user:ada', note: 'on it', at: clock.now } });
    clock.now += 241 * MINUTE;
    await pass(node, 0, WORSE(100));
    expect(node.told).toHaveLength(3);
    // Another node took the click: this one reads it.
    const other = start('node-2');
    await pass(other, MINUTE, WORSE(85));
    await service(node.desk).acknowledge(other.desk.firing()[0]?.id ?? '', undefined, ADA);
    await pass(other, 6000, WORSE(85));
    expect(other.desk.firing()[0]).toMatchObject({ acknowledged: { by: 'user:ada' } });
    await pass(node, 2 * MINUTE);
    expect(node.told.slice(3)).toEqual(['cleared connections_limit']);
    await expect(service(node.desk).acknowledge(alarm?.id ?? '', undefined, ADA)).rejects.toMatchObject({
      code: 'alarm_over',
    });
    await expect(service(node.desk).acknowledge('x', undefined, ADA)).rejects.toMatchObject({
      code: 'alarm_not_found',
    });
    const audited = await database.selectFrom('audit_log').select(['action', 'actor']).execute();
    expect(audited).toEqual([1, 2].map(() => ({ action: 'alarm.acknowledged', actor: 'user:ada' })));
  });

  test('what is silenced fires and is listed, and is told of when the silence ends', async () => {
    const database = await open();
    const { start, pass, silences, clock } = platform(database);
    const node = start();
    const window = { kind: 'dependency_*', subject: 'redis', node: 'web-1', reason: '升级' };
    await silences.add({ ...window, startsAt: START + MINUTE, endsAt: START + 10 * MINUTE }, ADA);
    await pass(node, 4000, BAD);
    expect(node.desk.firing()).toMatchObject([{ kind: 'dependency_down' }]);
    expect(node.desk.firing()[0]).not.toHaveProperty('silenced');
    // It ends before the maintenance begins; another one begins in it.
    await pass(node, MINUTE);
    expect(node.told).toEqual(['fired dependency_down', 'cleared dependency_down']);
    await pass(node, MINUTE, BAD);
    expect(node.desk.firing()).toMatchObject([{ silenced: true }]);
    expect(node.told).toHaveLength(2);
    expect(node.events).toHaveLength(3);
    // Over within it: nobody hears that either.
    await pass(node, MINUTE);
    await pass(node, 0, BAD);
    expect(node.told).toHaveLength(2);
    const [silence] = await silences.list();
    await silences.change(silence?.id ?? '', { endsAt: clock.now + 4000 }, ADA);
    await pass(node, 6000, BAD);
    expect(node.told.slice(2)).toEqual(['fired dependency_down']);
    expect(await silences.list()).toEqual([]);
    await expect(silences.end(silence?.id ?? '', ADA)).rejects.toMatchObject({ code: 'silence_not_found' });
    await expect(silences.add({ ...window, endsAt: START }, ADA)).rejects.toMatchObject({ code: 'silence_over' });
    const other = await silences.add({ ...window, subject: 'postgres', endsAt: clock.now + MINUTE }, ADA);
    await silences.end(other.id, ADA);
    expect(
      (await database.selectFrom('audit_log').select('action').orderBy('seq').execute()).map(({ action }) => action),
    ).toEqual(['alarm_silence.created', 'alarm_silence.changed', 'alarm_silence.created', 'alarm_silence.ended']);
  });

  test('while the database is away, which may be the alarm, it fires, is told and is over; all is written afterwards', async () => {
    const { start, pass, rows, store, outbox, clock } = platform(await open());
    let isAway = true;
    const awayWhile = <Target extends object>(target: Target): Target =>
      new Proxy(target, {
        get: (_, name) => {
          const value: unknown = Reflect.get(target, name);
          if (typeof value !== 'function') return value;
          return (...given: unknown[]) =>
            isAway
              ? Promise.reject(new DatabaseUnavailableError())
              : (value as (...all: unknown[]) => unknown).apply(target, given);
        },
      });
    const node = start('node-1', { store: awayWhile(store), outbox: awayWhile(outbox) });
    const down: Reading = { ...BAD, subject: 'database' };
    await pass(node, 4000, down, BAD);
    expect(node.told).toEqual(['fired dependency_down', 'fired dependency_down']);
    await pass(node, MINUTE, down);
    expect(node.told[2]).toBe('cleared dependency_down');
    expect(node.desk.firing()).toHaveLength(1);
    expect(await rows()).toEqual([]);
    isAway = false;
    const backAt = clock.now;
    await pass(node, MINUTE);
    const written = await rows();
    expect(written.map(({ subject, firedAt, clearedAt }) => [subject, firedAt, (clearedAt ?? 0) > backAt])).toEqual(
      expect.arrayContaining([
        ['database', START, true],
        ['redis', START, false],
      ]),
    );
    expect(written.every(({ clearedAt }) => clearedAt !== undefined)).toBe(true);
  });

  test('a database that hangs holds nothing up for long', async () => {
    const { start, pass, store } = platform(await open());
    const release = Promise.withResolvers<never[]>();
    onTestFinished(() => release.resolve([]));
    const hanging = Object.assign(Object.create(store) as AlarmStore, { openOf: () => release.promise });
    const node = start('node-1', { store: hanging, patienceMs: 50 });
    await pass(node, 0, BAD);
    expect(node.told).toEqual(['fired dependency_down']);
  });

  test('the history comes in pages, filtered; what is old goes, and what nodes left that are no more is closed', async () => {
    const { start, pass, service, store, clock } = platform(await open());
    const node = start();
    for (let n = 0; n < 7; n++) {
      await pass(node, 0, { ...BAD, subject: `s${n % 2}` });
      await pass(node, 20_000);
    }
    await pass(node, 0, BAD);
    const ask = (query: object) => service(node.desk).page({ state: 'all', limit: 3, ...query } as never);
    const first = await ask({});
    expect(first.alarms).toHaveLength(3);
    const second = await ask({ before: first.next, limit: 4 });
    const third = await ask({ before: second.next, limit: 100 });
    expect(third.next).toBeUndefined();
    const ids = [first, second, third].flatMap(({ alarms }) => alarms.map(({ id }) => id));
    expect(new Set(ids).size).toBe(8);
    expect((await ask({ state: 'cleared', subject: 's1', limit: 100 })).alarms).toHaveLength(3);
    expect((await ask({ node: 'web-1', kind: 'dependency_down', level: 'critical', limit: 100 })).alarms).toHaveLength(
      8,
    );
    expect((await ask({ level: 'warning' })).alarms).toEqual([]);
    expect((await ask({ state: 'firing' })).alarms).toMatchObject([{ subject: 'redis' }]);
    expect((await ask({ state: 'firing', node: 'web-9' })).alarms).toEqual([]);
    expect(await store.closeGone(['node-1'], clock.now)).toEqual([]);
    expect(await store.closeGone(['node-9'], clock.now)).toMatchObject([{ subject: 'redis' }]);
    // It was not gone.
    await pass(node, 6000, BAD);
    expect((await store.openOf('node-1')).map(({ subject }) => subject)).toEqual(['redis']);
    expect(await store.closeGone(['node-9'], clock.now)).toHaveLength(1);
    await store.sweep(clock.now - MINUTE);
    expect((await ask({ limit: 100 })).alarms.length).toBeLessThan(8);
    await store.sweep(clock.now + 1);
    expect((await ask({ limit: 100 })).alarms).toEqual([]);
  });

  test('administrators who are not banned have notices', async () => {
    const database = await open();
    await database
      .insertInto('users')
      .values([
        { ...userRow('ada'), role: 'admin' },
        { ...userRow('bob'), role: 'admin', banned_at: 1 },
        userRow('eve'),
      ])
      .execute();
    const { store } = platform(database);
    expect(await database.transaction().execute((transaction) => store.administrators(transaction))).toEqual(['ada']);
  });
});
