// A platform's outbox in a process of its own, to be killed: commits numbered events on a few channels, and appends
// them to the state center of its parent, or only relays what others left.
// argv: the options of the database as JSON, then `write` or `relay`.
import { pino } from 'pino';
import { audit } from '../../src/database/audit.ts';
import { openDatabase, type DatabaseOptions } from '../../src/database/database.ts';
import { Outbox } from '../../src/database/outbox.ts';
import type { NewEvent, Position } from '../../src/state/contract.ts';
import { MemoryStateCenter } from '../../src/state/memory.ts';

const CHANNELS = 3;

/** The parent's state center, over the process's channel. */
class ParentStateCenter extends MemoryStateCenter {
  readonly #waiting = new Map<number, (position: Position) => void>();
  #calls = 0;

  constructor() {
    super();
    process.on('message', ({ call, position }: { call: number; position: Position }) => {
      this.#waiting.get(call)?.(position);
      this.#waiting.delete(call);
    });
  }

  override append(channel: string, event: NewEvent): Promise<Position> {
    const call = ++this.#calls;
    const { promise, resolve } = Promise.withResolvers<Position>();
    this.#waiting.set(call, resolve);
    process.send?.({ call, channel, event });
    return promise;
  }
}

const [options = '', task] = process.argv.slice(2);
const logger = pino({ level: 'warn' });
const { database } = await openDatabase({ ...(JSON.parse(options) as Omit<DatabaseOptions, 'logger'>), logger });
const outbox = new Outbox({ database, logger, now: Date.now, state: new ParentStateCenter() });
outbox.start();
process.send?.('started');
for (let n = 0; task === 'write'; n++) {
  const channel = `channel:${n % CHANNELS}`;
  await outbox.transact(async ({ transaction, emit }) => {
    // The row that stands for the channel: its lock gives the events the order of the commits.
    const { created_at: number } = await transaction
      .updateTable('secrets')
      .set((builder) => ({ created_at: builder('created_at', '+', 1) }))
      .where('id', '=', channel)
      .returning('created_at')
      .executeTakeFirstOrThrow();
    await audit(transaction, {
      ...{ actor: 'system', action: 'number.made', subject: channel },
      details: { number },
      atMs: Date.now(),
    });
    await emit({ channel, event: 'number.made', data: { number } });
  });
}
