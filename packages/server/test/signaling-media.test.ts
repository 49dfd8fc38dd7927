// `to: 'server'`: what is said by signaling reaches the media engine, as its rights say, and comes back.
import { expect, test, vi } from 'vitest';
import type { Account, Scope } from '../src/modules/gateway/contract.ts';
import { connect, keyOf, owner, request, startTest, type Message, type OwnedRoom, type TestKaibo } from './harness.ts';
import { People } from './rooms-people.ts';
import type { FakeSession } from './fake-rtc.ts';

interface Heard extends Message {
  self?: string;
  session?: string;
  viewerCount?: number;
  from?: string;
  intent?: string;
  reason?: string;
  error?: string;
  roomId?: string;
  payload?: { type?: string; sdp?: string; candidate?: string; sdpMid?: string; usernameFragment?: string } | null;
  iceServers?: { urls: string[]; username?: string; credential?: string }[];
}

function describe(direction: string, { ufrag = 'clnt', codec = 'H264' } = {}): { type: 'offer'; sdp: string } {
  const transport = `a=mid:0\r\na=ice-ufrag:${ufrag}\r\na=ice-pwd:0123456789012345678901\r\n`;
  const media = `m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 ${codec}/90000\r\na=${direction}\r\n${transport}`;
  return { type: 'offer', sdp: `v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n${media}` };
}
const SENDS = describe('sendonly');
const RECEIVES = describe('recvonly');

/** Somebody in a room, by one socket. */
class Member {
  readonly roomId: string;
  /** Everything so far. */
  readonly messages: Heard[] = [];
  readonly #socket: Awaited<ReturnType<typeof connect>>;
  /** What was asked for and taken already: several questions are open at a time. */
  readonly #taken = new Set<Heard>();
  #next = 1;

  constructor(roomId: string, socket: Awaited<ReturnType<typeof connect>>) {
    this.roomId = roomId;
    this.#socket = socket;
    socket.socket.on('message', (data) => this.messages.push(JSON.parse(String(data)) as Heard));
  }

  /** The answer with the id of the question, or any error. */
  ask(message: Record<string, unknown>): Promise<Heard> {
    const id = this.#next++;
    this.#socket.send({ roomId: this.roomId, ...message, id });
    return this.#take((answer) => answer.id === id);
  }

  tell(message: Record<string, unknown>): void {
    this.#socket.send({ roomId: this.roomId, ...message });
  }

  heard(type: string): Promise<Heard> {
    return this.#take((message) => message.type === type);
  }

  async #take(fits: (message: Heard) => boolean): Promise<Heard> {
    const find = (): Heard | undefined => this.messages.find((message) => !this.#taken.has(message) && fits(message));
    const found = await vi.waitUntil(find, { timeout: 5000, interval: 10 });
    this.#taken.add(found);
    return found;
  }

  offer(payload: object): Promise<Heard> {
    return this.ask({ type: 'offer', to: 'server', payload });
  }

  drop(): Promise<unknown> {
    this.#socket.socket.terminate();
    return this.#socket.closed;
  }
}

async function join(
  { base }: TestKaibo,
  room: { id: string },
  {
    token,
    headers,
    ...rest
  }: { token?: string; headers?: Record<string, string>; session?: string; vid?: string } = {},
): Promise<{ member: Member; joined: Heard }> {
  const member = new Member(room.id, await connect(base, { headers }, '/signaling'));
  return { member, joined: await member.ask({ type: 'join', token, ...rest }) };
}

const asOwner = (room: OwnedRoom) => ({ token: room.ownerToken });
const sessionsOf = ({ engine }: TestKaibo): FakeSession[] => [...engine.rtc.sessions.values()];

