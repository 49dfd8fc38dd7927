// One real platform, to which secrets are sent by every way there is: none comes out in a log, a metric, an event or an
// error. Those that it gave out itself do not either.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import SqliteFile from 'better-sqlite3';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { RtmpClient } from '../../../test/support/rtmp-client.ts';
import { until } from '../../../test/support/until.ts';
import { request, tempFolder, type OwnedRoom } from './harness.ts';
import { readEvents } from './support/event-source.ts';
import { runKaibo, type Run } from './support/kaibo.ts';
import { FED, newSecret, requestsTo, secretsIn, type ApiDocument, type FedRequest } from './support/secret-feeder.ts';

const FREE_PORTS = ['http', 'media.rtmp', 'media.http', 'media.api', 'media.rtc', 'metrics'].map(
  (name) => `--${name}.port=0`,
);
const LIMITS = ['login', 'write', 'read', 'socket'].map((name) => `--limits.${name}PerMinute=1000000`);
/** They stay open; or they end the login, or the account, by which the others are asked. */
const APART = new Set(['tailLogs', 'logout', 'logoutEverywhere', 'deleteMe', 'drainNode']);
const AT_ONCE = 8;

interface Place {
  run: Run;
  folder: string;
  base: string;
  metrics: string;
  /** What it gave out, and what only it and we know. */
  own: Set<string>;
  /** Answers that refuse. */
  refusals: string[];
}

async function start(): Promise<Place> {
  const folder = tempFolder();
  const setupToken = newSecret();
  const run = runKaibo([
    ...[
      'start',
      `--dataDir=${join(folder, 'data')}`,
      '--host=127.0.0.1',
      '--media.workers=1',
      '--lottery.beacon=delay',
    ],
    ...['--log.level=trace', '--log.format=json', '--log.access=all', '--log.store.level=trace'],
    ...[`--log.file.path=${join(folder, 'logs/kaibo.log')}`, `--auth.setupToken=${setupToken}`],
    ...['--media.snapshot.enabled=false', '--limits.eventLoopDelayMs=60000', ...LIMITS, ...FREE_PORTS],
  ]);
  const ready = /"http":(\d+),"metrics":(\d+).*"msg":"ready"/;
  await until(() => ready.test(run.output()), { timeoutMs: 60_000, what: 'the platform' });
  const [, http, metrics] = ready.exec(run.output()) ?? [];
  const base = `http://127.0.0.1:${http}`;
  return { run, folder, base, metrics: `http://127.0.0.1:${metrics}/metrics`, own: new Set(), refusals: [] };
}

async function ask(place: Place, path: string, init: Parameters<typeof request>[1] = {}) {
  const answer = await request(place.base + path, init);
  for (const secret of secretsIn(answer.body)) place.own.add(secret);
  if (answer.status >= 400) place.refusals.push(answer.text);
  return answer;
}

