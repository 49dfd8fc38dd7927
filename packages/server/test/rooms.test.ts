import { expect, test } from 'vitest';
import { keyOf, owner, startTest } from './harness.ts';

test('a room goes from preparing by live and interrupted to ended, as its stream does', async () => {
  const { engine, create, room } = await startTest();
  const made = await create();
  expect(made).toMatchObject({
    status: 'preparing',
    isPrivate: false,
    autoLive: true,
    viewerCount: 0,
    maxViewers: 0,
    userId: null,
  });
  expect(made.playId).toMatch(/^[a-z0-9-]{8,32}$/);
  expect(made.streamKey).toMatch(new RegExp(`^${made.playId}\\?key=.{20,}$`));
  expect(await engine.publish(made.playId, keyOf(made))).toEqual({ action: 'publish', credential: `room:${made.id}` });
  await expect.poll(() => room(made.id)).toMatchObject({ status: 'live', startTime: expect.any(Number) });
  engine.drop(made.playId);
  await expect.poll(() => room(made.id)).toMatchObject({ status: 'live', interrupted: true });
  await engine.publish(made.playId, keyOf(made));
  await expect.poll(async () => (await room(made.id)).interrupted).toBeUndefined();
  engine.drop(made.playId);
  engine.finish(made.playId);
  await expect.poll(() => room(made.id)).toMatchObject({ status: 'ended', endTime: expect.any(Number) });
});

test('URLs name the host of the request and always the port', async () => {
  const { create } = await startTest();
  const { playUrls, publishUrls, playId, streamKey } = await create();
  const key = streamKey.split('?')[1];
  expect(playUrls).toEqual({
    rtmp: `rtmp://localhost:1935/live/${playId}`,
    flv: `http://localhost:8080/live/${playId}.flv`,
    wsFlv: `ws://localhost:8080/live/${playId}.flv`,
  });
  expect(publishUrls).toEqual({
    rtmp: `rtmp://localhost:1935/live/${streamKey}`,
    wsFlv: `ws://localhost:8080/publish?app=live&stream=${playId}&${key}`,
  });
});

test('the patterns of all addresses are told to anybody, without any secret', async () => {
  const { call } = await startTest();
  expect((await call('/api/addresses')).body).toEqual({
    playUrls: {
      rtmp: 'rtmp://localhost:1935/live/STREAM',
      flv: 'http://localhost:8080/live/STREAM.flv',
      wsFlv: 'ws://localhost:8080/live/STREAM.flv',
    },
    publishUrls: {
      rtmp: 'rtmp://localhost:1935/live/STREAM?key=KEY',
      wsFlv: 'ws://localhost:8080/publish?app=live&stream=STREAM&key=KEY',
    },
    features: { recording: true, relays: true },
  });
});

test('renditions are shown with addresses of their own, while somebody publishes', async () => {
  const { create, engine, room } = await startTest();
  const made = await create();
  const { playId } = made;
  await engine.publish(playId, keyOf(made));
  await expect.poll(() => room(made.id)).toMatchObject({ status: 'live' });
  expect((await room(made.id)).renditions).toBeUndefined();
  engine.offer(playId, [
    { name: '720p', width: 720, height: 1280, bitrateBps: 2_660_000 },
    { name: 'audio', bitrateBps: 64_000 },
  ]);
  const urls = (name: string) => ({
    rtmp: `rtmp://localhost:1935/live/${playId}_${name}`,
    flv: `http://localhost:8080/live/${playId}_${name}.flv`,
    wsFlv: `ws://localhost:8080/live/${playId}_${name}.flv`,
  });
  expect((await room(made.id)).renditions).toEqual([
    { name: '720p', height: 720, bitrateBps: 2_660_000, ...urls('720p') },
    { name: 'audio', bitrateBps: 64_000, ...urls('audio') },
  ]);
  engine.drop(playId);
  await expect.poll(async () => (await room(made.id)).renditions).toBeUndefined();
});

