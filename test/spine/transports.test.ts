// The same events over WebSocket, SSE and polling, with connections cut at random moments.
import { expect, test } from 'vitest';
import { RedisServer } from '../../packages/server/test/support/redis-server.ts';
import { pollingClient, socketClient, sseClient, type EventClient } from '../support/event-clients.ts';
import { startPlatform, type Platform, type TestRoom } from '../support/platform.ts';
import { until } from '../support/until.ts';

const WRITERS = 16;
const CLIENTS_PER_TRANSPORT = 3;
const CUT_EVERY_MS = 150;
/** EVENTS=10000 is a minute and a half; what is said of them is as true of these. */
const EVENTS = Number(process.env['EVENTS'] ?? 1200);

test('in memory', { timeout: 240_000 }, async () => {
  await expectTheSameEverywhere(EVENTS);
});

test('on Redis', { timeout: 240_000 }, async () => {
  await using redis = await RedisServer.start();
  await expectTheSameEverywhere(EVENTS / 2, `--redis.url=${redis.url}`);
});

async function expectTheSameEverywhere(events: number, ...flags: string[]): Promise<void> {
  await using platform = await startPlatform(`--realtime.historySize=${events * 2}`, ...flags);
  const room = await platform.createRoom('0');
  const channel = `room:${room.id}`;
  const base = (): string => platform.url;
  const clients = Array.from({ length: CLIENTS_PER_TRANSPORT }, () => [
    socketClient(base, channel),
    sseClient(base, channel),
    pollingClient(base, channel),
  ]).flat();
  await using _all = disposeAll(clients);
  await Promise.all(clients.map(({ ready }) => ready));
  // Everybody in turn, wherever they are then.
  let turn = 0;
  const scissors = setInterval(() => clients[turn++ % clients.length]?.cut(), CUT_EVERY_MS);
  try {
    await writeTitles(platform, { room, events });
  } finally {
    clearInterval(scissors);
  }
  for (const client of clients) {
    await until(() => client.seen.length >= events, {
      timeoutMs: 30_000,
      what: `${client.name} seeing ${events} events`,
    });
  }
  const [first] = clients;
  const expected = first?.seen ?? [];
  const firstOffset = expected[0]?.offset ?? 0;
  expect(expected.map(({ offset }) => offset)).toEqual(Array.from({ length: events }, (_, n) => firstOffset + n));
  for (const { name, seen, losses, cuts } of clients) {
    expect(losses, `${name} losses`).toBe(0);
    expect(cuts, `${name} cuts`).toBeGreaterThan(0);
    expect(seen.map(placeAndTitle), name).toEqual(expected.map(placeAndTitle));
  }
}

/** Every writer's own titles are in the order in which it wrote them. */
async function writeTitles(platform: Platform, { room, events }: { room: TestRoom; events: number }): Promise<void> {
  let next = 1;
  const write = async (): Promise<void> => {
    while (next <= events) {
      const response = await fetch(`${platform.url}/api/rooms/${room.id}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${room.ownerToken}` },
        body: JSON.stringify({ title: String(next++) }),
      });
      if (!response.ok) throw new Error(`changing the title answered ${response.status} ${await response.text()}`);
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, write));
}

function placeAndTitle({ offset, event, data }: EventClient['seen'][number]): string {
  return `${offset} ${event} ${String((data as { title?: string }).title)}`;
}

function disposeAll(clients: readonly EventClient[]): AsyncDisposable {
  return {
    [Symbol.asyncDispose]: async () => {
      await Promise.all(clients.map(async (client) => client[Symbol.asyncDispose]()));
    },
  };
}
