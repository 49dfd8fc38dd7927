import { expect, test } from 'vitest';
import { AppError, type ErrorCode } from '../src/modules/gateway/contract.ts';
import type { RoomDirectory, RoomFacts } from '../src/modules/live/contract.ts';
import type { StateCenter } from '../src/state/contract.ts';
import { MemoryStateCenter } from '../src/state/memory.ts';
import { connect, request, type Message, type TestSocket } from './harness.ts';
import { startFront } from './support/socket-front.ts';

const SENDS = { type: 'offer', sdp: 'v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=sendrecv\r\n' };
const RECEIVES = { type: 'offer', sdp: 'v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=recvonly\r\n' };

type Removed = Parameters<Parameters<RoomDirectory['onRemoved']>[0]>[0];

/** Rooms of `ann`, moderated by `mod`; `ben` is banned, and who brings no token may not see a private one. */
class Rooms implements RoomDirectory {
  readonly watching = new Set<string>();
  ownersPresent = 0;
  remove: (removed: Removed) => void = () => {};
  readonly #facts: Partial<RoomFacts>;

  constructor(facts: Partial<RoomFacts> = {}) {
    this.#facts = facts;
  }

  async standing(...[{ account }, roomId, proof]: Parameters<RoomDirectory['standing']>) {
    if (roomId === 'none') throw new AppError('room_not_found');
    if (account?.id === 'ben') throw new AppError('banned_from_room');
    const room = {
      id: roomId,
      userId: 'ann',
      status: 'live',
      mode: 'p2p',
      isPrivate: false,
      ...this.#facts,
    } as RoomFacts;
    if (room.isPrivate && account === undefined && proof?.token === undefined) throw new AppError('room_private');
    const person = account === undefined ? undefined : `user:${account.id}`;
    return { room, isOwner: account?.id === 'ann', isModerator: account?.id === 'mod', person };
  }

  async mediaAccess(): ReturnType<RoomDirectory['mediaAccess']> {
    throw new AppError('publish_forbidden');
  }

  async watch(_room: RoomFacts, person: string) {
    this.watching.add(person);
    return () => void this.watching.delete(person);
  }

  async viewerCount() {
    return this.watching.size;
  }

  async ownerJoined() {
    this.ownersPresent++;
    return () => void this.ownersPresent--;
  }

  onRemoved(listener: (removed: Removed) => void) {
    this.remove = listener;
  }

  async search() {
    return [];
  }

  async liveRoomsOf() {
    return [];
  }

  async lastShowsOf() {
    return new Map<string, number>();
  }

  async liveRoomOf() {
    return undefined;
  }

  async streamKeyChanged() {}

  async openRoomOf() {
    return undefined;
  }

  async people() {
    return [...this.watching];
  }

  async ban() {}

  onHidden() {}

  personOf() {
    return undefined;
  }
}

interface PeerMessage extends Message {
  self?: string;
  session?: string;
  from?: string;
  peers?: { id: string }[];
  peer?: { id: string };
  payload?: unknown;
  viewerCount?: number;
}

const front = (options: { facts?: Partial<RoomFacts>; state?: StateCenter; access?: 'members' | 'open' } = {}) => {
  const rooms = new Rooms(options.facts);
  return startFront({ ...options, rooms }).then((started) => Object.assign(started, { rooms }));
};

const open = (base: string, token = '') => connect(base, {}, `/signaling?token=${token}`);

async function ask(socket: TestSocket, message: Record<string, unknown>): Promise<PeerMessage> {
  const id = Math.random().toString(36);
  socket.send({ roomId: 'r', ...message, id });
  return socket.next((answer) => answer.id === id);
}

const heard = (socket: TestSocket, type: string): Promise<PeerMessage> =>
  socket.next((message) => message.type === type);

async function joined(base: string, token = '', extra: Record<string, unknown> = {}) {
  const socket = await open(base, token);
  return { socket, answer: await ask(socket, { type: 'join', ...extra }) };
}

