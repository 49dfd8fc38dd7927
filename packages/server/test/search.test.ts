import { expect, test } from 'vitest';
import type { SearchAnswer } from '../src/modules/search/contract.ts';
import type { FollowingLive } from '../src/modules/user/contract.ts';
import { startAccounts, type AccountsKaibo, type Person } from './support/accounts.ts';

/** Live on their channel, in a public room with this title. */
async function goLive(kaibo: AccountsKaibo, person: Person, title: string): Promise<string> {
  const room = await kaibo.post('/api/rooms', { title }, person.headers);
  const [playId, param] = String(room.body['streamKey']).split('?');
  expect((await kaibo.engine.publish(String(playId), `?${param}`)).action).toBe('publish');
  const id = String(room.body['id']);
  await expect.poll(async () => (await kaibo.get(`/api/rooms/${id}`)).body['status']).toBe('live');
  return id;
}

async function start() {
  const kaibo = await startAccounts();
  const boss = await kaibo.person('boss');
  const [meiyun, xiaomei] = [await kaibo.person('meiyun'), await kaibo.person('xiaomei')];
  const find = async (q: string, more = ''): Promise<SearchAnswer> => {
    const answer = await kaibo.get(`/api/search?q=${encodeURIComponent(q)}${more}`);
    expect(answer.status).toBe(200);
    return answer.body as unknown as SearchAnswer;
  };
  return { kaibo, boss, meiyun, xiaomei, find };
}

test('one question finds rooms and people, with followers, and where they are live', async () => {
  const { kaibo, boss, meiyun, xiaomei, find } = await start();
  await kaibo.put('/api/users/me', { name: '小梅 Ünï' }, xiaomei.headers);
  await kaibo.post(`/api/users/${meiyun.id}/follow`, {}, boss.headers);
  await kaibo.person('meiling');
  const room = await goLive(kaibo, meiyun, '夜里听歌 MEI');
  const found = await find('mei');
  expect(found.rooms).toMatchObject([{ id: room, status: 'live', owner: { username: 'meiyun' } }]);
  expect(found.rooms[0]).not.toHaveProperty('streamKey');
  // Of those that begin with it, who has more followers; then who has it inside.
  expect(found.users).toMatchObject([
    { username: 'meiyun', followerCount: 1, live: room },
    { username: 'meiling', followerCount: 0 },
    { username: 'xiaomei' },
  ]);
  expect(found.replays).toEqual([]);
  expect((await find('mei', '&limit=1')).users).toHaveLength(1);
  expect((await find('üNÏ')).users).toEqual([
    { id: xiaomei.id, username: 'xiaomei', name: '小梅 Ünï', followerCount: 0 },
  ]);
  expect((await find('听歌')).rooms).toHaveLength(1);
  await kaibo.put(`/api/rooms/${room}`, { isPrivate: true }, meiyun.headers);
  expect(await find('meiyun')).toMatchObject({ rooms: [], users: [{ username: 'meiyun' }] });
  expect((await find('meiyun')).users[0]?.live).toBeUndefined();

  const until = Date.now() + 3_600_000;
  expect((await kaibo.post(`/api/admin/users/${meiyun.id}/ban`, { until }, boss.headers)).status).toBe(200);
  expect((await find('meiyun')).users).toEqual([]);
  kaibo.wait(3_700_000);
  expect((await find('meiyun')).users).toHaveLength(1);
  for (const query of ['q=', 'q=%20', `q=${'x'.repeat(101)}`, 'q=a&limit=51', 'q=a&limit=0', ''])
    expect(await kaibo.get(`/api/search?${query}`), query).toMatchObject({ status: 400 });
});

test('whom one follows: where they are live, and when the others were', async () => {
  const { kaibo, boss, meiyun, xiaomei } = await start();
  const quiet = await kaibo.person('quiet');
  for (const { id } of [quiet, meiyun, xiaomei]) await kaibo.post(`/api/users/${id}/follow`, {}, boss.headers);
  const over = await goLive(kaibo, xiaomei, '播完了');
  await kaibo.post(`/api/rooms/${over}/close`, {}, xiaomei.headers);
  const room = await goLive(kaibo, meiyun, '在播');
  const { body } = await kaibo.get('/api/users/me/following/live', boss.headers);
  const { rooms, offline } = body as unknown as FollowingLive;
  expect(rooms).toMatchObject([{ id: room, title: '在播', owner: { username: 'meiyun' } }]);
  expect(rooms[0]).not.toHaveProperty('streamKey');
  expect(offline).toMatchObject([
    { username: 'xiaomei', lastShowAt: expect.any(Number) as number },
    { username: 'quiet' },
  ]);
  expect(await kaibo.get('/api/users/me/following/live')).toMatchObject({ status: 401 });
});
