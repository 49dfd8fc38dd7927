// A node that posts transfers in a process of its own, to be one of several, or to be killed.
// argv: the options of the database, and the part of the transfers that it tries, both as JSON.
import { pino } from 'pino';
import { openDatabase, type DatabaseOptions } from '../../src/database/database.ts';
import { giveAll, type Part } from './senders.ts';

const [options = '', part = ''] = process.argv.slice(2);
const logger = pino({ level: 'warn' });
const { database, close } = await openDatabase({
  ...(JSON.parse(options) as Omit<DatabaseOptions, 'logger'>),
  logger,
});
process.send?.({ started: true });
await giveAll(database, { ...(JSON.parse(part) as Part), done: (key) => process.send?.({ key }) });
await close();
process.disconnect();