test('two peers of a room set up a call: offer, answer and candidates, named by the server', async () => {
  const { base, rooms } = await front({ facts: { isPrivate: true } });
  const ann = await joined(base, 'ann');
  expect(ann.answer).toMatchObject({ type: 'joined', roomId: 'r', self: 'ann', peers: [], viewerCount: 0 });
  const dan = await joined(base, 'dan', { name: 'Dan' });
  expect(dan.answer.peers).toEqual([{ id: 'ann', userId: 'ann', username: 'ann', role: 'owner' }]);
  expect(await heard(ann.socket, 'peer-joined')).toMatchObject({ peer: { id: 'dan', name: 'Dan', role: 'guest' } });
  expect(rooms.ownersPresent).toBe(1);
  expect([...rooms.watching]).toEqual(['user:dan']);

  expect(await ask(dan.socket, { type: 'offer', to: 'ann', userId: 'mallory', payload: SENDS })).toMatchObject({
    type: 'ack',
  });
  expect(await heard(ann.socket, 'offer')).toEqual({
    type: 'offer',
    roomId: 'r',
    from: 'dan',
    to: 'ann',
    payload: SENDS,
  });
  await ask(ann.socket, { type: 'answer', to: 'dan', payload: { type: 'answer', sdp: 'v=0' } });
  expect(await heard(dan.socket, 'answer')).toMatchObject({ from: 'ann' });
  // Without `to`: to everybody else, and null says that there are no more.
  await ask(ann.socket, { type: 'candidate', payload: null });
  expect(await heard(dan.socket, 'candidate')).toMatchObject({ from: 'ann', payload: null });

  await ask(dan.socket, { type: 'leave' });
  expect(await heard(ann.socket, 'peer-left')).toMatchObject({ peer: { id: 'dan' } });
  expect([...rooms.watching]).toEqual([]);
  expect(await ask(ann.socket, { type: 'answer', to: 'dan', payload: 'v=0' })).toMatchObject({
    code: 'peer_not_found',
  });
});

test('the root is an alias, and its page stays a page', async () => {
  const { base } = await front();
  const socket = await connect(base, {}, '/?token=ann');
  expect(await ask(socket, { type: 'join' })).toMatchObject({ type: 'joined', self: 'ann' });
  expect(await request(`${base}/signaling`)).toMatchObject({ status: 426 });
  await expect(connect(base, {}, '/signaling?token=bad')).rejects.toThrow('401');
  await expect(connect(base, { origin: 'http://evil.example' }, '/signaling')).rejects.toThrow('403');
});

test.each<
  [
    string,
    { facts?: Partial<RoomFacts>; access?: 'open' },
    string,
    { to?: string; payload: unknown },
    ErrorCode | 'ack',
  ]
>([
  ['the owner, to all', {}, 'ann', { payload: SENDS }, 'ack'],
  ['a moderator, to all', {}, 'mod', { payload: SENDS }, 'ack'],
  ['a guest, to all', {}, 'dan', { payload: RECEIVES }, 'publish_forbidden'],
  ['a guest who only receives', {}, 'dan', { to: 'ann', payload: RECEIVES }, 'ack'],
  ['an anonymous guest who only receives', {}, '', { to: 'ann', payload: RECEIVES }, 'ack'],
  ['a guest who was not invited', {}, 'dan', { to: 'ann', payload: SENDS }, 'publish_forbidden'],
  ['a guest of a private room', { facts: { isPrivate: true } }, 'dan', { to: 'ann', payload: SENDS }, 'ack'],
  [
    'a guest of a media room',
    { facts: { isPrivate: true, mode: 'media' } },
    'dan',
    { to: 'ann', payload: SENDS },
    'publish_forbidden',
  ],
  ['an anonymous guest', { facts: { isPrivate: true } }, '', { to: 'ann', payload: SENDS }, 'publish_forbidden'],
  [
    'an anonymous guest where anyone may',
    { facts: { isPrivate: true }, access: 'open' },
    '',
    { to: 'ann', payload: SENDS },
    'ack',
  ],
  ['a direction that is not said', {}, 'dan', { to: 'ann', payload: 'v=0\r\nm=audio 9 X 0\r\n' }, 'publish_forbidden'],
  ['a description that is none', {}, 'dan', { to: 'ann', payload: 'hello' }, 'publish_forbidden'],
  ['the media engine, which has no WebRTC', {}, 'ann', { to: 'server', payload: SENDS }, 'not_supported'],
])('%s: an offer', async (_name, options, token, offer, expected) => {
  const { base } = await front(options);
  await joined(base, 'ann');
  const { socket } = await joined(base, token, { token: 'play' });
  const answer = await ask(socket, { type: 'offer', ...offer });
  expect(answer.code ?? answer.type).toBe(expected);
});

