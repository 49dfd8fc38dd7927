// Lotteries brought to their end by a process of its own, which kills itself at a commit.
// argv: the options of the database as JSON, then at which commit it dies, then `before` or `after` it.
import { pino } from 'pino';
import { audit } from '../../src/database/audit.ts';
import { openDatabase, type DatabaseOptions } from '../../src/database/database.ts';
import { Outbox, type Work } from '../../src/database/outbox.ts';
import { Drand } from '../../src/modules/interact/lottery/drand.ts';
import { Drawer } from '../../src/modules/interact/lottery/drawer.ts';
import { RealBeacons } from '../../src/modules/interact/lottery/beacons.ts';
import { LotteryMetrics } from '../../src/modules/interact/lottery/metrics.ts';
import { LotteryStore } from '../../src/modules/interact/lottery/store.ts';
import { createUserDirectory } from '../../src/modules/user/index.ts';
import { MemoryStateCenter } from '../../src/state/memory.ts';

const [options = '', fatal, when] = process.argv.slice(2);

class MortalOutbox extends Outbox {
  #commits = 0;

  override async transact<Result>(work: (unit: Work) => Promise<Result>): Promise<Result> {
    const isFatal = ++this.#commits === Number(fatal);
    const result = await super.transact(async (unit) => {
      const made = await work(unit);
      return isFatal && when === 'before' ? die() : made;
    });
    return isFatal ? die() : result;
  }
}

function die(): Promise<never> {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => {});
}

const logger = pino({ level: 'warn' });
const { database } = await openDatabase({ ...(JSON.parse(options) as Omit<DatabaseOptions, 'logger'>), logger });
const now = Date.now;
const metrics = new LotteryMetrics();
const drawer = new Drawer({
  ...{ logger, now, metrics, store: new LotteryStore(database), state: new MemoryStateCenter() },
  outbox: new MortalOutbox({ database, logger, now }),
  users: createUserDirectory(database, now),
  beacons: new RealBeacons({
    ...{ logger, now, metrics, drand: new Drand({ hosts: [], fetch }) },
    options: { beacon: 'delay', delayIterations: 640, drandHosts: [] },
  }),
  notifier: {
    notify: async ({ transaction }, notices) => {
      for (const { userId, data: details } of notices)
        await audit(transaction, {
          ...{ actor: 'system', action: 'test.told', subject: `user:${userId}`, details, atMs: now() },
        });
    },
  },
});
drawer.start();
// It lives until it dies.
setInterval(() => {}, 60_000);