test('the owner publishes without ever seeing the key; answer and candidates come, and theirs reach the engine', async () => {
  const kaibo = await startTest();
  const room = await kaibo.create();
  const { member, joined } = await join(kaibo, room, asOwner(room));
  expect(joined.iceServers).toEqual([
    { urls: ['turn:turn.example.org:3478'], username: '9999999999:guest', credential: 'made-for-them' },
  ]);
  // Candidates that are faster than the answer are kept for it.
  member.tell({ type: 'candidate', to: 'server', payload: { candidate: 'candidate:0', sdpMid: '0' } });
  expect(await member.heard('error')).toMatchObject({ code: 'no_media_session' });
  const answering = member.offer(SENDS);
  member.tell({ type: 'candidate', to: 'server', payload: { candidate: 'candidate:1', sdpMid: '0' } });
  const answer = await answering;
  expect(answer).toMatchObject({ type: 'answer', roomId: room.id, from: 'server', payload: { type: 'answer' } });
  expect(answer.payload?.sdp).toContain('a=recvonly');
  expect((await member.heard('candidate')).payload).toEqual({
    candidate: 'candidate:1 1 udp 2130706431 192.0.2.1 8000 typ host',
    sdpMid: '0',
    sdpMLineIndex: 0,
    usernameFragment: 'srvr',
  });
  expect(await member.heard('candidate')).toMatchObject({ from: 'server', payload: null });
  expect(await member.ask({ type: 'candidate', to: 'server', payload: 'candidate:2' })).toMatchObject({ type: 'ack' });
  expect(await member.ask({ type: 'candidate', to: 'server', payload: null })).toMatchObject({ type: 'ack' });
  const [session] = sessionsOf(kaibo);
  expect(session).toMatchObject({
    intent: 'publish',
    app: 'live',
    stream: room.playId,
    param: keyOf(room),
    address: '127.0.0.1',
    candidates: [{ candidate: 'candidate:1', mid: '0' }, { candidate: 'candidate:2' }, null],
  });
  await expect.poll(async () => (await kaibo.room(room.id)).status).toBe('live');
  const key = keyOf(room).slice('?key='.length);
  expect(JSON.stringify(member.messages) + kaibo.log.join()).not.toContain(key);
});

test('a viewer waits for the publisher, and is counted once', async () => {
  const kaibo = await startTest();
  kaibo.engine.rtc.playWaitMs = 5000;
  const room = await kaibo.create();
  const { member } = await join(kaibo, room);
  const answering = member.offer(RECEIVES);
  await kaibo.engine.publish(room.playId, keyOf(room));
  expect(await answering).toMatchObject({ type: 'answer' });
  expect(sessionsOf(kaibo)).toMatchObject([{ intent: 'play', stream: room.playId }]);
  expect(sessionsOf(kaibo)[0]?.param).toMatch(/^\?vid=[^&]+$/);
  await expect.poll(async () => (await kaibo.room(room.id)).viewerCount).toBe(1);
  // Nobody else has the same.
  const other = await join(kaibo, room);
  await other.member.offer(RECEIVES);
  await expect.poll(async () => (await kaibo.room(room.id)).viewerCount, { timeout: 3000 }).toBe(2);
});

test.each([
  ['nobody publishes', RECEIVES, 'not_publishing'],
  ['a codec that is not known', describe('recvonly', { codec: 'H263' }), 'codec_unsupported'],
  ['a description that is none', { type: 'offer', sdp: 'hello m=video' }, 'publish_forbidden'],
  ['publishing without the right', SENDS, 'publish_forbidden'],
])('%s is said in words of the caller', async (_name, payload, code) => {
  const kaibo = await startTest();
  const room = await kaibo.create();
  for (const [language, words] of [
    ['zh', /[\u4e00-\u9fff]/],
    ['en', /^[ -~]+$/],
  ] as const) {
    const { member } = await join(kaibo, room, { headers: { 'accept-language': language } });
    expect(await member.offer(payload)).toMatchObject({ type: 'error', code, error: expect.stringMatching(words) });
  }
  expect(sessionsOf(kaibo)).toEqual([]);
});