test('an offer of the owner invites a guest to offer too', async () => {
  const { base } = await front();
  const ann = await joined(base, 'ann');
  const dan = await joined(base, 'dan');
  await ask(ann.socket, { type: 'offer', to: 'dan', payload: SENDS });
  await heard(dan.socket, 'offer');
  expect(await ask(dan.socket, { type: 'offer', to: 'ann', payload: SENDS })).toMatchObject({ type: 'ack' });
});

test('a reconnect with its session takes its place again, unseen by the others and counted once', async () => {
  const { base, rooms } = await front();
  const ann = await joined(base, 'ann');
  const guest = await joined(base);
  const { self, session } = guest.answer;
  await heard(ann.socket, 'peer-joined');
  guest.socket.socket.terminate();
  await guest.socket.closed;
  const again = await joined(base, '', { session });
  expect(again.answer).toMatchObject({ self, session, peers: [{ id: 'ann' }], viewerCount: 1 });
  // And while the old connection is still there: it is cut.
  const third = await joined(base, '', { session });
  expect(third.answer).toMatchObject({ self });
  expect((await again.socket.closed).code).toBe(4009);
  await ask(ann.socket, { type: 'candidate', to: self, payload: { candidate: 'x' } });
  await heard(third.socket, 'candidate');
  expect(ann.socket.messages.filter(({ type }) => type.startsWith('peer-'))).toEqual([]);
  expect(rooms.watching.size).toBe(1);
  // Somebody else's session, and one that was given up, are as none.
  expect((await joined(base, 'dan', { session })).answer.self).toBe('dan');
  await ask(third.socket, { type: 'leave' });
  expect((await joined(base, '', { session })).answer.self).not.toBe(self);
});

test('one account twice in a room is two peers', async () => {
  const { base } = await front();
  expect((await joined(base, 'dan')).answer.self).toBe('dan');
  expect((await joined(base, 'dan')).answer.self).toMatch(/^dan\.\w+$/);
});

test('32 peers hear each other; who comes later is counted only', async () => {
  const { base, rooms } = await front();
  await joined(base, 'ann');
  for (let n = 1; n < 32; n++) expect((await joined(base)).answer.session).toBeDefined();
  const late = await joined(base);
  expect(late.answer).toMatchObject({ type: 'joined', peers: [], viewerCount: 32 });
  expect(late.answer.session).toBeUndefined();
  expect(await ask(late.socket, { type: 'offer', to: 'ann', payload: RECEIVES })).toMatchObject({ code: 'peers_full' });
  late.socket.socket.terminate();
  await expect.poll(() => rooms.watching.size).toBe(31);
});

test('a place is kept for the owner', async () => {
  const { base } = await front();
  for (let n = 0; n < 31; n++) await joined(base);
  expect((await joined(base)).answer.session).toBeUndefined();
  expect((await joined(base, 'ann')).answer.session).toBeDefined();
});

test('bans, kicks and the end of the room take peers out', async () => {
  const { base, rooms, state, tokens } = await front();
  expect((await joined(base, 'ben')).answer).toMatchObject({ type: 'error', code: 'banned_from_room' });
  expect(await ask(await open(base), { type: 'join', roomId: 'none' })).toMatchObject({ code: 'room_not_found' });
  const ann = await joined(base, 'ann');
  const dan = await joined(base, 'dan');
  rooms.remove({ roomId: 'r', person: 'user:dan', code: 'kicked_from_room' });
  expect(await heard(dan.socket, 'error')).toMatchObject({ roomId: 'r', code: 'kicked_from_room' });
  expect(await heard(ann.socket, 'peer-left')).toMatchObject({ peer: { id: 'dan' } });
  expect(await ask(dan.socket, { type: 'candidate', payload: null })).toMatchObject({ code: 'peer_not_found' });
  expect((await ask(dan.socket, { type: 'join' })).self).toBe('dan');
  await state.append('room:r', { id: 'end', event: 'room.ended', data: {} });
  for (const { socket } of [ann, dan]) expect(await heard(socket, 'error')).toMatchObject({ code: 'room_ended' });
  expect(rooms.ownersPresent).toBe(0);
  tokens.revoke({ userId: 'dan' });
  expect((await dan.socket.closed).code).toBe(4003);
  const ended = await front({ facts: { status: 'ended' } });
  expect((await joined(ended.base, 'ann')).answer).toMatchObject({ code: 'room_ended' });
});

