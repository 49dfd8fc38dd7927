import { pngOf } from '../support/pictures.ts';
import { PASSWORD } from './world.ts';
import type { Actor, Scene, SceneNeeds } from './scene.ts';

/** How a route is called, and what each actor is answered. */
export interface RouteRow extends SceneNeeds {
  body?: (scene: Scene) => unknown;
  query?: (scene: Scene) => string;
  headers?: Record<string, string>;
  answers: Readonly<Record<Actor, number>>;
}

type Answers = Readonly<Record<Actor, number>>;

const all = (status: number): Answers => ({
  anonymous: status,
  user: status,
  banned: status,
  moderator: status,
  owner: status,
  admin: status,
});
const members = (status: number): Answers => ({ ...all(status), anonymous: 401 });
const admins = (status: number): Answers => ({ ...all(403), anonymous: 401, admin: status });
/** Of the room: its owner and the platform's administrators. */
const owners = (status: number): Answers => ({ ...all(403), owner: status, admin: status });
const moderators = (status: number): Answers => ({ ...owners(status), moderator: status });

const credentials = (): unknown => ({ username: 'victim', password: PASSWORD });
const ofKey = async ({ world, person, owner }: Scene): Promise<Record<string, string>> => {
  const { body } = await world.must(
    '/api/auth/keys',
    { method: 'POST', body: { name: 'test', scopes: ['rooms:read'] } },
    (person ?? owner).token,
  );
  return { id: String(body['id']) };
};

const RELAY_URL = 'rtmp://live.example.org/app/key';
const ofRelay = async ({ world, roomId, owner }: Scene): Promise<Record<string, string>> => {
  const init = { method: 'POST', body: { url: RELAY_URL } };
  const { body } = await world.must(`/api/rooms/${roomId}/relays`, init, owner.token);
  return { id: String(body['id']) };
};

const noPicture = async (): Promise<Record<string, string>> => ({ name: '00000000-0000-4000-8000-000000000000.webp' });
const noFile = async (): Promise<Record<string, string>> => ({ id: 'none' });

const LOTTERY = { prize: '一箱橙子', winners: 1 };
const ofLottery = async ({ world, roomId, owner }: Scene): Promise<Record<string, string>> => {
  const { body } = await world.must(`/api/rooms/${roomId}/lotteries`, { method: 'POST', body: LOTTERY }, owner.token);
  return { id: String(body['id']) };
};

/** What the owner said. */
const ofMessage = async ({ world, roomId, owner }: Scene): Promise<Record<string, string>> => {
  const said = await world.must(`/api/rooms/${roomId}/chat`, { method: 'POST', body: { text: roomId } }, owner.token);
  return { messageId: (said.body['message'] as { id: string }).id };
};

let emotes = 0;
const newEmote = (): unknown => ({
  code: `emote_${++emotes}`,
  image: pngOf(1, 1).toString('base64'),
});
const ofEmote = async ({ world, roomId, owner }: Scene): Promise<Record<string, string>> => {
  const init = { method: 'POST', body: newEmote() };
  return { emoteId: String((await world.must(`/api/rooms/${roomId}/emotes`, init, owner.token)).body['id']) };
};

let gifts = 0;
const newGift = (): unknown => ({ id: `gift-${++gifts}`, name: { zh: '礼物', en: 'Gift' }, icon: 'rose', price: 1 });
const ofGift = async ({ world }: Scene): Promise<Record<string, string>> => {
  const { token } = await world.person('admin');
  const { body } = await world.must('/api/admin/gifts', { method: 'POST', body: newGift() }, token);
  return { id: String(body['id']) };
};

const ofOverlay = async ({ world, person, owner }: Scene): Promise<Record<string, string>> => {
  const { body } = await world.must('/api/overlays', { method: 'POST', body: {} }, (person ?? owner).token);
  return { id: String(body['id']) };
};
const GOAL = { title: '目标', kind: 'coins', target: 10 };

