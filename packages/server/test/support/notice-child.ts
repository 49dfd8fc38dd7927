// Delivers to webhooks, or tells followers, in a process of its own, to be killed. argv: the options of the database as
// JSON, and `webhooks` or `followers`.
import { pino } from 'pino';
import { isPublicAddress } from '@kaibo/media';
import { openDatabase, type DatabaseOptions } from '../../src/database/database.ts';
import { Outbox } from '../../src/database/outbox.ts';
import { Fanout } from '../../src/modules/notice/fanout.ts';
import { StoredNotifier } from '../../src/modules/notice/notifier.ts';
import { Outbound } from '../../src/http/outbound.ts';
import { NoticeStore } from '../../src/modules/notice/store.ts';
import { Courier } from '../../src/modules/notice/webhook/courier.ts';
import { WebhookStore } from '../../src/modules/notice/webhook/store.ts';
import { MemoryStateCenter } from '../../src/state/memory.ts';

const logger = pino({ level: 'warn' });
const options = JSON.parse(process.argv[2] ?? '') as Omit<DatabaseOptions, 'logger'>;
const { database } = await openDatabase({ ...options, logger });
const state = new MemoryStateCenter();
const now = Date.now;
const outbox = new Outbox({ database, state, logger, now });
const notifier = new StoredNotifier({ store: new NoticeStore(database), now, count: () => {} });
const outbound = new Outbound({ isPublic: isPublicAddress, allowPrivate: ['127.0.0.1'], timeoutMs: 5000 });
const common = { state, logger, now, outbox, notifier };
if (process.argv[3] === 'followers') new Fanout({ ...common, database }).start();
else new Courier({ ...common, store: new WebhookStore(database), outbound, count: () => {} }).start();
// It lives until it is killed.
setInterval(() => {}, 1000);
