import { fail, ok, reason, warn, type Check, type Finding } from './check.ts';
import { judgeClock } from './clock.ts';

const CONNECT_MS = 3000;
/** Sharded publish/subscribe and functions. */
const MIN_MAJOR = 7;

/** Reached, new enough, keeps what it is given, and survives its own restart. */
export const checkRedis: Check = async ({ config }) => {
  const { url } = config.redis;
  if (url === undefined) return [ok('Redis', 'not used; the state is in memory, for a single node')];
  const findings = await Promise.all([url].flat().map((node) => checkNode(node)));
  return findings.flat();
};

async function checkNode(url: string): Promise<Finding[]> {
  const subject = `Redis ${new URL(url).host}`;
  // Loaded for the doctor only.
  const { createClient } = await import('redis');
  const client = createClient({ url, socket: { connectTimeout: CONNECT_MS, reconnectStrategy: false } });
  // A connection that breaks later fails the command that waits for it.
  client.on('error', () => {});
  try {
    await client.connect();
    const info = parseInfo(await client.info());
    const startedAtMs = Date.now();
    const [seconds, micros] = (await client.sendCommand(['TIME'])) as unknown as [string, string];
    const theirsMs = Number(seconds) * 1000 + Number(micros) / 1000;
    return [
      version(subject, info),
      eviction(subject, info),
      persistence(subject, info),
      judgeClock(`${subject} clock`, { startedAtMs, endedAtMs: Date.now(), theirsMs }),
    ];
  } catch (error) {
    return [fail(subject, reason(error), 'start Redis, or correct redis.url')];
  } finally {
    client.destroy();
  }
}

function version(subject: string, info: ReadonlyMap<string, string>): Finding {
  const found = info.get('redis_version') ?? 'unknown';
  if (Number.parseInt(found, 10) >= MIN_MAJOR) return ok(subject, `answers (${found})`);
  return fail(subject, `version ${found}`, `install Redis ${MIN_MAJOR} or newer`);
}

function eviction(subject: string, info: ReadonlyMap<string, string>): Finding {
  const policy = info.get('maxmemory_policy') ?? 'unknown';
  if (policy === 'noeviction') return ok(`${subject} memory`, 'evicts nothing');
  return warn(
    `${subject} memory`,
    `maxmemory-policy is ${policy}: events may vanish`,
    'redis-cli config set maxmemory-policy noeviction',
  );
}

function persistence(subject: string, info: ReadonlyMap<string, string>): Finding {
  const name = `${subject} persistence`;
  if (info.get('rdb_last_bgsave_status') === 'err')
    return fail(name, 'the last save failed, so Redis may refuse writes', "look at Redis's log; is its disk full?");
  if (info.get('aof_enabled') === '1') return ok(name, 'append-only file');
  return warn(
    name,
    'no append-only file: its restart makes every client load anew',
    'redis-cli config set appendonly yes',
  );
}

function parseInfo(text: string): Map<string, string> {
  const lines = text.split('\r\n').map((line) => line.split(':'));
  return new Map(lines.map(([key = '', value = '']) => [key, value]));
}
