// Everything that people write and others read: what is hostile in it is refused or left out, and what is left is text.
import { expect, test } from 'vitest';
import type { Answer } from './harness.ts';
import { startAccounts, type AccountsKaibo, type Person } from './support/accounts.ts';
import { onDatabase } from './support/databases.ts';

interface Scene {
  kaibo: AccountsKaibo;
  ada: Person;
  bob: Person;
  /** Those who have not reported twenty things within the hour. */
  reporters: Person[];
  room: string;
  /** Another of hers: each has one lottery at a time. */
  other: string;
}

/** Writes a text somewhere, and says what others read there. */
type Field = (scene: Scene, text: string) => Promise<[Answer, unknown]>;

const bodyOf = (answer: Answer, ...path: string[]): unknown =>
  path.reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], answer.body);

const FIELDS: Record<string, Field> = {
  'title of a room': async ({ kaibo, ada, room }, title) => {
    const answer = await kaibo.put(`/api/rooms/${room}`, { title }, ada.headers);
    return [answer, (await kaibo.room(room)).title];
  },
  'category of a room': async ({ kaibo, ada, room }, category) => {
    const answer = await kaibo.put(`/api/rooms/${room}`, { category }, ada.headers);
    return [answer, (await kaibo.room(room)).category];
  },
  // By its owner, who may repeat what is the same once it is cleaned.
  'message of the chat': async ({ kaibo, ada, room }, text) => {
    const answer = await kaibo.post(`/api/rooms/${room}/chat`, { text }, ada.headers);
    return [answer, bodyOf(answer, 'message', 'text')];
  },
  'title of a goal': async ({ kaibo, ada, room }, title) => {
    const answer = await kaibo.put(`/api/rooms/${room}/goal`, { title, kind: 'coins', target: 9 }, ada.headers);
    return [answer, bodyOf(await kaibo.get(`/api/rooms/${room}/goal`), 'goal', 'title')];
  },
  'prize of a lottery': async (scene, prize) => {
    const answer = await lottery(scene, { prize });
    return [answer, answer.body['prize']];
  },
  'phrase of a lottery': async (scene, phrase) => {
    const answer = await lottery(
      { ...scene, room: scene.other },
      { prize: 'x', condition: { type: 'phrase', phrase } },
    );
    return [answer, bodyOf(answer, 'condition', 'phrase')];
  },
  'name of the fans': async ({ kaibo, ada, room }, name) => {
    const answer = await kaibo.put(`/api/rooms/${room}/fans/badge`, { name }, ada.headers);
    return [answer, answer.body['name']];
  },
  report: async ({ kaibo, ada, bob, room, reporters }, text) => {
    const said = await kaibo.post(`/api/rooms/${room}/chat`, { text: `spam ${Math.random()}` }, bob.headers);
    const input = { subject: 'message', messageId: bodyOf(said, 'message', 'id'), reason: 'spam', text };
    const reporter = reporters[Math.floor(Math.random() * reporters.length)] ?? ada;
    const answer = await kaibo.post(`/api/rooms/${room}/reports`, input, reporter.headers);
    const { text: list } = await kaibo.get(`/api/rooms/${room}/reports?pageSize=200`, ada.headers);
    const reports = JSON.parse(list) as { id: string; text?: string }[];
    return [answer, reports.find(({ id }) => id === answer.body['id'])?.text];
  },
  'name of an overlay': async ({ kaibo, bob }, name) => {
    const answer = await kaibo.post('/api/overlays', { name }, bob.headers);
    if (answer.status < 300) await kaibo.delete(`/api/overlays/${String(answer.body['id'])}`, bob.headers);
    return [answer, answer.body['name']];
  },
  'address of a webhook': async ({ kaibo, bob }, text) => {
    const input = { url: `http://127.0.0.1:9/${text}`, events: ['gift.*'] };
    const answer = await kaibo.post('/api/webhooks', input, bob.headers);
    if (answer.status < 300) await kaibo.delete(`/api/webhooks/${String(answer.body['id'])}`, bob.headers);
    return [answer, answer.body['url']];
  },
  'shown name': async ({ kaibo, bob }, name) => {
    const answer = await kaibo.put('/api/users/me', { name }, bob.headers);
    return [answer, (await kaibo.get('/api/users/bob')).body['name']];
  },
  'text about oneself': async ({ kaibo, bob }, bio) => {
    const answer = await kaibo.put('/api/users/me', { bio }, bob.headers);
    return [answer, (await kaibo.get('/api/users/bob')).body['bio']];
  },
  'reason of a mute': async ({ kaibo, ada, room, reporters: [eve] }, reason) => {
    const input = { userId: eve?.id, reason, seconds: 60 };
    const answer = await kaibo.post(`/api/rooms/${room}/mutes`, input, ada.headers);
    const { text: list } = await kaibo.get(`/api/rooms/${room}/mutes`, ada.headers);
    return [answer, (JSON.parse(list) as { reason?: string }[])[0]?.reason];
  },
};

async function lottery({ kaibo, ada, room }: Scene, terms: object): Promise<Answer> {
  const answer = await kaibo.post(`/api/rooms/${room}/lotteries`, { winners: 1, ...terms }, ada.headers);
  if (answer.status < 300) await kaibo.post(`/api/lotteries/${String(answer.body['id'])}/cancel`, {}, ada.headers);
  return answer;
}

interface Sample {
  text: string;
  /** What is left of it where it is taken; itself when left out, undefined where nothing takes it. */
  is?: readonly (string | undefined)[];
}

