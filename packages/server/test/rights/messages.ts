import { WebSocket } from 'ws';
import { clientMessageSchemas as realtime } from '../../src/modules/realtime/contract.ts';
import { clientMessageSchemas as signaling } from '../../src/modules/signaling/contract.ts';
import { headersOf, type Actor, type Scene, type SceneNeeds } from './scene.ts';

const TIMEOUT_MS = 10_000;

/** A message of a socket: what is sent, the last of it in question, and what each actor is answered. */
export interface MessageRow extends SceneNeeds {
  socket: '/ws' | '/signaling';
  messages: (scene: Scene) => object[];
  /** `ack`, another type of success, or the code of the error. */
  answers: Readonly<Record<Actor, string>>;
}

const all = (answer: string): Record<Actor, string> => ({
  anonymous: answer,
  user: answer,
  banned: answer,
  moderator: answer,
  owner: answer,
  admin: answer,
});
const join = ({ roomId }: Scene): object => ({ type: 'join', roomId });
const relay =
  (type: 'offer' | 'answer' | 'candidate', payload: object) =>
  (scene: Scene): object[] => [join(scene), { type, roomId: scene.roomId, payload }];
const toServer =
  (direction: string) =>
  (scene: Scene): object[] => {
    const sdp = `v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 H264/90000\r\na=${direction}\r\n`;
    return [join(scene), { type: 'offer', roomId: scene.roomId, to: 'server', payload: { type: 'offer', sdp } }];
  };