/** Of the scene's room, and not published. */
const ofRecording = async ({ world, roomId, owner }: Scene): Promise<Record<string, string>> => ({
  id: await world.record(roomId, owner),
  n: '1',
  file: '1.mp4',
});
const ownersOnly = (status: number): Answers => ({ ...all(404), banned: 403, owner: status, admin: status });

const MONEY = { 'idempotency-key': 'a-key-of-money' };

const PUSH = { endpoint: 'https://127.0.0.1:9/push', keys: { p256dh: 'B'.repeat(87), auth: 'a'.repeat(22) } };
const WEBHOOK = { url: 'http://127.0.0.1:9/hook', events: ['gift.*'] };
/** The owner's, of whom there is one for all cases. */
const ofWebhook = async ({ world, owner }: Scene): Promise<Record<string, string>> => {
  const [known] = JSON.parse((await world.must('/api/webhooks', {}, owner.token)).text) as { id: string }[];
  if (known !== undefined) return { id: known.id };
  const { body } = await world.must('/api/webhooks', { method: 'POST', body: WEBHOOK }, owner.token);
  return { id: String(body['id']) };
};
/** Nobody else's business, not even an administrator's. */
const ownWebhook = (status: number): Answers => ({ ...all(404), anonymous: 401, owner: status });