test('what the engine does not take is not taken from the owner either', async () => {
  const kaibo = await startTest();
  const room = await kaibo.create();
  const { member } = await join(kaibo, room, asOwner(room));
  expect(await member.offer({ type: 'offer', sdp: 'hello' })).toMatchObject({ code: 'invalid_sdp' });
  expect(await member.ask({ type: 'answer', to: 'server', payload: SENDS })).toMatchObject({ code: 'not_supported' });
  expect(await member.ask({ type: 'candidate', to: 'server', payload: { candidate: 'x'.repeat(2000) } })).toMatchObject(
    {
      code: 'invalid_message',
    },
  );
  await member.offer(SENDS);
  const second = await join(kaibo, room, asOwner(room));
  expect(await second.member.offer(SENDS)).toMatchObject({ code: 'already_publishing' });
  await kaibo.call(`/api/rooms/${room.id}/close`, { method: 'POST', headers: owner(room) });
  expect(await member.heard('error')).toMatchObject({ code: 'room_ended', roomId: room.id });
  await expect.poll(() => sessionsOf(kaibo)).toEqual([]);
});

test('a private room is played by whoever may see it, and a preview by whoever is entitled', async () => {
  const kaibo = await startTest();
  const hidden = await kaibo.create({ isPrivate: true });
  await kaibo.engine.publish(hidden.playId, keyOf(hidden));
  expect((await join(kaibo, hidden)).joined).toMatchObject({ code: 'room_private' });
  const mine = await join(kaibo, hidden, asOwner(hidden));
  expect(await mine.member.offer(RECEIVES)).toMatchObject({ type: 'answer' });
  const { body } = await kaibo.call(`/api/rooms/${hidden.id}/play-token`, {
    method: 'POST',
    body: { expiresInSeconds: 600 },
    headers: owner(hidden),
  });
  const guest = await join(kaibo, hidden, { token: String(body['token']) });
  expect(await guest.member.offer(RECEIVES)).toMatchObject({ type: 'answer' });

  const preview = await kaibo.create({ autoLive: false });
  await kaibo.engine.publish(preview.playId, keyOf(preview));
  const early = await join(kaibo, preview);
  expect(await early.member.offer(RECEIVES)).toMatchObject({ code: 'room_not_live' });
  const maker = await join(kaibo, preview, asOwner(preview));
  expect(await maker.member.offer(RECEIVES)).toMatchObject({ type: 'answer' });
});

test('a room that becomes private loses the viewers who came without a right, and they are told', async () => {
  const kaibo = await startTest();
  const room = await kaibo.create();
  await kaibo.engine.publish(room.playId, keyOf(room));
  const { member } = await join(kaibo, room, { headers: { 'accept-language': 'en' } });
  await member.offer(RECEIVES);
  await kaibo.call(`/api/rooms/${room.id}`, { method: 'PUT', body: { isPrivate: true }, headers: owner(room) });
  expect(await member.heard('media-closed')).toEqual({
    type: 'media-closed',
    roomId: room.id,
    intent: 'play',
    reason: 'kicked',
    error: 'The connection with the media server has ended',
  });
});

test('a peer-to-peer room has no engine', async () => {
  const kaibo = await startTest();
  const room = await kaibo.create({ mode: 'p2p' });
  const { member, joined } = await join(kaibo, room, asOwner(room));
  // TURN is for calls between peers too.
  expect(joined.iceServers).toHaveLength(1);
  expect(await member.offer(SENDS)).toMatchObject({ code: 'not_supported' });
  expect(await member.offer(RECEIVES)).toMatchObject({ code: 'not_supported' });
});

