// Two nodes, Redis, PostgreSQL and encoders, all of which are killed, paused and cut off at random, while people watch, listen
// and give. The sequence follows from the seed. Longer: npm run chaos; the same again: KAIBO_CHAOS_SEED=… npm run chaos;
// whole logs of what failed into a folder: KAIBO_CHAOS_LOGS
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { happen, planRound } from './faults.ts';
import { Judge } from './judge.ts';
import { clientOf, Encoder, Giver, insist, Listener, Player } from './people.ts';
import { SeededRandom } from './random.ts';
import { Stage } from './stage.ts';

/** Asked for by hand: another sequence each time, and what happened is printed. */
const ASKED = process.env['KAIBO_CHAOS_MINUTES'];
const MINUTES = Number(ASKED ?? 1);
const SEED = Number(process.env['KAIBO_CHAOS_SEED'] ?? (ASKED === undefined ? 20_261_127 : Date.now() % 2 ** 32));
/** How soon everything is true again once all is well (architecture.md), and what the machine of the tests takes. */
const TRUTH_MS = 15_000;
const SLACK_MS = 10_000;
/** A start takes seconds of a core, of which a busy machine has few. */
const START_MS = 180_000;
const PASSWORD = 'correct horse battery';
const COINS = 100_000;
const TRANSPORTS = ['websocket', 'sse', 'polling'] as const;

interface RoomUnderWatch {
  id: string;
  playId: string;
  publishName: string;
  listeners: Listener[];
  players: Player[];
  giver: Giver;
  encoder: Encoder;
}

test(
  `whatever is killed, paused or cut off, nothing is lost, doubled or in two states (seed ${SEED})`,
  async () => {
    const history: string[] = [];
    const startedMs = performance.now();
    const tell = (what: string): void =>
      void history.push(`${Date.now()} ${((performance.now() - startedMs) / 1000).toFixed(1)} s: ${what}`);
    await using stage = await Stage.start();
    try {
      const given = await play(stage, tell);
      expect(given).toBeGreaterThan(0);
      if (ASKED !== undefined) process.stdout.write(`${history.join('\n')}\n`);
    } catch (error) {
      const folder = process.env['KAIBO_CHAOS_LOGS'];
      if (folder !== undefined)
        for (const { name, log } of stage.nodes) writeFileSync(join(folder, `${name}.log`), log);
      const logs = stage.nodes.map(({ name, log }) => `── ${name} ──\n${errorsOf(log)}`).join('\n');
      throw new Error(`seed ${SEED}:\n${history.join('\n')}\n${logs}\n${String(error)}`, { cause: error });
    }
  },
  (MINUTES * 180 + 300) * 1000,
);

/** Answers how many gifts were given. */
async function play(stage: Stage, tell: (what: string) => void): Promise<number> {
  await using ended = new AsyncDisposableStack();
  const random = new SeededRandom(SEED);
  const rooms = await furnish(stage);
  stage.beginLooking();
  for (const room of rooms)
    ended.defer(async () => {
      for (const listener of room.listeners) listener.close();
      await Promise.all([...room.players.map((player) => player.stop()), room.giver.stop(), room.encoder.stop()]);
    });
  const judge = ended.use(await Judge.start(stage, rooms));
  const allIsWell = async (): Promise<void> => {
    await Promise.all(stage.nodes.map((node) => node.isReady(START_MS)));
    const quietMs = performance.now();
    for (const room of rooms) await isTrue(stage, judge, room);
    tell(`true again after ${((performance.now() - quietMs) / 1000).toFixed(1)} s`);
    expect(judge.problems).toEqual([]);
    expect(stage.nodes.flatMap(({ deaths }) => deaths)).toEqual([]);
  };
  await allIsWell();
  const endMs = performance.now() + MINUTES * 60_000;
  while (performance.now() < endMs) {
    await happen(planRound(stage, random), tell);
    await allIsWell();
  }
  for (const room of rooms) await room.giver.stop();
  for (const room of rooms) await nothingLost(judge, room);
  await judge.readBooks();
  expect(judge.problems).toEqual([]);
  const given = rooms.reduce((sum, { giver }) => sum + giver.given.size, 0);
  tell(`${given} gifts, the books read ${judge.booksRead} times`);
  return given;
}

