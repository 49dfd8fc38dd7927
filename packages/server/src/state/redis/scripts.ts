import { createHash } from 'node:crypto';
import type { Connection } from './connection.ts';

/** A Lua script, run atomically; `Reply` is what its `return` becomes in JavaScript. */
export interface Script<Reply> {
  lua: string;
  sha: string;
  /** Never there: carries the type of the reply. */
  reply?: Reply;
}

function script<Reply>(lua: string): Script<Reply> {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

/** Runs by digest; a Redis that does not know the script (begun anew, failed over) is sent the text. */
export async function runScript<Reply>(
  connection: Connection,
  { lua, sha }: Script<Reply>,
  { keys, args }: { keys: readonly [string, ...string[]]; args: readonly (string | number)[] },
): Promise<Reply> {
  const [key] = keys;
  const rest = [String(keys.length), ...keys, ...args.map(String)];
  try {
    // The script and its reply type are written side by side below, which is what the assertion relies on.
    return (await connection.send(key, ['EVALSHA', sha, ...rest])) as Reply;
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
    return (await connection.send(key, ['EVAL', lua, ...rest])) as Reply;
  }
}

/**
 * Opens a channel's log: makes it when there is none, and begins it anew when it stands behind an offset that was
 * already seen in the same epoch, which is how a failover to a stale replica shows. Those who listen are told to look.
 * KEYS meta, log, ids, wire; ARGV fresh epoch, seen epoch, seen offset, ms until an unused log is dropped.
 */
const OPEN_LOG = `
local meta, log, ids, wire = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local known = redis.call('HMGET', meta, 'epoch', 'offset')
local epoch, offset = known[1], tonumber(known[2] or '0')
if not epoch or (epoch == ARGV[2] and offset < tonumber(ARGV[3])) then
  redis.call('DEL', log, ids)
  epoch, offset = ARGV[1], 0
  redis.call('HSET', meta, 'epoch', epoch, 'offset', 0)
  redis.call('SPUBLISH', wire, epoch .. ' 0 ')
end
for _, key in ipairs({ meta, log, ids }) do redis.call('PEXPIRE', key, ARGV[4]) end
`;

/** … ARGV event id, payload, history size. The offset is the known one when the id is in the history. */
export const APPEND = script<[epoch: string, offset: number]>(`${OPEN_LOG}
local known_at = redis.call('ZSCORE', ids, ARGV[5])
if known_at then return { epoch, tonumber(known_at) } end
local kept = tonumber(ARGV[7])
offset = redis.call('HINCRBY', meta, 'offset', 1)
redis.call('XADD', log, 'MAXLEN', '=', kept, offset .. '-0', 'e', ARGV[6])
redis.call('ZADD', ids, offset, ARGV[5])
redis.call('ZREMRANGEBYSCORE', ids, '-inf', offset - kept)
if offset == 1 then for _, key in ipairs({ log, ids }) do redis.call('PEXPIRE', key, ARGV[4]) end end
redis.call('SPUBLISH', wire, epoch .. ' ' .. offset .. ' ' .. ARGV[6])
return { epoch, offset }
`);

export const POSITION = script<[epoch: string, offset: number]>(`${OPEN_LOG} return { epoch, offset }`);

/** … ARGV since epoch, since offset, most events. Payloads from the offset after `since` on; 0 when not recovered. */
export const READ = script<[epoch: string, offset: number, recovered: 0 | 1, payloads: string[]]>(`${OPEN_LOG}
local since = tonumber(ARGV[6])
if ARGV[5] ~= epoch or since > offset or since < 0 then return { epoch, offset, 0, {} } end
if since == offset then return { epoch, offset, 1, {} } end
local entries = redis.call('XRANGE', log, (since + 1) .. '-0', '+', 'COUNT', ARGV[7])
if #entries == 0 or entries[1][1] ~= (since + 1) .. '-0' then return { epoch, offset, 0, {} } end
local payloads = {}
for i, entry in ipairs(entries) do payloads[i] = entry[2][2] end
return { epoch, offset, 1, payloads }
`);

/** KEYS members, of session, meta; ARGV limit (0 is none), member… All of them or, at the limit, none: 0. */
export const ENTER = script<0 | 1>(`
local members, mine, meta, limit = KEYS[1], KEYS[2], KEYS[3], tonumber(ARGV[1])
if limit > 0 and redis.call('HEXISTS', members, ARGV[2]) == 0 and redis.call('HLEN', members) >= limit then return 0 end
for i = 2, #ARGV do
  if redis.call('SADD', mine, ARGV[i]) == 1 then redis.call('HINCRBY', members, ARGV[i], 1) end
end
local count = redis.call('HLEN', members)
if count > tonumber(redis.call('HGET', meta, 'peak') or '0') then redis.call('HSET', meta, 'peak', count) end
redis.call('PERSIST', meta)
return 1
`);

/** Ends what one node vouches for; the peak of a group without members is kept for ARGV[1] ms. */
const FORGET = `
local members, mine, meta = KEYS[1], KEYS[2], KEYS[3]
local function forget(member)
  if redis.call('HINCRBY', members, member, -1) <= 0 then redis.call('HDEL', members, member) end
end
local function settle()
  if redis.call('HLEN', members) == 0 then redis.call('PEXPIRE', meta, ARGV[1]) end
end
`;

/** KEYS members, of session, meta; ARGV ms to keep the peak, member. */
export const LEAVE = script<0 | 1>(`${FORGET}
if redis.call('SREM', mine, ARGV[2]) == 0 then return 0 end
forget(ARGV[2])
settle()
return 1
`);

/** KEYS members, of session, meta; ARGV ms to keep the peak, most members to drop. How many are left to drop. */
export const DROP_SESSION = script<number>(`${FORGET}
for _, member in ipairs(redis.call('SPOP', mine, ARGV[2])) do forget(member) end
settle()
return redis.call('SCARD', mine)
`);

/** KEYS members, meta. */
export const COUNT_GROUP = script<[count: number, peak: string]>(`
return { redis.call('HLEN', KEYS[1]), redis.call('HGET', KEYS[2], 'peak') or '0' }
`);

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/** KEYS living; ARGV ms that a lease lasts, session… */
export const JOIN = script<1>(`${NOW}
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[i]) end
return 1
`);

/** KEYS living; ARGV session, ms that the lease lasts. 0: the node was declared dead, or Redis lost its data. */
export const BEAT = script<0 | 1>(`${NOW}
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
return 1
`);

/** KEYS living, lost; ARGV ms that the claim lasts, most sessions. The dead sessions that the caller has to clean up. */
export const CLAIM_LOST = script<string[]>(`${NOW}
for _, session in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[2])) do
  redis.call('ZREM', KEYS[1], session)
  redis.call('ZADD', KEYS[2], now, session)
end
local claimed = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, ARGV[2])
for _, session in ipairs(claimed) do redis.call('ZADD', KEYS[2], now + ARGV[1], session) end
return claimed
`);

/** KEYS lease; ARGV content, ms. Renews it, or takes it again when it is free; 0 when another has it. */
export const RENEW_LEASE = script<0 | 1>(`
local content = redis.call('GET', KEYS[1])
if content and content ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`);

/** KEYS lease; ARGV content. */
export const RELEASE_LEASE = script<0 | 1>(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`);

/** KEYS counter; ARGV by, ms until it ends. */
export const COUNT = script<number>(`
if ARGV[1] == '0' then return tonumber(redis.call('GET', KEYS[1]) or '0') end
local value = redis.call('INCRBY', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return value
`);

/**
 * KEYS bucket; ARGV burst, ms for a token, most tokens. How many there were: the key says when the bucket is full again,
 * and ends then; a clock of Redis that was set back leaves no bucket empty for longer than it takes to fill.
 */
export const TAKE = script<number>(`${NOW}
local burst, token = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = math.min(math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now), now + burst * token)
local taken = math.max(0, math.min(tonumber(ARGV[3]), math.floor(burst - (full - now) / token + 1e-6)))
if taken > 0 then
  full = full + taken * token
  redis.call('SET', KEYS[1], string.format('%.3f', full), 'PX', math.max(1, math.ceil(full - now)))
end
return taken
`);