test('a second offer takes the place of the first of its intent; publishing and playing go side by side', async () => {
  const kaibo = await startTest();
  const room = await kaibo.create();
  const { member } = await join(kaibo, room, asOwner(room));
  await member.offer(describe('sendonly', { ufrag: 'one' }));
  await member.offer(describe('recvonly', { ufrag: 'two' }));
  await member.offer(describe('sendrecv', { ufrag: 'three' }));
  const sessions = sessionsOf(kaibo);
  expect(sessions.map(({ intent }) => intent)).toEqual(['play', 'publish']);
  // A candidate names its transport; one that names none is of the newest offer.
  for (const usernameFragment of ['two', 'three', undefined])
    await member.ask({ type: 'candidate', to: 'server', payload: { candidate: 'candidate:1', usernameFragment } });
  expect(sessions.map(({ candidates }) => candidates.length)).toEqual([1, 2]);
  expect(await member.ask({ type: 'hangup', intent: 'publish' })).toMatchObject({ type: 'ack' });
  expect(sessionsOf(kaibo).map(({ intent }) => intent)).toEqual(['play']);
  await member.ask({ type: 'hangup' });
  expect(sessionsOf(kaibo)).toEqual([]);
  expect(await member.ask({ type: 'candidate', to: 'server', payload: null })).toMatchObject({
    code: 'no_media_session',
  });
  expect(member.messages.filter(({ type }) => type === 'media-closed')).toEqual([]);
});

test('an offer that waits is over when it is replaced, hung up or left, and leaves nothing behind', async () => {
  const kaibo = await startTest();
  kaibo.engine.rtc.playWaitMs = 5000;
  const room = await kaibo.create();
  const { member } = await join(kaibo, room);
  const first = member.offer(RECEIVES);
  const second = member.offer(RECEIVES);
  expect(await first).toMatchObject({ code: 'media_closed' });
  const candidate = { type: 'candidate', to: 'server', payload: 'candidate:1' };
  for (let n = 0; n < 64; n++) expect(await member.ask(candidate)).toMatchObject({ type: 'ack' });
  expect(await member.ask(candidate)).toMatchObject({ code: 'rate_limited' });
  await member.ask({ type: 'hangup' });
  expect(await second).toMatchObject({ code: 'media_closed' });
  const third = member.offer(RECEIVES);
  await member.ask({ type: 'leave' });
  expect(await third).toMatchObject({ code: 'media_closed' });
  // The publisher comes, and the engine lets those in who are gone: they are ended.
  await kaibo.engine.publish(room.playId, keyOf(room));
  await expect.poll(() => sessionsOf(kaibo)).toEqual([]);
  await expect.poll(() => kaibo.engine.viewers).toBe(0);
});

test('a lost connection leaves the media running, for the place waits; leaving ends it', async () => {
  const kaibo = await startTest();
  const room = await kaibo.create();
  const { member, joined } = await join(kaibo, room, asOwner(room));
  await member.offer(SENDS);
  await member.drop();
  const again = await join(kaibo, room, { ...asOwner(room), session: joined.session });
  expect(again.joined.self).toBe(joined.self);
  expect(sessionsOf(kaibo)).toHaveLength(1);
  // The same session, on the new connection.
  await again.member.ask({ type: 'candidate', to: 'server', payload: 'candidate:9' });
  expect(sessionsOf(kaibo)[0]?.candidates).toEqual([{ candidate: 'candidate:9' }]);
  await again.member.ask({ type: 'leave' });
  await expect.poll(() => sessionsOf(kaibo)).toEqual([]);
});

test('what the engine ends is told, and the place in the room stays', async () => {
  const kaibo = await startTest();
  const room = await kaibo.create();
  const { member } = await join(kaibo, room, asOwner(room));
  await member.offer(SENDS);
  const [sessionId = ''] = kaibo.engine.rtc.sessions.keys();
  kaibo.engine.rtc.end(sessionId, 'peer_gone');
  expect(await member.heard('media-closed')).toMatchObject({ intent: 'publish', reason: 'peer_gone' });
  expect(await member.offer(SENDS)).toMatchObject({ type: 'answer' });
  const { body } = await kaibo.call(`/api/rooms/${room.id}/key`, { method: 'POST', headers: owner(room) });
  expect(body['streamKey']).not.toBe(room.streamKey);
  // The old key's publisher is cut, and the owner goes on with the new one, which they need not know.
  expect(await member.heard('media-closed')).toMatchObject({ intent: 'publish', reason: 'kicked' });
  expect(await member.offer(SENDS)).toMatchObject({ type: 'answer' });
});