/** By `SOCKET MESSAGE`, and what it is about where that changes who may. */
export const MESSAGE_RIGHTS: Readonly<Record<string, MessageRow>> = {
  '/ws subscribe (rooms)': {
    socket: '/ws',
    messages: () => [{ type: 'subscribe', channel: 'rooms' }],
    answers: all('ack'),
  },
  '/ws subscribe (room:ID)': {
    socket: '/ws',
    messages: ({ roomId }) => [{ type: 'subscribe', channel: `room:${roomId}` }],
    answers: { ...all('ack'), banned: 'banned_from_room' },
  },
  '/ws subscribe (live:ID)': {
    socket: '/ws',
    messages: ({ roomId }) => [{ type: 'subscribe', channel: `live:${roomId}` }],
    answers: { ...all('ack'), banned: 'banned_from_room' },
  },
  '/ws subscribe (user)': {
    socket: '/ws',
    messages: () => [{ type: 'subscribe', channel: 'user' }],
    answers: { ...all('ack'), anonymous: 'login_required' },
  },
  "/ws subscribe (another's user:ID)": {
    socket: '/ws',
    messages: ({ victim }) => [{ type: 'subscribe', channel: `user:${victim.id}` }],
    answers: all('unknown_channel'),
  },
  '/ws subscribe (control)': {
    socket: '/ws',
    messages: () => [{ type: 'subscribe', channel: 'control' }],
    answers: all('unknown_channel'),
  },
  '/ws unsubscribe': {
    socket: '/ws',
    messages: () => [{ type: 'unsubscribe', channel: 'rooms' }],
    answers: all('ack'),
  },
  '/ws ping': { socket: '/ws', messages: () => [{ type: 'ping' }], answers: all('pong') },
  '/ws auth': {
    socket: '/ws',
    messages: ({ person, victim }) => [{ type: 'auth', token: (person ?? victim).token }],
    answers: all('ack'),
  },
  '/ws start': {
    socket: '/ws',
    messages: () => [{ type: 'start', title: '新' }],
    answers: { ...all('ack'), anonymous: 'account_required' },
  },
  '/ws end': {
    socket: '/ws',
    messages: ({ roomId }) => [{ type: 'end', roomId }],
    answers: { ...all('forbidden'), owner: 'ack', admin: 'ack' },
  },
  '/ws subscribe (chat:ID)': {
    socket: '/ws',
    messages: ({ roomId }) => [{ type: 'subscribe', channel: `chat:${roomId}` }],
    answers: { ...all('ack'), banned: 'banned_from_room' },
  },
  '/ws subscribe (moderation:ID)': {
    socket: '/ws',
    messages: ({ roomId }) => [{ type: 'subscribe', channel: `moderation:${roomId}` }],
    answers: { ...all('forbidden'), banned: 'banned_from_room', moderator: 'ack', owner: 'ack', admin: 'ack' },
  },
  '/ws subscribe (insight:ID)': {
    socket: '/ws',
    messages: ({ roomId }) => [{ type: 'subscribe', channel: `insight:${roomId}` }],
    answers: { ...all('forbidden'), banned: 'banned_from_room', owner: 'ack', admin: 'ack' },
  },
  '/ws subscribe (monitor)': {
    socket: '/ws',
    messages: () => [{ type: 'subscribe', channel: 'monitor' }],
    answers: { ...all('forbidden'), anonymous: 'login_required', admin: 'ack' },
  },
  '/ws chat': {
    socket: '/ws',
    messages: ({ roomId }) => [{ type: 'chat', roomId, text: 'hello' }],
    answers: { ...all('ack'), anonymous: 'login_required', banned: 'banned_from_room' },
  },
  '/ws gift': {
    socket: '/ws',
    messages: ({ roomId }) => [{ type: 'gift', roomId, giftId: 'heart', key: 'a-key-of-the-socket' }],
    answers: {
      ...all('insufficient_balance'),
      anonymous: 'login_required',
      banned: 'banned_from_room',
      owner: 'cannot_gift_self',
    },
  },
  '/signaling join': {
    socket: '/signaling',
    messages: (scene) => [join(scene)],
    answers: { ...all('joined'), banned: 'banned_from_room' },
  },
  '/signaling leave': {
    socket: '/signaling',
    messages: (scene) => [join(scene), { type: 'leave', roomId: scene.roomId }],
    // Not in the room is what leaving asks for.
    answers: all('left'),
  },
  '/signaling offer': {
    socket: '/signaling',
    messages: relay('offer', { type: 'offer', sdp: 'v=0' }),
    answers: { ...all('publish_forbidden'), owner: 'ack', moderator: 'ack', admin: 'ack', banned: 'peer_not_found' },
  },
  '/signaling offer (to the engine, publishing)': {
    socket: '/signaling',
    messages: toServer('sendonly'),
    answers: { ...all('publish_forbidden'), owner: 'answer', admin: 'answer', banned: 'peer_not_found' },
  },
  '/signaling offer (to the engine, playing)': {
    socket: '/signaling',
    live: true,
    messages: toServer('recvonly'),
    answers: { ...all('answer'), banned: 'peer_not_found' },
  },
  '/signaling hangup': {
    socket: '/signaling',
    messages: (scene) => [join(scene), { type: 'hangup', roomId: scene.roomId }],
    // Having nothing to end is what hanging up asks for.
    answers: { ...all('ack'), banned: 'peer_not_found' },
  },
  '/signaling answer': {
    socket: '/signaling',
    messages: relay('answer', { type: 'answer', sdp: 'v=0' }),
    answers: { ...all('ack'), banned: 'peer_not_found' },
  },
  '/signaling candidate': {
    socket: '/signaling',
    messages: relay('candidate', { candidate: '' }),
    answers: { ...all('ack'), banned: 'peer_not_found' },
  },
  '/signaling auth': {
    socket: '/signaling',
    messages: ({ person, victim }) => [{ type: 'auth', token: (person ?? victim).token }],
    answers: all('ack'),
  },
  '/signaling ping': { socket: '/signaling', messages: () => [{ type: 'ping' }], answers: all('pong') },
};

/** Every message that a client may send, as the modules declare them. */
export const KNOWN_MESSAGES: readonly string[] = [
  ...Object.keys(realtime).map((type) => `/ws ${type}`),
  ...Object.keys(signaling).map((type) => `/signaling ${type}`),
];

/** What the last message of the row is answered. */
export async function sendAs(scene: Scene, { socket: path, messages }: MessageRow): Promise<string> {
  const socket = new WebSocket(`${scene.world.base.replace('http', 'ws')}${path}`, { headers: headersOf(scene) });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const questions = messages(scene);
  let asked = 0;
  // One after the other: what was joined is left, not what is being joined.
  const ask = (): void => {
    asked++;
    socket.send(JSON.stringify({ ...questions[asked - 1], id: asked }));
  };
  socket.on('open', ask);
  socket.on('message', (data) => {
    const { id, type, code } = JSON.parse(String(data)) as { id?: number; type: string; code?: string };
    if (id !== asked) return;
    if (asked < questions.length) ask();
    else resolve(code ?? type);
  });
  socket.on('error', reject);
  const timer = setTimeout(() => reject(new Error(`${path}: no answer`)), TIMEOUT_MS);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.terminate();
  }
}