test('two nodes are one room, and the death of one is seen', async () => {
  const nodeLost: Parameters<StateCenter['onNodeLost']>[0][] = [];
  class SharedState extends MemoryStateCenter {
    override onNodeLost(listener?: Parameters<StateCenter['onNodeLost']>[0]) {
      if (listener !== undefined) nodeLost.push(listener);
    }
    override async close() {}
  }
  const state = new SharedState();
  // The same state by another name: what a second process on one Redis sees.
  const other: StateCenter = new Proxy(state, {
    get: (target, name) => {
      if (name === 'nodeId') return 'other';
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const [here, there] = [await front({ state }), await front({ state: other })];
  const ann = await joined(here.base, 'ann');
  const dan = await joined(there.base, 'dan');
  expect(dan.answer.peers).toMatchObject([{ id: 'ann' }]);
  await heard(ann.socket, 'peer-joined');
  await ask(ann.socket, { type: 'offer', to: 'dan', payload: SENDS });
  expect(await heard(dan.socket, 'offer')).toMatchObject({ from: 'ann' });
  for (const member of await state.members('signal:r', 64))
    if (member.includes('dan')) await state.leave('signal:r', member);
  for (const tell of nodeLost) tell({ nodeId: 'other', groups: ['signal:r'] });
  expect(await heard(ann.socket, 'peer-left')).toMatchObject({ peer: { id: 'dan' } });
});

test('a socket may be in eight rooms', async () => {
  const { base } = await front();
  const socket = await open(base, 'dan');
  for (let n = 0; n < 8; n++) expect((await ask(socket, { type: 'join', roomId: `r${n}` })).type).toBe('joined');
  expect(await ask(socket, { type: 'join', roomId: 'r8' })).toMatchObject({ code: 'too_many_subscriptions' });
  await ask(socket, { type: 'leave', roomId: 'r0' });
  expect((await ask(socket, { type: 'join', roomId: 'r8' })).type).toBe('joined');
});

test.each([
  ['no JSON', 'hello', 'invalid_json'],
  ['no object', '[]', 'invalid_message'],
  ['an unknown type', { type: 'dance', roomId: 'r' }, 'invalid_message'],
  ['a room that cannot be', { type: 'join', roomId: '../r' }, 'invalid_message'],
  ['a number for a room', { type: 'join', roomId: 1 }, 'invalid_message'],
  ['a name with control characters', { type: 'join', roomId: 'r', name: 'a\u0000b' }, 'invalid_message'],
  ['an offer without payload', { type: 'offer', roomId: 'r' }, 'invalid_message'],
  ['an offer of a number', { type: 'offer', roomId: 'r', payload: 7 }, 'invalid_message'],
  ['an answer of null', { type: 'answer', roomId: 'r', payload: null }, 'invalid_message'],
  ['an offer before the join', { type: 'offer', roomId: 'r', payload: 'v=0' }, 'peer_not_found'],
  ['a forged sender', { type: 'candidate', roomId: 'r', from: 'ann', payload: null }, 'peer_not_found'],
  ['a bad token', { type: 'auth', token: 'bad' }, 'invalid_token'],
])('%s is answered and not fatal', async (_name, message, code) => {
  const { base } = await front();
  const socket = await open(base);
  socket.send(message);
  expect(await heard(socket, 'error')).toMatchObject({ code, error: expect.any(String) });
  expect(await ask(socket, { type: 'ping' })).toMatchObject({ type: 'pong' });
});

test('a message too large ends the connection', async () => {
  const { base } = await front();
  const socket = await open(base, 'ann');
  socket.send({ type: 'offer', roomId: 'r', payload: 'x'.repeat(70_000) });
  expect((await socket.closed).code).toBe(1009);
});