/** By `METHOD path` as in the OpenAPI document. */
export const ROUTE_RIGHTS: Readonly<Record<string, RouteRow>> = {
  'GET /healthz': { answers: all(200) },
  'GET /readyz': { answers: all(200) },

  'GET /api/auth/setup': { answers: all(200) },
  'POST /api/auth/register': {
    body: ({ world }) => ({ username: world.newName(), password: PASSWORD }),
    answers: all(201),
  },
  'POST /api/auth/login': { body: credentials, answers: all(200) },
  'POST /api/auth/logout': { fresh: true, answers: all(200), suspended: 200 },
  'POST /api/auth/logout-all': { fresh: true, answers: members(200) },
  'POST /api/auth/refresh': { answers: all(401) },
  'GET /api/auth/verify': { answers: all(200), suspended: 200 },
  'GET /api/auth/sessions': { answers: members(200) },
  'DELETE /api/auth/sessions/{id}': { answers: members(404) },
  'PUT /api/auth/password': {
    fresh: true,
    body: () => ({ current: PASSWORD, new: 'another correct horse' }),
    answers: members(200),
  },
  'POST /api/auth/reset': { body: () => ({ username: 'victim' }), answers: all(200) },
  'POST /api/auth/reset/confirm': {
    body: () => ({ token: 'x'.repeat(43), password: 'another correct horse' }),
    answers: all(400),
  },
  'GET /api/auth/keys': { answers: members(200) },
  'POST /api/auth/keys': { fresh: true, body: () => ({ name: 'key', scopes: ['rooms:read'] }), answers: members(201) },
  'DELETE /api/auth/keys/{id}': { fresh: true, parameters: ofKey, answers: members(200) },

  'GET /api/users/me': { answers: members(200) },
  'PUT /api/users/me': { body: () => ({ bio: 'hello' }), answers: members(200) },
  'DELETE /api/users/me': { fresh: true, body: () => ({ password: PASSWORD }), answers: members(200) },
  'GET /api/users/me/following/live': { answers: members(200) },
  'GET /api/users/me/export': { answers: members(200) },
  'POST /api/users/me/stream-key': { answers: members(200) },
  'GET /api/users/{id}': { parameters: async ({ victim }) => ({ id: victim.id }), answers: all(200) },
  'POST /api/users/{id}/follow': { parameters: async ({ victim }) => ({ id: victim.id }), answers: members(200) },
  'DELETE /api/users/{id}/follow': { parameters: async ({ victim }) => ({ id: victim.id }), answers: members(200) },
  'GET /api/users/{id}/followers': { parameters: async ({ victim }) => ({ id: victim.id }), answers: all(200) },
  'GET /api/users/{id}/following': { parameters: async ({ victim }) => ({ id: victim.id }), answers: all(200) },

  'GET /api/admin/users': { answers: admins(200) },
  'POST /api/admin/users': {
    body: ({ world }) => ({ username: world.newName(), password: PASSWORD }),
    answers: admins(201),
  },
  'PUT /api/admin/users/{id}/role': {
    parameters: async ({ victim }) => ({ id: victim.id }),
    body: () => ({ role: 'user' }),
    answers: admins(200),
  },
  'POST /api/admin/users/{id}/ban': {
    parameters: async ({ world }) => ({ id: (await world.freshPerson()).id }),
    body: () => ({ reason: 'test' }),
    answers: admins(200),
  },
  'DELETE /api/admin/users/{id}/ban': { parameters: async ({ victim }) => ({ id: victim.id }), answers: admins(200) },
  'POST /api/admin/users/{id}/reset-link': {
    parameters: async ({ victim }) => ({ id: victim.id }),
    answers: admins(200),
  },
  'POST /api/admin/token-keys/rotate': { answers: admins(200) },
  'GET /api/admin/audit': { answers: admins(200) },
  'GET /api/logs': { answers: admins(200) },
  'GET /api/logs/export': { query: () => '?format=csv&level=fatal', answers: admins(200) },
  // Who is let in stays: they are turned away by what they ask.
  'GET /api/logs/tail': { query: () => '?level=loud', answers: admins(400) },
  'GET /api/admin/rooms': { answers: admins(200) },
  'GET /api/monitor/overview': { answers: admins(200) },
  'GET /api/monitor/history': { answers: admins(200) },
  'GET /api/monitor/streams': { answers: admins(200) },
  'GET /api/monitor/config': { answers: admins(200) },
  'GET /api/monitor/alarms': { answers: admins(200) },
  'POST /api/monitor/alarms/{id}/ack': { parameters: async () => ({ id: 'none' }), answers: admins(404) },
  'GET /api/monitor/alarms/silences': { answers: admins(200) },
  'POST /api/monitor/alarms/silences': {
    body: () => ({ kind: 'none', endsAt: Date.now() + 3_600_000, reason: 'x' }),
    answers: admins(201),
  },
  'PATCH /api/monitor/alarms/silences/{id}': {
    parameters: async () => ({ id: 'none' }),
    body: () => ({ reason: 'x' }),
    answers: admins(404),
  },
  'DELETE /api/monitor/alarms/silences/{id}': { parameters: async () => ({ id: 'none' }), answers: admins(404) },
  'GET /api/monitor/alarms/channels': { answers: admins(200) },
  'POST /api/monitor/alarms/channels/{name}/test': {
    parameters: async () => ({ name: 'none' }),
    answers: admins(404),
  },
  'GET /api/nodes': { answers: admins(200) },
  'POST /api/nodes/{id}/drain': { parameters: async () => ({ id: 'none' }), body: () => ({}), answers: admins(404) },
  'POST /api/nodes/{id}/undrain': { parameters: async () => ({ id: 'none' }), answers: admins(404) },
  'GET /api/rooms/{roomId}/series': { answers: owners(200) },
  'GET /api/rooms/{roomId}/summary': { live: true, answers: owners(200) },
  'GET /api/insight': { answers: members(200) },

  'POST /api/rooms': { body: () => ({ title: '新' }), answers: members(201) },
  'GET /api/rooms': { answers: all(200) },
  'GET /api/addresses': { answers: all(200) },
  'GET /api/categories': { answers: all(200) },
  'GET /api/oembed': { query: () => '?url=http://elsewhere.example/rooms/a', answers: all(404), suspended: 404 },
  'GET /api/search': { query: () => '?q=a', answers: all(200) },
  'GET /api/rooms/{roomId}': { answers: { ...all(200), banned: 403 } },
  'GET /api/rooms/{roomId}/poster': { pictured: true, live: true, answers: { ...all(200), banned: 403 } },
  'PUT /api/rooms/{roomId}': { body: () => ({ title: '改' }), answers: owners(200) },
  'POST /api/rooms/{roomId}/close': { answers: owners(200) },
  'POST /api/rooms/{roomId}/cut': { answers: owners(200) },
  'POST /api/rooms/{roomId}/key': { answers: owners(200) },
  'GET /api/rooms/{roomId}/invites': { answers: moderators(200) },
  'POST /api/rooms/{roomId}/invites': { body: ({ victim }) => ({ userId: victim.id }), answers: moderators(200) },
  'DELETE /api/rooms/{roomId}/invites/{userId}': { answers: moderators(404) },
  'POST /api/rooms/{roomId}/play-token': { answers: moderators(200) },
  'GET /api/rooms/{roomId}/viewers': { answers: moderators(200) },
  'POST /api/rooms/{roomId}/kick': {
    body: ({ victim }) => ({ person: `user:${victim.id}` }),
    answers: moderators(200),
  },
  'GET /api/rooms/{roomId}/bans': { answers: moderators(200) },
  'POST /api/rooms/{roomId}/bans': { body: ({ victim }) => ({ userId: victim.id }), answers: moderators(200) },
  'DELETE /api/rooms/{roomId}/bans/{person}': { answers: moderators(404) },
  'GET /api/rooms/{roomId}/moderators': { answers: moderators(200) },
  'PUT /api/rooms/{roomId}/moderators/{userId}': { answers: owners(200) },
  'DELETE /api/rooms/{roomId}/moderators/{userId}': { answers: owners(404) },
  'POST /api/rooms/{roomId}/enter': { answers: { ...all(200), banned: 403 } },
  'POST /api/rooms/{roomId}/leave': { answers: all(200) },
  'GET /api/rooms/{roomId}/relays': { answers: owners(200) },
  'POST /api/rooms/{roomId}/relays': { body: () => ({ url: RELAY_URL }), answers: owners(201) },
  'PATCH /api/rooms/{roomId}/relays/{id}': {
    parameters: ofRelay,
    body: () => ({ enabled: false }),
    answers: owners(200),
  },
  'DELETE /api/rooms/{roomId}/relays/{id}': { parameters: ofRelay, answers: owners(200) },
  'POST /api/rooms/{roomId}/recording': { body: () => ({ on: true }), answers: owners(200) },
  'GET /api/rooms/{roomId}/recordings': { answers: { ...all(200), banned: 403 } },
  'GET /api/rank/{board}': { parameters: async () => ({ board: 'followers' }), answers: all(200) },
  'GET /api/rooms/{roomId}/rank/supporters': { answers: { ...all(200), banned: 403 } },
  'GET /api/fans/levels': { answers: all(200) },
  'GET /api/rooms/{roomId}/fans': { answers: { ...all(200), banned: 403 } },
  'GET /api/rooms/{roomId}/fans/me': { answers: { ...members(200), banned: 403 } },
  'PUT /api/rooms/{roomId}/fans/badge': { body: () => ({ name: '小橙子' }), answers: { ...owners(200) } },
  'GET /api/rooms/{roomId}/chat': { answers: { ...all(200), banned: 403 } },
  'POST /api/rooms/{roomId}/chat': {
    body: ({ world }) => ({ text: world.newName() }),
    answers: { ...members(200), banned: 403 },
  },
  'DELETE /api/rooms/{roomId}/chat/{messageId}': { parameters: ofMessage, answers: moderators(200) },
  'POST /api/rooms/{roomId}/chat/clear': {
    body: ({ victim }) => ({ person: `user:${victim.id}` }),
    answers: moderators(200),
  },
  'PUT /api/rooms/{roomId}/chat/pinned': {
    parameters: ofMessage,
    body: ({ parameter }) => ({ messageId: parameter('messageId') }),
    answers: moderators(200),
  },
  'DELETE /api/rooms/{roomId}/chat/pinned': { answers: moderators(200) },
  'GET /api/rooms/{roomId}/chat/settings': { answers: { ...all(200), banned: 403 } },
  'PATCH /api/rooms/{roomId}/chat/settings': { body: () => ({ danmaku: true }), answers: moderators(200) },
  'GET /api/rooms/{roomId}/emotes': { answers: { ...all(200), banned: 403 } },
  'POST /api/rooms/{roomId}/emotes': { body: newEmote, answers: owners(201) },
  'DELETE /api/rooms/{roomId}/emotes/{emoteId}': { parameters: ofEmote, answers: owners(200) },
  'GET /api/emotes/{emoteId}': { parameters: ofEmote, answers: all(200) },
  'GET /api/recordings/{id}/chat': { parameters: ofRecording, answers: ownersOnly(200) },
  'GET /api/recordings/{id}/chat/density': { parameters: ofRecording, answers: ownersOnly(200) },
  'GET /api/rooms/{roomId}/words': { answers: moderators(200) },
  'POST /api/rooms/{roomId}/words': { body: () => ({ word: '词' }), answers: moderators(201) },
  'DELETE /api/rooms/{roomId}/words/{id}': { answers: moderators(404) },
  'GET /api/rooms/{roomId}/standing': { answers: { ...all(200), banned: 403 } },
  'GET /api/rooms/{roomId}/mutes': { answers: moderators(200) },
  'POST /api/rooms/{roomId}/mutes': { body: ({ victim }) => ({ userId: victim.id }), answers: moderators(200) },
  'DELETE /api/rooms/{roomId}/mutes/{person}': {
    // The victim is muted by others: a mute holds for all rooms of the channel.
    parameters: async () => ({ person: 'viewer:nobody' }),
    answers: moderators(404),
  },
  'GET /api/rooms/{roomId}/held': { answers: moderators(200) },
  'POST /api/rooms/{roomId}/held/{messageId}': { body: () => ({ action: 'show' }), answers: moderators(404) },
  'POST /api/rooms/{roomId}/reports': {
    fresh: true,
    body: ({ victim }) => ({ subject: 'user', userId: victim.id, reason: 'spam' }),
    answers: { ...members(201), banned: 403 },
  },
  'GET /api/rooms/{roomId}/reports': { answers: moderators(200) },
  'POST /api/rooms/{roomId}/reports/{id}': { body: () => ({ action: 'dismiss' }), answers: moderators(404) },
  'GET /api/admin/reports': { answers: admins(200) },
  'POST /api/admin/reports/{id}': { body: () => ({ action: 'dismiss' }), answers: admins(404) },
  'GET /api/admin/words': { answers: admins(200) },
  'POST /api/admin/words': { body: () => ({ word: '词' }), answers: admins(201) },
  'POST /api/admin/words/import': { body: () => ({ text: '词' }), answers: admins(200) },
  'POST /api/admin/words/test': { body: () => ({ text: '词' }), answers: admins(200) },
  'DELETE /api/admin/words/{id}': { answers: admins(404) },
  'GET /api/recordings': { answers: all(200) },
  'GET /api/recordings/{id}': { parameters: ofRecording, answers: ownersOnly(200) },
  'PATCH /api/recordings/{id}': {
    parameters: ofRecording,
    body: () => ({ title: '改' }),
    answers: ownersOnly(200),
  },
  'DELETE /api/recordings/{id}': { parameters: ofRecording, answers: ownersOnly(200) },
  'GET /api/recordings/{id}/parts/{n}': { parameters: ofRecording, answers: ownersOnly(200) },
  'GET /api/recordings/{id}/poster': { parameters: ofRecording, answers: ownersOnly(200) },
  'GET /replay/{id}/index.m3u8': { parameters: ofRecording, answers: ownersOnly(200) },
  'GET /replay/{id}/{file}': { parameters: ofRecording, answers: ownersOnly(200) },
  'GET /api/files': { answers: members(200) },
  'GET /api/files/quota': { answers: members(200) },
  // Nothing is sent, and nothing is no picture.
  'POST /api/files/images': { query: () => '?purpose=avatar', answers: members(422) },
  'GET /api/files/{id}': { parameters: noFile, answers: members(404) },
  'GET /api/files/{id}/url': { parameters: noFile, answers: members(404) },
  'DELETE /api/files/{id}': { parameters: noFile, answers: members(404) },
  'GET /files/{name}': { parameters: noPicture, answers: all(404), suspended: 404 },
  'GET /api/admin/files': { answers: admins(200) },
  'DELETE /api/admin/files/{id}': { parameters: noFile, answers: admins(404) },
  // What it asks of whoever may ask at all is tus: without a word of that it refuses the request as such.
  'POST /api/files/uploads': { answers: members(400) },
  'PATCH /api/files/uploads/{id}': { parameters: noFile, answers: members(400) },
  'DELETE /api/files/uploads/{id}': { parameters: noFile, answers: members(400) },
  'POST /api/files/{id}/publish': { parameters: noFile, body: () => ({}), answers: members(404) },
  'POST /api/rooms/{roomId}/lotteries': { body: () => LOTTERY, answers: owners(201) },
  'GET /api/rooms/{roomId}/lotteries': { answers: { ...all(200), banned: 403 } },
  'GET /api/lotteries/{id}': { parameters: ofLottery, answers: { ...all(200), banned: 403 } },
  'GET /api/lotteries/{id}/entries': { parameters: ofLottery, answers: { ...all(200), banned: 403 } },
  'GET /api/lotteries/{id}/proof': { parameters: ofLottery, answers: { ...all(409), banned: 403 } },
  'POST /api/lotteries/{id}/join': { parameters: ofLottery, answers: { ...members(200), banned: 403, owner: 403 } },
  'POST /api/lotteries/{id}/draw': { parameters: ofLottery, answers: owners(200) },
  'POST /api/lotteries/{id}/cancel': { parameters: ofLottery, answers: owners(200) },
  'GET /api/wallet': { answers: members(200) },
  'GET /api/wallet/statement': { answers: members(200) },
  'GET /api/wallet/statement.csv': { answers: members(200) },
  'POST /api/wallet/redeem': { body: () => ({ code: 'none' }), headers: MONEY, answers: members(404) },
  'GET /api/payments/packages': { answers: all(200) },
  'GET /api/payments': { answers: members(200) },
  // Nobody takes money here.
  'POST /api/payments': { body: () => ({ packageId: 'none' }), headers: MONEY, answers: members(404) },
  'POST /api/payments/{provider}/webhook': { body: () => ({}), answers: all(404), suspended: 404 },
  'GET /api/admin/wallets/{userId}': { answers: admins(200) },
  'GET /api/admin/wallets/{userId}/statement': { answers: admins(200) },
  'POST /api/admin/wallets/{userId}/credit': { body: () => ({ amount: 1 }), headers: MONEY, answers: admins(200) },
  'POST /api/admin/wallets/{userId}/debit': { body: () => ({ amount: 1e9 }), headers: MONEY, answers: admins(409) },
  'POST /api/admin/wallets/{userId}/payout': {
    body: () => ({ amount: 1, reference: 'SEPA 1' }),
    headers: MONEY,
    answers: admins(409),
  },
  'GET /api/admin/ledger/verify': { answers: admins(200) },
  'GET /api/admin/codes': { answers: admins(200) },
  'POST /api/admin/codes': { body: () => ({ amount: 1, count: 1 }), headers: MONEY, answers: admins(201) },
  'DELETE /api/admin/codes/{batchId}': { answers: admins(200) },
  'GET /api/gifts': { answers: all(200) },
  'GET /api/gifts/earned': { answers: members(200) },
  'GET /api/rooms/{roomId}/gifts': { answers: { ...all(200), banned: 403 } },
  // Nobody here has coins: whoever is refused for that may give.
  'POST /api/rooms/{roomId}/gifts': {
    body: () => ({ giftId: 'heart' }),
    headers: { 'idempotency-key': 'a-key-of-a-gift' },
    answers: { ...members(409), banned: 403, owner: 400 },
  },
  'GET /api/admin/gifts': { answers: admins(200) },
  'POST /api/admin/gifts': { body: newGift, answers: admins(201) },
  'PUT /api/admin/gifts/{id}': { parameters: ofGift, body: () => ({ price: 2 }), answers: admins(200) },
  'DELETE /api/admin/gifts/{id}': { parameters: ofGift, answers: admins(200) },
  'GET /api/admin/gifts/orders': { answers: admins(200) },
  'POST /api/admin/gifts/orders/{id}/refund': { body: () => ({}), answers: admins(404) },
  'GET /api/rooms/{roomId}/goal': { answers: { ...all(200), banned: 403 } },
  'PUT /api/rooms/{roomId}/goal': { body: () => GOAL, answers: owners(200) },
  'DELETE /api/rooms/{roomId}/goal': { answers: owners(200) },
  'GET /api/overlays': { answers: members(200) },
  'POST /api/overlays': { body: () => ({}), answers: members(201) },
  'PUT /api/overlays/{id}': { parameters: ofOverlay, body: () => ({ name: 'OBS 2' }), answers: members(200) },
  'DELETE /api/overlays/{id}': { parameters: ofOverlay, answers: members(200) },
  // Logins say nothing here, only the token of an overlay does.
  'GET /api/overlay': { answers: all(401), suspended: 401 },
  'GET /api/admin/storage': { answers: admins(200) },
  'POST /api/streams/start': { body: () => ({ title: '新' }), answers: members(200) },
  'GET /api/streams/list': { answers: all(200) },
  'POST /api/streams/end': { body: ({ roomId }) => ({ roomId }), answers: owners(200) },
  'POST /api/viewers': { answers: all(200) },

  'GET /api/notices': { answers: members(200) },
  'GET /api/notices/unread': { answers: members(200) },
  'POST /api/notices/read': { body: () => ({ all: true }), answers: members(200) },
  'GET /api/notices/preferences': { answers: members(200) },
  'PUT /api/notices/preferences': { body: () => ({}), answers: members(200) },
  'GET /api/push/key': { answers: members(200) },
  'GET /api/push/subscriptions': { answers: members(200) },
  'POST /api/push/subscriptions': { body: () => PUSH, answers: members(200) },
  'DELETE /api/push/subscriptions': { body: () => ({ endpoint: PUSH.endpoint }), answers: members(200) },
  'GET /api/webhooks': { answers: members(200) },
  'POST /api/webhooks': { body: () => ({ ...WEBHOOK, platform: true }), answers: admins(201) },
  'GET /api/webhooks/{id}': { parameters: ofWebhook, answers: ownWebhook(200) },
  'PATCH /api/webhooks/{id}': { parameters: ofWebhook, body: () => ({ events: ['*'] }), answers: ownWebhook(200) },
  'DELETE /api/webhooks/{id}': { parameters: ofWebhook, answers: ownWebhook(200) },
  'POST /api/webhooks/{id}/secret': { parameters: ofWebhook, answers: ownWebhook(200) },
  'POST /api/webhooks/{id}/test': { parameters: ofWebhook, answers: ownWebhook(200) },
  'GET /api/webhooks/{id}/deliveries': { parameters: ofWebhook, answers: ownWebhook(200) },
  'POST /api/webhooks/{id}/replay': { parameters: ofWebhook, answers: ownWebhook(200) },

  'GET /api/events': {
    query: ({ roomId }) => `?channels=room:${roomId}`,
    headers: { accept: 'application/json' },
    answers: { ...all(200), banned: 403 },
  },
  'GET /ws': { answers: all(426) },
  'GET /signaling': { answers: all(426) },
};