/** The room is live, one encoder publishes it, who plays it sees it, and as many are counted as are there, on both nodes. */
async function isTrue(stage: Stage, judge: Judge, { id, playId, listeners, players }: RoomUnderWatch): Promise<void> {
  let seen: unknown;
  await until(
    async () => {
      const views = await Promise.all(stage.nodes.map((node) => judge.room(node, id)));
      const publishers = await judge.publishersOf(playId);
      const there = listeners.length + players.filter(({ isThere }) => isThere).length;
      seen = {
        views: views.map((view) => view && [view.status, view.interrupted, view.viewerCount]),
        publishers,
        there,
      };
      const isLive = views.every((view) => view?.status === 'live' && view.interrupted !== true);
      if (!players.every(({ isWatching }) => isWatching)) return false;
      return isLive && publishers.length === 1 && views.every((view) => view?.viewerCount === there);
    },
    { timeoutMs: TRUTH_MS + SLACK_MS, intervalMs: 250, what: `room ${id} being as it is` },
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${JSON.stringify(seen)}`, { cause: error });
  });
}

/** Everybody who listened heard of every gift that was paid, once and in one order, and of nothing else. */
async function nothingLost(judge: Judge, { id, listeners, giver }: RoomUnderWatch): Promise<void> {
  const orders = await judge.orders(id);
  expect(giver.problems).toEqual([]);
  expect(orders.map((order) => order.id).toSorted()).toEqual([...giver.given.values()].toSorted());
  for (const listener of listeners)
    await until(() => listener.gifts.length >= orders.length, {
      timeoutMs: TRUTH_MS,
      what: `everybody hearing of ${orders.length} gifts`,
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${listeners.map((one) => one.told).join('; ')}`, { cause: error });
    });
  const [first] = listeners;
  expect(first?.gifts.toSorted()).toEqual(orders.map((order) => order.id).toSorted());
  for (const listener of listeners) {
    expect(listener.losses, listener.name).toBe(0);
    expect(listener.gifts, listener.name).toEqual(first?.gifts);
    expect(listener.states, listener.name).toEqual(first?.states);
  }
  // Each step follows from the one before: nobody is told of an end that was none, or of a return without a departure.
  for (const [at, state] of (first?.states ?? []).entries())
    expect(state, `${at} of ${first?.states.join(', ')}`).toBe(at % 2 === 0 ? 'room.interrupted' : 'room.resumed');
}

async function furnish(stage: Stage): Promise<RoomUnderWatch[]> {
  const admin = clientOf(stage.url);
  await admin.auth.register({ username: 'admin', password: PASSWORD });
  const rooms: RoomUnderWatch[] = [];
  for (const at of [0, 1]) {
    const [streamer, fan] = [clientOf(stage.url), clientOf(stage.url)];
    await streamer.auth.register({ username: `streamer${at}`, password: PASSWORD });
    const { user } = await fan.auth.register({ username: `fan${at}`, password: PASSWORD });
    await admin.wallet.credit(user.id, { amount: COINS });
    const { id, playId, publishUrls } = await streamer.rooms.create({ title: `room ${at}` });
    const publishName = new URL(publishUrls?.rtmp ?? '').href.split('/live/')[1] ?? '';
    const encoder = new Encoder(stage, publishName);
    await until(async () => (await admin.rooms.get(id)).status === 'live', {
      timeoutMs: 30_000,
      what: 'it being live',
    });
    const vid = async (): Promise<string> => (await clientOf(stage.url).createViewer()).vid;
    const listeners: Listener[] = [];
    for (const transport of TRANSPORTS)
      listeners.push(new Listener({ url: stage.url, roomId: id, vid: await vid(), transport }));
    // And one that stays with a node, whatever becomes of it.
    for (const node of stage.nodes)
      listeners.push(new Listener({ url: node.url, roomId: id, vid: await vid(), transport: 'websocket' }));
    await Promise.all(listeners.map(({ begun }) => begun));
    const own = await vid();
    const player = new Player(async () => {
      const { playUrls } = await insist(() => admin.rooms.get(id));
      const url = new URL(playUrls.flv ?? '');
      url.searchParams.set('vid', own);
      return url.href;
    });
    rooms.push({ id, playId, publishName, listeners, players: [player], giver: new Giver(fan, id), encoder });
  }
  return rooms;
}

/** What a log says above information, the last of it. */
function errorsOf(log: string): string {
  const lines = log.split('\n').filter((line) => /"level":(?:[456]0|"(?:warn|error|fatal)")/.test(line));
  return lines.slice(-40).join('\n');
}
