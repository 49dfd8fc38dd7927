import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { onDatabase } from '../../../test/support/databases.ts';
import { MemoryStateCenter } from '../../state/memory.ts';
import { Peers } from './peers.ts';
import { MonitorService, type MonitorServiceDeps } from './service.ts';
import { MonitorStore } from './store.ts';

const NOW = 1_800_000_000_000;
const logger = pino({ level: 'silent' });

onDatabase('sqlite', 'the overview', (open) => {
  const serviceWith = async (more: Partial<MonitorServiceDeps> = {}) => {
    const state = new MemoryStateCenter();
    onTestFinished(() => state.close());
    const database = await open();
    const deps: MonitorServiceDeps = {
      ...{ store: new MonitorStore(database), peers: new Peers({ state, logger }), logger, now: () => NOW },
      countRooms: async () => ({ live: 2, preparing: 1 }),
      countAccounts: async () => 7,
      openRooms: async () => [],
      listRooms: async () => ({ rooms: [], total: 0 }),
      ...more,
    };
    return { service: new MonitorService(deps), database };
  };

  test('is counted once for those who ask at once', async () => {
    let counts = 0;
    const { service } = await serviceWith({ countAccounts: async () => ++counts });
    const answers = await Promise.all([service.overview(), service.overview(), service.overview()]);
    expect(answers.map(({ totals }) => [totals.liveRooms, totals.preparingRooms, totals.accounts])).toEqual([
      [2, 1, 1],
      [2, 1, 1],
      [2, 1, 1],
    ]);
  });

  test('comes without counts while what counts hangs or fails', async () => {
    const hanging = await serviceWith({ countRooms: () => new Promise(() => {}) });
    expect((await hanging.service.overview()).totals).toMatchObject({ liveRooms: 0, accounts: 0 });
    const failing = await serviceWith({ countRooms: () => Promise.reject(new Error('away')) });
    expect((await failing.service.overview()).totals).toMatchObject({ liveRooms: 0, accounts: 0 });
  });

  test('has an alarm of recordings that failed within the hour', async () => {
    const { service, database } = await serviceWith();
    const row = {
      room_id: 'room',
      play_id: 'play',
      user_id: null,
      title: 'x',
      title_key: 'x',
      published: 0,
      folder_id: 'f',
      poster: null,
      started_at: 1,
      ended_at: 2,
      duration_ms: 0,
      size_bytes: 0,
    } as const;
    await database
      .insertInto('recordings')
      .values([
        { ...row, id: 'new', state: 'failed', updated_at: NOW - 1000 },
        { ...row, id: 'old', state: 'failed', updated_at: NOW - 3_600_001 },
        { ...row, id: 'well', state: 'ready', updated_at: NOW - 1000 },
      ])
      .execute();
    expect((await service.overview()).alarms).toEqual([
      {
        ...{ id: 'recording_failed:new', kind: 'recording_failed', level: 'warning', subject: 'new' },
        ...{ since: NOW - 1000, data: { roomId: 'room' } },
      },
    ]);
  });
});
