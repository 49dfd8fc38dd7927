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
    const deps: MonitorServiceDeps = {
      ...{
        store: new MonitorStore(await open()),
        peers: new Peers({ state, logger, now: () => NOW }),
        logger,
        now: () => NOW,
      },
      countRooms: async () => ({ live: 2, preparing: 1 }),
      countAccounts: async () => 7,
      openRooms: async () => [],
      listRooms: async () => ({ rooms: [], total: 0 }),
      ...more,
    };
    return { service: new MonitorService(deps) };
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
});