async function feed(place: Place, requests: readonly FedRequest[], more: () => Record<string, string>): Promise<void> {
  const queue = requests.filter(({ operationId }) => !APART.has(operationId));
  const work = async (): Promise<void> => {
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      const { method, body, headers, path } = next;
      await ask(place, path, {
        method,
        headers: { ...headers, ...more() },
        ...(body === undefined ? {} : { raw: body }),
      });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** What is said on a socket is answered; what it is does not matter. */
async function speak(place: Place, path: string, messages: readonly string[]): Promise<void> {
  const socket = new WebSocket(`${place.base.replace('http', 'ws')}${path}`);
  socket.on('error', () => {});
  socket.on('message', (data) => {
    if (String(data).includes('"error"')) place.refusals.push(String(data));
  });
  const closed = new Promise((resolve) => socket.on('close', resolve));
  await new Promise((resolve) => socket.once('open', resolve).once('close', resolve));
  if (socket.readyState !== WebSocket.OPEN) return;
  const before = place.refusals.length;
  for (const message of messages) socket.send(message);
  await until(() => place.refusals.length >= before + messages.length, { what: `refusals on ${path}` });
  socket.close();
  await closed;
}

async function publish(place: Place, room: OwnedRoom): Promise<void> {
  const port = Number(new URL(String(room.publishUrls?.rtmp)).port);
  for (const name of [`${room.playId}?key=${newSecret()}`, newSecret(), room.streamKey]) {
    const client = await RtmpClient.connect({ port, app: 'live' });
    await client.publish(name).catch(() => {});
    client.close();
  }
  for (const url of [room.publishUrls?.whip, room.playUrls.flv, room.playUrls.whep]) {
    const asked = new URL(String(url));
    for (const name of ['key', 'token', 'vid', 'secret']) asked.searchParams.set(name, newSecret());
    const headers = { authorization: `Bearer ${newSecret()}`, 'content-type': 'application/sdp' };
    const isFlv = url === room.playUrls.flv;
    const answer = await request(asked.href, { method: 'POST', headers, ...(isFlv ? {} : { raw: 'v=0' }) });
    place.refusals.push(answer.text);
  }
}

test('no secret that is sent to any route, socket or port comes out anywhere', { timeout: 300_000 }, async () => {
  const place = await start();
  const password = newSecret();
  const setupToken = /--auth.setupToken=(\S+)/.exec(place.run.process.spawnargs.join(' '))?.[1];
  const first = await ask(place, '/api/auth/register', {
    method: 'POST',
    body: { username: 'operator', password, setupToken },
  });
  expect(first.status).toBe(201);
  const admin = { authorization: `Bearer ${String(first.body['accessToken'])}` };
  const made = await ask(place, '/api/rooms', { method: 'POST', body: { title: 'a room' }, headers: admin });
  const room = made.body as unknown as OwnedRoom;
  await ask(place, '/api/auth/keys', { method: 'POST', body: { name: 'k', scopes: ['admin'] }, headers: admin });
  await ask(place, `/api/rooms/${room.id}/play-token`, { method: 'POST', body: {}, headers: admin });
  const events = await readEvents(`${place.base}/api/events?channels=rooms,room:${room.id},monitor`, admin);

  const document = (await ask(place, '/openapi.json')).body as unknown as ApiDocument;
  await publish(place, room);
  await feed(place, requestsTo(document, 'valid'), () => ({ authorization: `Bearer ${newSecret()}` }));
  for (const form of ['wrong types', 'no json', 'valid'] as const)
    await feed(place, requestsTo(document, form), () => admin);
  await ask(place, `/api/hooks/srs/${newSecret()}`, { method: 'POST', body: { param: `?key=${newSecret()}` } });
  await speak(place, `/ws?token=${newSecret()}.${newSecret()}.x`, []);
  await speak(place, '/ws', [
    JSON.stringify({ type: 'auth', id: 1, token: `${newSecret()}.${newSecret()}.x` }),
    JSON.stringify({ type: 'subscribe', id: 2, channel: { token: newSecret() }, token: newSecret(), vid: newSecret() }),
    JSON.stringify({ type: 'nothing', password: newSecret() }),
    `{"token":"${newSecret()}`,
  ]);
  await speak(place, '/signaling', [
    JSON.stringify({ type: 'auth', id: 1, token: newSecret() }),
    JSON.stringify({ type: 'join', id: 2, roomId: room.id, token: { token: newSecret() }, vid: newSecret() }),
    `{"token":"${newSecret()}`,
  ]);
  // In a room that there is, by somebody who may close it: last of all.
  await feed(place, requestsTo(document, 'valid', room.id), () => admin);
  const metrics = await request(place.metrics);
  events.cut();
  place.run.process.kill('SIGTERM');
  await place.run.exit;

  const database = new SqliteFile(join(place.folder, 'data/kaibo.db'), { readonly: true });
  const rows = (table: string): string => JSON.stringify(database.prepare(`select * from ${table}`).all());
  const files = readdirSync(join(place.folder, 'logs')).map((name) =>
    readFileSync(join(place.folder, 'logs', name), 'utf8'),
  );
  const places = {
    'standard output': place.run.output(),
    'log file': files.join(''),
    'log table': rows('log_entries'),
    'audit log': rows('audit_log'),
    metrics: metrics.text,
    events: JSON.stringify(events.events),
    refusals: place.refusals.join('\n'),
  };
  database.close();
  // It was all there to be found.
  for (const name of ['standard output', 'log file', 'log table'] as const)
    expect(places[name].split('/api/rooms/x%3Fkey%3D[redacted]').length, name).toBeGreaterThan(50);
  expect(place.own.size).toBeGreaterThan(5);
  expect(place.refusals.length).toBeGreaterThan(500);
  const leaks = Object.entries(places).flatMap(([name, text]) => [
    ...text
      .split('\n')
      .filter((line) => FED.test(line))
      .map((line) => `${name}: ${line.slice(0, 600)}`),
    ...[...place.own].filter((secret) => text.includes(secret)).map((secret) => `${name}: has ${secret}`),
  ]);
  expect(leaks).toEqual([]);
});
