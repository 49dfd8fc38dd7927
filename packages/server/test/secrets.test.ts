// No default secrets: whatever signs, proves or opens is made anew by each platform. Peers shipped one for everybody, and whoever scanned
// for them was let in (Node-Media-Server's nodemedia2017privatekey, ZLMediaKit#2655).
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { openDatabase } from '../src/database/database.ts';
import { startTest, tempFolder, type OwnedRoom } from './harness.ts';
import { PASSWORD } from './support/accounts.ts';

/** Long enough to be a secret: what is shorter is a word. */
const SECRET = /[\w+/=-]{20,}/g;

interface Fresh {
  /** By where each was found. */
  secrets: Map<string, string>;
  token: string;
  verify(token: string): Promise<number>;
}

async function startFresh(): Promise<Fresh> {
  const dataDir = tempFolder();
  const kaibo = await startTest({ dataDir });
  const secrets = new Map<string, string>();
  const setup = kaibo.kaibo.setup();
  secrets.set('set-up', JSON.stringify(setup));
  const registered = await kaibo.call('/api/auth/register', {
    method: 'POST',
    body: { username: 'first', password: PASSWORD },
  });
  const token = String(registered.body['accessToken']);
  secrets.set('access token', token.split('.').at(-1) ?? '');
  const room = (await kaibo.create({}, { authorization: `Bearer ${token}` })) as OwnedRoom;
  secrets.set('stream key', room.streamKey);
  const vid = await kaibo.call('/api/viewers', { method: 'POST', body: {} });
  secrets.set('viewer', String(vid.body['vid']));
  secrets.set('push', (await kaibo.call('/api/push/key')).text);
  for (const name of readdirSync(dataDir))
    if (!name.includes('.db') && statSync(join(dataDir, name)).isFile())
      secrets.set(name, readFileSync(join(dataDir, name), 'utf8'));
  return {
    secrets,
    token,
    verify: async (foreign) =>
      (await kaibo.call('/api/users/me', { headers: { authorization: `Bearer ${foreign}` } })).status,
  };
}

test('two platforms that were just started share none of their secrets, and neither believes the other', async () => {
  const [one, other] = [await startFresh(), await startFresh()];
  const wordsOf = ({ secrets }: Fresh): Set<string> =>
    new Set([...secrets.values()].flatMap((text) => text.match(SECRET) ?? []));
  const [mine, theirs] = [wordsOf(one), wordsOf(other)];
  // Keys of files, tokens and links, at least.
  expect(mine.size).toBeGreaterThanOrEqual(4);
  expect([...mine].filter((word) => theirs.has(word))).toEqual([]);
  expect(await one.verify(one.token)).toBe(200);
  expect(await other.verify(one.token)).toBe(401);
});

test('a database that was just made holds no secret, no account and no key of anybody', async () => {
  const logger = pino({ level: 'silent' });
  const handle = await openDatabase({ folder: tempFolder(), poolSize: 1, statementTimeoutMs: 5000, logger });
  for (const table of ['users', 'secrets', 'api_keys', 'sessions'] as const)
    expect(await handle.database.selectFrom(table).selectAll().execute(), table).toEqual([]);
  await handle.close();
});
