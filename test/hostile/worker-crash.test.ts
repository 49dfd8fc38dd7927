import type { Worker } from 'node:worker_threads';
import { DEFAULT_MEDIA_OPTIONS, type MediaEvent, type MediaPorts, MediaServer } from '@kaibo/media';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HttpFlvPlayer } from '../support/flv-client.ts';
import { RtmpClient } from '../support/rtmp-client.ts';
import { until } from '../support/until.ts';
import { AVC_CONFIG, numberedFrame } from './target.ts';

const FRAME_MS = 40;
const STREAMS = 8;

const workers: Worker[] = [];
const events: MediaEvent[] = [];
let server: MediaServer;
let ports: MediaPorts;

/** Node tells of every thread as it is made. */
const keep = (worker: Worker): void => void workers.push(worker);

beforeAll(async () => {
  process.on('worker', keep);
  const free = { port: 0 };
  server = new MediaServer({
    options: {
      ...DEFAULT_MEDIA_OPTIONS,
      ...{ host: '127.0.0.1', rtmp: { ...DEFAULT_MEDIA_OPTIONS.rtmp, ...free }, http: free, api: free, workers: 2 },
      rtc: { ...DEFAULT_MEDIA_OPTIONS.rtc, ...free },
    },
    hooks: {
      authorizePublish: ({ param }) => Promise.resolve({ action: 'publish', credential: param }),
      authorizePlay: () => Promise.resolve({ action: 'play' }),
      notify: (event) => events.push(event),
    },
    logger: pino({ level: 'silent' }),
  });
  ports = await server.start();
});
afterAll(async () => {
  process.off('worker', keep);
  await server.stop();
});

class Encoder {
  readonly client: RtmpClient;
  isClosed = false;
  #timer: NodeJS.Timeout;

  private constructor(client: RtmpClient, streamId: number) {
    this.client = client;
    void client.closed.then(() => (this.isClosed = true));
    let number = 0;
    client.sendMedia(streamId, { type: 'video', timestamp: 0, payload: AVC_CONFIG });
    this.#timer = setInterval(() => {
      if (this.isClosed) return;
      client.sendMedia(streamId, {
        type: 'video',
        timestamp: number * FRAME_MS,
        payload: numberedFrame(number, { isKey: number % 5 === 0 }),
      });
      number++;
    }, FRAME_MS);
  }

  static async start(stream: string): Promise<Encoder> {
    const client = await RtmpClient.connect({ port: ports.rtmp });
    client.setChunkSize(4096);
    const { streamId, status } = await client.publish(stream);
    if (status['code'] !== 'NetStream.Publish.Start') throw new Error(JSON.stringify(status));
    return new Encoder(client, streamId);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.client.close();
  }
}

const frames = (player: HttpFlvPlayer): { timestamp: number; number: number }[] =>
  player.flv.tags
    .filter(({ body }) => body[1] === 1)
    .map(({ timestamp, body }) => ({ timestamp, number: body.readUInt32BE(5) }));

describe('a worker that dies', () => {
  it('costs its own connections only; its streams are interrupted and go on in time', async () => {
    const names = Array.from({ length: STREAMS }, (_, index) => `s${index}`);
    const encoders = new Map(await Promise.all(names.map(async (name) => [name, await Encoder.start(name)] as const)));
    const players = await Promise.all(
      [...names, ...names, ...names, ...names].map(async (name) => {
        const player = await HttpFlvPlayer.open({ port: ports.http, path: `/live/${name}.flv` });
        const entry = { name, player, isClosed: false };
        void player.ended.then(() => (entry.isClosed = true));
        return entry;
      }),
    );
    await until(() => players.every(({ player }) => frames(player).length > 50));
    // A report of each stream's time goes to the directory every second.
    await until(() => server.streams().every(({ lastDtsMs }) => lastDtsMs > 1000));

    expect(workers).toHaveLength(2);
    await workers[0]?.terminate();
    const lost = await until(() => {
      const gone = names.filter((name) => encoders.get(name)?.isClosed);
      return gone.length > 0 && server.health().workersUp === 2 && gone;
    });
    const kept = names.filter((name) => !lost.includes(name));
    expect(kept.length).toBeGreaterThan(0);
    expect(workers).toHaveLength(3);
    await until(() => events.filter(({ type }) => type === 'interrupted').length === lost.length);
    const interrupted = events.filter((event) => event.type === 'interrupted');
    expect(interrupted.map(({ stream, reason }) => `${stream} ${reason}`).sort()).toEqual(
      lost.map((name) => `${name} engine_failure`),
    );
    const states = (): string[] =>
      server
        .streams()
        .map(({ stream, state }) => `${stream} ${state}`)
        .sort();
    expect(states()).toEqual(names.map((name) => `${name} ${lost.includes(name) ? 'interrupted' : 'publishing'}`));

    const untouched = players.filter(({ name, isClosed }) => kept.includes(name) && !isClosed);
    expect(untouched.length).toBeGreaterThan(0);
    const wait = untouched.map(({ player }) => frames(player).length + 25);
    await until(() => untouched.every(({ player }, index) => frames(player).length >= (wait[index] ?? 0)));
    for (const { player } of untouched) {
      const numbers = frames(player).map(({ number }) => number);
      expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index));
    }

    const waiting = players.filter(({ name, isClosed }) => lost.includes(name) && !isClosed);
    expect(waiting.length).toBeGreaterThan(0);
    const seen = waiting.map(({ player }) => frames(player).length);
    for (const name of lost) encoders.set(name, await Encoder.start(name));
    await until(() => waiting.every(({ player }, index) => frames(player).length >= (seen[index] ?? 0) + 25));
    for (const [index, { player, isClosed }] of waiting.entries()) {
      const times = frames(player).map(({ timestamp }) => timestamp);
      expect(isClosed).toBe(false);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      const stepMs = (times[seen[index] ?? 0] ?? 0) - (times[(seen[index] ?? 0) - 1] ?? 0);
      // What the dead thread gave out after its last report is estimated: two seconds at most.
      expect(stepMs).toBeGreaterThan(0);
      expect(stepMs).toBeLessThanOrEqual(2000 + FRAME_MS);
    }
    expect(events.filter((event) => event.type === 'published' && event.resumed)).toHaveLength(lost.length);
    expect(server.streams().every(({ state }) => state === 'publishing')).toBe(true);
    for (const encoder of encoders.values()) encoder.stop();
    for (const { player } of players) player.close();
  });
});
