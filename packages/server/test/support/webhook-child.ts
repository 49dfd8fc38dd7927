// Delivers to webhooks in a process of its own, to be killed. argv: the options of the database as JSON.
import { pino } from 'pino';
import { isPublicAddress } from '@kaibo/media';
import { openDatabase, type DatabaseOptions } from '../../src/database/database.ts';
import { Outbox } from '../../src/database/outbox.ts';
import { StoredNotifier } from '../../src/modules/notice/notifier.ts';
import { Outbound } from '../../src/modules/notice/outbound.ts';
import { NoticeStore } from '../../src/modules/notice/store.ts';
import { Courier } from '../../src/modules/notice/webhook/courier.ts';
import { WebhookStore } from '../../src/modules/notice/webhook/store.ts';
import { MemoryStateCenter } from '../../src/state/memory.ts';

const logger = pino({ level: 'warn' });
const options = JSON.parse(process.argv[2] ?? '') as Omit<DatabaseOptions, 'logger'>;
const { database } = await openDatabase({ ...options, logger });
const state = new MemoryStateCenter();
const now = Date.now;
new Courier({
  ...{ state, logger, now, store: new WebhookStore(database), count: () => {} },
  outbox: new Outbox({ database, state, logger, now }),
  outbound: new Outbound({ isPublic: isPublicAddress, allowPrivate: ['127.0.0.1'], timeoutMs: 5000 }),
  notifier: new StoredNotifier({ store: new NoticeStore(database), now, count: () => {} }),
}).start();
// It lives until it is killed.
setInterval(() => {}, 1000);