const REFUSED = [undefined];
const SAMPLES: Record<string, Sample> = {
  markup: { text: `<script>x</script>"><img src=x onerror='x'>` },
  code: { text: "${7*7}{{constructor('x')()}}'; DROP TABLE users;--" },
  'a prototype': { text: '__proto__' },
  'a pattern of a thousand ways': { text: `(a+)+$ ${'a'.repeat(40)}!` },
  'a family': { text: 'ab 👨‍👩‍👧 c' },
  // An override, isolates, zero widths, a stray joiner, fillers, hidden letters, half a character, a separator of lines.
  'what is not seen': {
    text: '\u202Ea\u2066b\u2069\u200Bc\uFEFF\u00AD\u200Dd\u3164\u115Fe\u{E0073}\u{E007F}\uD83Df\u2028g',
    is: ['abcdef g'],
  },
  'a tower, and a letter of two': { text: `ab${'\u0335'.repeat(60)}e\u0301`, is: [`ab${'\u0335'.repeat(4)}é`] },
  // Chat takes controls away; elsewhere they are refused, but for the lines of a text that has some.
  NUL: { text: 'ab\0cd', is: ['abcd'] },
  'an escape': { text: 'ab\u001B[31mcd', is: ['ab[31mcd'] },
  lines: { text: 'ab\ncd', is: ['ab cd', 'ab\ncd'] },
  'a header': { text: 'ab\r\nSet-Cookie: a=b', is: ['ab Set-Cookie: a=b'] },
  'nothing that is seen': { text: '\u200B\u202E \uD800', is: ['', ...REFUSED] },
  'marks on nothing': { text: '\u0301\u0301\u2800', is: ['\u0301\u0301\u2800', ...REFUSED] },
  'many people': { text: '@ada '.repeat(5000), is: REFUSED },
  'a hundred kilobytes': { text: '满'.repeat(33_000), is: REFUSED },
};
/** Refuse what they do not mean, or are short. */
const STRICT = new Set(['name of the fans', 'address of a webhook']);

/** Nothing that others would see is anything but text. */
function expectInert(shown: unknown, place: string): void {
  if (shown === undefined || shown === null) return;
  const text = String(shown);
  expect([place, text.isWellFormed()]).toEqual([place, true]);
  expect([place, /[\u200B\u200E\u200F\u202A-\u202E\u2066-\u2069\uFEFF]|[^\P{Cc}\n]|\p{M}{5}/u.test(text)]).toEqual([
    ...[place, false],
  ]);
}

// Of the two databases the one that refuses characters.
onDatabase('postgres', 'what people write', (_, databases) => {
  test('is text wherever it is read, or refused', async () => {
    const { url } = await databases.options();
    const kaibo = await startAccounts((config) => {
      config.database.url = url;
      config.chat = { ...config.chat, burst: 1000, perSecond: 1000 };
      config.webhooks.allowPrivate = ['127.0.0.0/8'];
    });
    const [ada, bob, ...reporters] = [await kaibo.person('ada'), await kaibo.person('bob'), await kaibo.person('eve')];
    reporters.push(await kaibo.person('fay'));
    const { id: room } = await kaibo.create({}, ada.headers);
    const { id: other } = await kaibo.create({}, ada.headers);
    const scene: Scene = { kaibo, ada, bob, reporters, room, other };
    const taken = new Map<string, number>();
    const write = async (field: string, keep: Field, [how, { text, is = [text] }]: [string, Sample]): Promise<void> => {
      const [answer, shown] = await keep(scene, text);
      const place = `${how} as ${field}: ${answer.status} ${answer.text.slice(0, 200)}`;
      expect([place, [200, 201, 400, 413].includes(answer.status)]).toEqual([place, true]);
      expectInert(shown, place);
      if (answer.status >= 300) return;
      taken.set(field, (taken.get(field) ?? 0) + 1);
      if (!STRICT.has(field)) expect([place, is]).toEqual([place, expect.arrayContaining([shown])]);
    };
    for (const sample of Object.entries(SAMPLES))
      await Promise.all(Object.entries(FIELDS).map(([field, keep]) => write(field, keep, sample)));
    for (const [field, count] of taken) if (!STRICT.has(field)) expect([field, count >= 7]).toEqual([field, true]);
    expect([...taken.keys()].toSorted()).toEqual(Object.keys(FIELDS).toSorted());
    expect(kaibo.log.filter((line) => line.includes('request failed'))).toEqual([]);
  }, 180_000);
});

test('what people write adds nothing to what objects are', async () => {
  const kaibo = await startAccounts();
  const ada = await kaibo.person('ada');
  const { id: room } = await kaibo.create({}, ada.headers);
  for (const key of ['"__proto__"', '"constructor"', '"\\u005f_proto__"']) {
    const evil = `${key}: {"prototype": {"isOwner": true}, "isOwner": true}`;
    const raw = [`{"text": "hi", ${evil}}`, `{"text": "hi", "danmaku": {"color": "#ffffff", ${evil}}}`];
    for (const text of raw) {
      const headers = { ...ada.headers, 'content-type': 'application/json' };
      const answer = await kaibo.call(`/api/rooms/${room}/chat`, { method: 'POST', raw: text, headers });
      expect([200, 400]).toContain(answer.status);
      expect(answer.text).not.toContain('isOwner');
    }
  }
  expect(Reflect.get({}, 'isOwner')).toBeUndefined();
}, 60_000);