test('who comes after the 32nd peer has no place, and still plays', async () => {
  const kaibo = await startTest();
  const room = await kaibo.create();
  await kaibo.engine.publish(room.playId, keyOf(room));
  for (let n = 0; n < 31; n++) await join(kaibo, room);
  const { member, joined } = await join(kaibo, room);
  expect(joined.session).toBeUndefined();
  expect(await member.offer(RECEIVES)).toMatchObject({ type: 'answer' });
  const [sessionId = ''] = kaibo.engine.rtc.sessions.keys();
  kaibo.engine.rtc.end(sessionId, 'over');
  expect(await member.heard('media-closed')).toMatchObject({ intent: 'play' });
  expect(await member.offer(RECEIVES)).toMatchObject({ type: 'answer' });
  await member.drop();
  await expect.poll(() => sessionsOf(kaibo)).toEqual([]);
});

test('offers without end are refused', async () => {
  const kaibo = await startTest();
  const room = await kaibo.create();
  const { member } = await join(kaibo, room, asOwner(room));
  for (let n = 0; n < 30; n++) expect(await member.offer(SENDS)).toMatchObject({ type: 'answer' });
  expect(await member.offer(SENDS)).toMatchObject({ code: 'rate_limited' });
  expect(sessionsOf(kaibo)).toHaveLength(1);
});

test('accounts: the owner publishes on their channel, an administrator may, and their ICE servers are their own', async () => {
  const people = new People();
  const [ann, root, dan] = [people.add('ann'), people.add('root', 'admin'), people.add('dan')];
  const kaibo = await startTest({ authenticator: people, users: people });
  const { playId, key } = ann.channel;
  await kaibo.engine.publish(playId, key);
  kaibo.engine.drop(playId);
  const { body } = await request(`${kaibo.base}/api/rooms?userId=ann`);
  const [room] = body as unknown as { id: string }[];
  if (room === undefined) throw new Error('publishing opened no room');
  const mine = await join(kaibo, room, { headers: ann.headers });
  expect(mine.joined.iceServers?.[0]?.username).toBe('9999999999:ann');
  expect(await mine.member.offer(SENDS)).toMatchObject({ type: 'answer' });
  expect(sessionsOf(kaibo)[0]).toMatchObject({ stream: playId, param: key });
  // The owner's own picture is no viewer.
  await mine.member.offer(RECEIVES);
  expect((await kaibo.room(room.id)).viewerCount).toBe(0);
  await mine.member.ask({ type: 'hangup' });
  const theirs = await join(kaibo, room, { headers: root.headers });
  expect(await theirs.member.offer(SENDS)).toMatchObject({ type: 'answer' });
  const guest = await join(kaibo, room, { headers: dan.headers });
  expect(await guest.member.offer(SENDS)).toMatchObject({ code: 'publish_forbidden' });
  await guest.member.offer(RECEIVES);
  expect(sessionsOf(kaibo)[1]?.param).toMatch(/^\?vid=dan\./);
});

test('an API key publishes only with the scope for it', async () => {
  const scopes: Scope[] = ['profile:read'];
  class Keys extends People {
    override async authenticate(token: string): Promise<Account> {
      return { ...(await super.authenticate(token)), via: 'apiKey', scopes };
    }
  }
  const people = new Keys();
  const ann = people.add('ann');
  const kaibo = await startTest({ authenticator: people, users: people });
  await kaibo.engine.publish(ann.channel.playId, ann.channel.key);
  kaibo.engine.drop(ann.channel.playId);
  const [room] = (await request(`${kaibo.base}/api/rooms?userId=ann`)).body as unknown as { id: string }[];
  if (room === undefined) throw new Error('publishing opened no room');
  const { member } = await join(kaibo, room, { headers: ann.headers });
  expect(await member.offer(SENDS)).toMatchObject({ code: 'key_scope' });
  scopes.push('rooms:write');
  expect(await member.offer(SENDS)).toMatchObject({ type: 'answer' });
});