test('secrets are shown to the owner only', async () => {
  const { call, create, engine } = await startTest();
  const made = await create();
  await engine.publish(made.playId, keyOf(made));
  const others = await call(`/api/rooms/${made.id}`);
  expect(others.text).not.toMatch(/streamKey|ownerToken|publishUrls|key=|publishing/);
  const cookie = `kaibo_owner_${made.id}=${made.ownerToken}`;
  for (const headers of [owner(made), { 'x-owner-token': made.ownerToken }, { cookie }]) {
    const { body } = await call(`/api/rooms/${made.id}`, { headers });
    expect(body).toMatchObject({
      streamKey: made.streamKey,
      publishing: { protocol: 'rtmp', fps: 25, video: { codec: 'h264' } },
    });
    expect(body['ownerToken']).toBeUndefined();
  }
});

test.each([
  ['nothing', {}, 403, 'forbidden'],
  ['a wrong token', { authorization: 'Bearer nonsense' }, 403, 'forbidden'],
  ['the cookie, sent by a page of another site', { cookie: 'OWNER', 'sec-fetch-site': 'cross-site' }, 403, 'forbidden'],
  ['the cookie, with an Origin of another site', { cookie: 'OWNER', origin: 'http://evil.example' }, 403, 'forbidden'],
  ['the cookie, same origin', { cookie: 'OWNER', 'sec-fetch-site': 'same-origin' }, 200, undefined],
  ['the token in its header', { 'x-owner-token': 'OWNER' }, 200, undefined],
])('closing with %s answers %i', async (_name, headers: Record<string, string>, status, code) => {
  const { call, create, room } = await startTest();
  const made = await create();
  const filled = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      const proof = name === 'cookie' ? `kaibo_owner_${made.id}=${made.ownerToken}` : made.ownerToken;
      return [name, value === 'OWNER' ? proof : value];
    }),
  );
  const answer = await call(`/api/rooms/${made.id}/close`, { method: 'POST', headers: filled });
  expect([answer.status, answer.body.code]).toEqual([status, code]);
  expect((await room(made.id)).status).toBe(status === 200 ? 'ended' : 'preparing');
});

test('closing ends the stream at once, and an ended room moves no more', async () => {
  const { call, create, engine, room } = await startTest();
  const made = await create();
  await engine.publish(made.playId, keyOf(made));
  await expect.poll(() => room(made.id)).toMatchObject({ status: 'live' });
  const close = () => call('/api/streams/end', { method: 'POST', body: { roomId: made.id }, headers: owner(made) });
  expect((await close()).body).toEqual({ success: true });
  expect(engine.ended).toContain(made.playId);
  expect(await close()).toMatchObject({ status: 409, body: { code: 'invalid_transition' } });
  for (const status of ['preparing', 'live', 'ended']) {
    const moved = await call(`/api/rooms/${made.id}`, { method: 'PUT', body: { status }, headers: owner(made) });
    expect([status, moved.status, moved.body.code]).toEqual([status, 409, 'invalid_transition']);
  }
  expect(await engine.publish(made.playId, keyOf(made))).toMatchObject({
    action: 'deny',
    status: 409,
    code: 'room_ended',
  });
});

test('without autoLive publishing is a preview until the owner goes live', async () => {
  const { call, create, engine, room } = await startTest();
  const made = await create({ autoLive: false });
  const goLive = () =>
    call(`/api/rooms/${made.id}`, { method: 'PUT', body: { status: 'live', title: '开播' }, headers: owner(made) });
  expect(await goLive()).toMatchObject({ status: 409, body: { code: 'not_publishing' } });
  await engine.publish(made.playId, keyOf(made));
  expect((await engine.play(made.playId)).verdict).toMatchObject({ code: 'room_not_live' });
  const token = new URL(made.playUrls.flv ?? '').search;
  expect((await engine.play(made.playId, token)).verdict.action).toBe('play');
  expect((await room(made.id)).status).toBe('preparing');
  expect(await goLive()).toMatchObject({ status: 200, body: { status: 'live', title: '开播' } });
  expect((await engine.play(made.playId)).verdict.action).toBe('play');
});

