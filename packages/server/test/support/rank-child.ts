// A node that counts rankings in a process of its own, to be one of two and to be killed.
// argv: the options of the database as JSON, the time zone, then, left out for one that its parent kills, at which
// statement of which batch it dies, as JSON `{batch, statement}`.
import { setTimeout as delay } from 'node:timers/promises';
import type { KyselyPlugin } from 'kysely';
import { pino } from 'pino';
import { connectDatabase, type DatabaseOptions } from '../../src/database/database.ts';
import { countBatch } from '../../src/modules/rank/counting.ts';
import { Calendar } from '../../src/modules/rank/period.ts';

const [options = '', timeZone, fatal] = process.argv.slice(2);
const end = fatal === undefined ? undefined : (JSON.parse(fatal) as { batch: number; statement: number });
let [batch, statement] = [1, 0];

/** Dies before a statement is run, with the transaction open. */
const mortal: KyselyPlugin = {
  transformQuery: ({ node }) => {
    statement++;
    if (batch === end?.batch && statement === end.statement) process.kill(process.pid, 'SIGKILL');
    return node;
  },
  transformResult: async ({ result }) => result,
};

const logger = pino({ level: 'warn' });
const { database } = await connectDatabase({ ...(JSON.parse(options) as Omit<DatabaseOptions, 'logger'>), logger });
const calendar = new Calendar(timeZone);
for (;;) {
  const { facts } = await countBatch(database.withPlugin(mortal), calendar);
  process.send?.({ counted: facts.length });
  // An empty batch is none: it has no statement to die at.
  if (facts.length > 0) batch++;
  else await delay(5);
  statement = 0;
}
