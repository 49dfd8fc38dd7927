// All nodes of a platform are restarted, one after the other, behind a load balancer: nobody misses or hears anything twice,
// the broadcast goes on, and who watches goes on watching.
import { expect, test } from 'vitest';
import { PostgresServer } from '../../packages/server/test/support/postgres.ts';
import { RedisCluster, RedisServer } from '../../packages/server/test/support/redis-server.ts';
import { KaiboClient, type SdkTransport } from '../chaos/sdk.ts';
import { Balancer, type Backend } from '../support/balancer.ts';
import { publishTestPicture } from '../support/ffmpeg.ts';
import { HttpFlvPlayer } from '../support/flv-client.ts';
import { type Platform, startPlatform, type TestRoom } from '../support/platform.ts';
import type { Program } from '../support/program.ts';
import { until } from '../support/until.ts';

/** For machines that do much beside. */
const PATIENT = { timeoutMs: 40_000, intervalMs: 100 };
const GRACE_MS = 60_000;
/** A stream that goes on is cut after this, and its encoder comes back elsewhere. */
const DRAIN_MS = 1500;

interface Node extends Backend {
  platform: Platform;
}

interface Heard {
  transport: SdkTransport;
  offsets: number[];
  titles: string[];
  states: string[];
  snapshots: number;
}

test.each([
  { name: 'two nodes on one Redis', count: 2, startRedis: () => RedisServer.start() },
  { name: 'three nodes on a Redis Cluster of three masters', count: 3, startRedis: () => RedisCluster.start() },
])(
  '$name are restarted under way',
  async ({ count, startRedis }) => {
    await using ended = new AsyncDisposableStack();
    const redis = ended.use(await startRedis());
    const postgres = ended.use(await PostgresServer.start());
    const flags = [
      `--redis.url=${[redis.url].flat().join(',')}`,
      `--database.url=${await postgres.createDatabase()}`,
      `--media.graceMs=${GRACE_MS}`,
      ...['--access=open', '--host=127.0.0.1', '--node.drainNoticeMs=500', '--node.drainSpreadMs=500'],
    ];
    const start = async (at: number): Promise<Node> => {
      const platform = ended.use(await startPlatform(...flags, '--media.workers=1', `--node.name=node-${at}`));
      return { platform, url: platform.url, ...(await mediaPorts(platform.url)) };
    };
    const nodes: Node[] = [];
    while (nodes.length < count) nodes.push(await start(nodes.length));
    const balancer = ended.use(await Balancer.start(nodes));
    await until(() => balancer.ready.length === count, { ...PATIENT, what: 'all nodes being ready' });
    const admin = await register(balancer.url);
    const room = await created(balancer.url);

    const encoder = new KeptEncoder(`rtmp://127.0.0.1:${balancer.rtmp}/live/${room.streamKey}`);
    ended.defer(() => encoder.stop());
    await until(async () => (await roomOf(balancer.url, room)).status === 'live', { ...PATIENT, what: 'being live' });
    const heard = (['websocket', 'websocket', 'sse', 'polling'] as const).map((transport) => {
      const { heard: one, close } = listen(balancer.url, { transport, room });
      ended.defer(close);
      return one;
    });
    await until(() => heard.every(({ snapshots }) => snapshots === 1), { ...PATIENT, what: 'everybody listening' });
    const viewer = new KeptViewer(balancer, room);
    ended.defer(() => viewer.stop());
    await viewer.sees(50);
    const writer = new Writer(balancer.url, room);
    ended.defer(async () => void (await writer.stop()));

    for (const [at, node] of nodes.entries()) {
      const other = nodes[(at + 1) % count]?.url ?? '';
      await drain(other, { admin, name: `node-${at}` });
      await node.platform.program.stop();
      await node.platform[Symbol.asyncDispose]();
      nodes[at] = await start(at);
      await until(() => balancer.ready.length === count, { ...PATIENT, what: `node-${at} being back` });
      await viewer.sees(50);
      await until(async () => (await roomOf(balancer.url, room)).status === 'live', {
        ...PATIENT,
        what: 'being live still',
      });
    }

    const written = await writer.stop();
    for (const one of heard)
      await until(() => one.titles.includes(written.at(-1) ?? ''), {
        ...PATIENT,
        what: `${one.transport} hearing the last`,
      });
    for (const { transport, offsets, titles, states, snapshots } of heard) {
      const first = offsets[0] ?? 0;
      expect(offsets, transport).toEqual(offsets.map((_, index) => first + index));
      expect([...new Set(titles)], transport).toEqual(written.slice(written.indexOf(titles[0] ?? '')));
      expect(snapshots, transport).toBe(1);
      expect(states, transport).not.toContain('room.ended');
    }
    expect(encoder.starts).toBeGreaterThan(1);
  },
  240_000,
);