test('a private room is not listed and opens to its owner and to a signed token', async () => {
  let now = Date.now();
  const { call, create, engine } = await startTest({ now: () => now });
  const made = await create({ isPrivate: true });
  expect((await call('/api/rooms')).text).toBe('[]');
  expect(await call(`/api/rooms/${made.id}`)).toMatchObject({ status: 403, body: { code: 'room_private' } });
  const search = new URL(made.playUrls.flv ?? '').search;
  expect(await call(`/api/rooms/${made.id}${search}`)).toMatchObject({ status: 200, body: { title: made.title } });
  expect((await engine.play(made.playId)).verdict).toMatchObject({ status: 403, code: 'room_private' });
  expect((await engine.play(made.playId, search)).verdict.action).toBe('play');
  expect((await engine.play(made.playId, `${search}x`)).verdict).toMatchObject({ code: 'room_private' });
  now += 8 * 3600_000;
  expect((await engine.play(made.playId, search)).verdict).toMatchObject({ code: 'room_private' });
});

test('lists page, search, filter, sort and answer 304', async () => {
  const { call, create } = await startTest();
  for (const title of ['音乐 one', 'Music two', '50% 游戏'])
    await create({ title, category: title.startsWith('50') ? 'game' : 'music' });
  const titles = async (query: string) =>
    (JSON.parse((await call(`/api/rooms${query}`)).text) as { title: string }[]).map(({ title }) => title);
  expect(await titles('?sort=oldest&q=&status=&category=')).toEqual(['音乐 one', 'Music two', '50% 游戏']);
  expect(await titles('?q=music')).toEqual(['Music two']);
  expect(await titles(`?q=${encodeURIComponent('乐')}`)).toEqual(['音乐 one']);
  expect(await titles('?q=0%25')).toEqual(['50% 游戏']);
  expect(await titles('?category=game')).toEqual(['50% 游戏']);
  expect(await titles('?status=live,ended')).toEqual([]);
  const page = await call('/api/rooms?page=2&pageSize=1&sort=oldest');
  expect(page.headers.get('x-total-count')).toBe('3');
  expect(page.headers.get('link')).toContain('</api/rooms?page=3&pageSize=1&sort=oldest>; rel="next"');
  const again = await call('/api/rooms?page=2&pageSize=1&sort=oldest', {
    headers: { 'if-none-match': page.headers.get('etag') ?? '' },
  });
  expect([again.status, again.text]).toEqual([304, '']);
  const { body } = await call('/api/streams/list');
  expect(body).toMatchObject({ total: 3, since: expect.stringMatching(/^rooms@[0-9a-f]+\.3$/) });
});

test('viewers are people: one vid counts once, capacity refuses the next', async () => {
  const { call, create, engine, room } = await startTest();
  const made = await create({ maxViewers: 2 });
  await engine.publish(made.playId, keyOf(made));
  const { body } = await call('/api/viewers', { method: 'POST' });
  const vid = `?vid=${String(body['vid'])}`;
  const tabs = [await engine.play(made.playId, vid), await engine.play(made.playId, vid)];
  expect((await room(made.id)).viewerCount).toBe(1);
  const other = await engine.play(made.playId, `${vid}forged`);
  expect(await room(made.id)).toMatchObject({ viewerCount: 2, peakViewers: 2 });
  expect((await engine.play(made.playId)).verdict).toMatchObject({ status: 503, code: 'room_full' });
  expect((await engine.play(made.playId, vid)).verdict.action).toBe('play');
  other.leave();
  for (const tab of tabs) tab.leave();
  expect(await room(made.id)).toMatchObject({ viewerCount: 1, peakViewers: 2 });
  engine.finish(made.playId);
  await expect.poll(() => room(made.id)).toMatchObject({ status: 'ended', viewerCount: 0, peakViewers: 2 });
});

test.each([
  ['live', 'unknown-one', '?key=x', 404, 'room_not_found'],
  ['other', 'PLAYID', 'KEY', 404, 'unknown_app'],
  ['live', 'PLAYID', '', 401, 'key_required'],
  ['live', 'PLAYID', '?key=', 401, 'key_required'],
  ['live', 'PLAYID', '?key=wrong', 403, 'wrong_key'],
  ['live', "x' or '1'='1", 'KEY', 404, 'room_not_found'],
])('publishing to %s/%s with "%s" is refused with %i %s', async (app, stream, param, status, code) => {
  const { create, engine } = await startTest();
  const made = await create();
  const verdict = await engine.publish(
    stream === 'PLAYID' ? made.playId : stream,
    param === 'KEY' ? keyOf(made) : param,
    app,
  );
  expect(verdict).toMatchObject({ action: 'deny', status, code });
  expect(verdict).toHaveProperty('message');
});
