import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadSharedKey } from '../src/modules/auth/index.ts';
import { tempFolder } from './harness.ts';
import { PASSWORD, startAccounts } from './support/accounts.ts';
import { onDatabase, onEveryDatabase } from './support/databases.ts';

const remote = { 'x-forwarded-for': '203.0.113.7' };

test('who registers is told beforehand what is asked', async () => {
  const kaibo = await startAccounts((config) => {
    config.auth.registration = 'closed';
  });
  const asked = async (headers = {}) => (await kaibo.get('/api/auth/setup', headers)).body;
  const registration = 'closed';
  expect(await asked()).toEqual({ needsFirstAccount: true, needsSetupToken: false, registration });
  expect(await asked(remote)).toEqual({ needsFirstAccount: true, needsSetupToken: true, registration });
  expect(await asked({ 'sec-fetch-site': 'cross-site' })).toMatchObject({ needsSetupToken: true });
  await kaibo.person('boss');
  for (const headers of [{}, remote])
    expect(await asked(headers)).toEqual({ needsFirstAccount: false, needsSetupToken: false, registration });
  expect((await kaibo.post('/api/auth/register', { username: 'ada', password: PASSWORD })).body.code).toBe(
    'registration_closed',
  );
});

onEveryDatabase('the shared key', (open) => {
  const now = () => 1_800_000_000_000;

  test('is what the first node signed with before, and the same for those that come later', async () => {
    const database = await open();
    const own = Buffer.alloc(32, 7);
    expect(await loadSharedKey(database, { own, now })).toEqual(own);
    expect(await loadSharedKey(database, { own: Buffer.alloc(32, 8), now })).toEqual(own);
    expect(await loadSharedKey(database, { own: undefined, now })).toEqual(own);
  });

  test('is made when there was none', async () => {
    const database = await open();
    const key = await loadSharedKey(database, { own: undefined, now });
    expect(key).toHaveLength(32);
    expect(await loadSharedKey(database, { own: Buffer.alloc(32, 7), now })).toEqual(key);
  });
});

onDatabase('postgres', 'a platform that moves to PostgreSQL', (_, databases) => {
  test('goes on signing with the key of its data folder, and so do the nodes that join it', async () => {
    const [folder, other] = [tempFolder(), tempFolder()];
    const options = await databases.options();
    writeFileSync(join(folder, 'signing.key'), Buffer.alloc(32, 7), { mode: 0o600 });
    const start = (dataDir: string) => startAccounts((config) => (config.database.url = options.url), dataDir);
    const first = await start(folder);
    const boss = await first.person('boss');
    const room = await first.create({ isPrivate: true }, boss.headers);
    const { body } = await first.post(`/api/rooms/${room.id}/play-token`, {}, boss.headers);
    const second = await start(other);
    const { database } = await databases.handle(options, 'as it is');
    const keys = await database.selectFrom('secrets').select('value').where('purpose', '=', 'sign').execute();
    expect(keys).toEqual([{ value: Buffer.alloc(32, 7).toString('base64url') }]);
    const path = `/api/rooms/${room.id}?token=${String(body['token'])}`;
    for (const node of [first, second]) expect((await node.get(path)).status).toBe(200);
  });
});