/** Who comes back by themselves, over whichever node. */
function listen(baseUrl: string, { transport, room }: { transport: SdkTransport; room: TestRoom }) {
  const heard: Heard = { transport, offsets: [], titles: [], states: [], snapshots: 0 };
  const realtime = new KaiboClient({ baseUrl }).realtime({
    ...{ transport, backoff: { minMs: 50, maxMs: 500 }, requestTimeoutMs: 5000 },
  });
  realtime.subscribe(
    `room:${room.id}`,
    (message) => {
      if (message.kind === 'snapshot') return void heard.snapshots++;
      const { offset } = message as { offset?: number };
      if (offset !== undefined) heard.offsets.push(offset);
      heard.states.push(message.event);
      if (message.event === 'room.updated') heard.titles.push((message.data as { title: string }).title);
    },
    {},
  );
  return { heard, close: () => realtime.close() };
}

/** An encoder that connects again whenever it was cut, as people set theirs. */
class KeptEncoder {
  starts = 0;
  readonly #url: string;
  #program: Program | undefined;
  #isOver = false;
  readonly #running: Promise<void>;

  constructor(url: string) {
    this.#url = url;
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#program?.stop('SIGKILL');
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      this.starts++;
      this.#program = publishTestPicture(this.#url);
      await this.#program.ended;
    }
  }
}

/** A player that opens the address again whenever it ends. */
class KeptViewer {
  readonly #balancer: Balancer;
  readonly #path: string;
  #player: HttpFlvPlayer | undefined;
  #isOver = false;
  readonly #running: Promise<void>;

  constructor(balancer: Balancer, { playId }: TestRoom) {
    this.#balancer = balancer;
    this.#path = `/live/${playId}.flv`;
    this.#running = this.#run();
  }

  /** This many tags from now on, over one connection. */
  async sees(tags: number): Promise<void> {
    let from = { player: this.#player, tags: this.#player?.flv.tags.length ?? 0 };
    await until(
      () => {
        if (this.#player !== from.player) from = { player: this.#player, tags: 0 };
        return (this.#player?.flv.tags.length ?? 0) >= from.tags + tags;
      },
      { ...PATIENT, what: 'the viewer seeing the stream' },
    );
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    this.#player?.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      try {
        this.#player = await HttpFlvPlayer.open({ port: this.#balancer.media, path: this.#path });
        await this.#player.ended;
      } catch {
        // Nobody is there for a moment, or the node has just been stopped.
      }
    }
  }
}

/** Changes the title again and again; each change is one event for everybody. */
class Writer {
  readonly #written: string[] = [];
  readonly #url: string;
  readonly #room: TestRoom;
  #isOver = false;
  readonly #running: Promise<void>;

  constructor(url: string, room: TestRoom) {
    this.#url = url;
    this.#room = room;
    this.#running = this.#run();
  }

  async stop(): Promise<readonly string[]> {
    this.#isOver = true;
    await this.#running;
    return this.#written;
  }

  async #run(): Promise<void> {
    for (let n = 1; !this.#isOver; n++) {
      const title = `第 ${n} 个标题`;
      await until(async () => this.#write(title), { ...PATIENT, intervalMs: 200, what: `writing ${title}` });
      this.#written.push(title);
    }
  }

  async #write(title: string): Promise<boolean> {
    const { id, ownerToken } = this.#room;
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${ownerToken}`, connection: 'close' };
    const response = await fetch(`${this.#url}/api/rooms/${id}`, {
      ...{ method: 'PUT', headers, body: JSON.stringify({ title }) },
    });
    await response.text();
    return response.ok;
  }
}

async function drain(url: string, { admin, name }: { admin: string; name: string }): Promise<void> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${admin}` };
  const list = async (): Promise<{ id: string; name: string; state: string }[]> => {
    const response = await fetch(`${url}/api/nodes`, { headers });
    return ((await response.json()) as { nodes: { id: string; name: string; state: string }[] }).nodes;
  };
  const found = await until(async () => (await list()).find((node) => node.name === name), PATIENT);
  const body = JSON.stringify({ timeoutMs: DRAIN_MS });
  const response = await fetch(`${url}/api/nodes/${found.id}/drain`, { method: 'POST', headers, body });
  expect(response.status).toBe(200);
  const state = async (): Promise<string | undefined> => (await list()).find(({ id }) => id === found.id)?.state;
  await until(async () => (await state()) === 'drained', { ...PATIENT, what: `${name} being drained` });
}

async function register(url: string): Promise<string> {
  const response = await fetch(`${url}/api/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'operator', password: 'correct horse battery' }),
  });
  expect(response.status).toBe(201);
  return ((await response.json()) as { accessToken: string }).accessToken;
}

async function created(url: string): Promise<TestRoom> {
  const response = await fetch(`${url}/api/rooms`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ title: '不停机的直播' }),
  });
  expect(response.status).toBe(201);
  return (await response.json()) as TestRoom;
}

async function roomOf(url: string, { id }: TestRoom): Promise<TestRoom> {
  return (await (await fetch(`${url}/api/rooms/${id}`)).json()) as TestRoom;
}

/** Of the media server of this very node. */
async function mediaPorts(url: string): Promise<Pick<Backend, 'rtmp' | 'media'>> {
  const addresses = (await (await fetch(`${url}/api/addresses`)).json()) as {
    publishUrls: { rtmp: string; wsFlv: string };
  };
  const portOf = (address: string): number => Number(new URL(address.replace(/^\w+/, 'http')).port);
  return { rtmp: portOf(addresses.publishUrls.rtmp), media: portOf(addresses.publishUrls.wsFlv) };
}
