// A node of its own process, to be killed or suspended: enters `shared` and a member of its own into group `room`,
// and takes the lease `stream`. Says `ready` and its node id.
// usage: node state-child.ts URL PREFIX MEMBER
import pino from 'pino';
import { RedisStateCenter } from '../../src/state/redis/index.ts';

const [url = '', prefix = '', member = ''] = process.argv.slice(2);
const state = await RedisStateCenter.connect({ url, prefix, historySize: 100, logger: pino({ level: 'silent' }) });
await state.enter('room', 'shared');
await state.enter('room', member);
await state.lease('stream', member);
process.stdout.write(`ready ${state.nodeId}\n`);
