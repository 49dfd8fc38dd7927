import pino from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { RedisServer } from '../../../test/support/redis-server.ts';
import { StateUnavailableError } from '../contract.ts';
import { RedisStateCenter } from './index.ts';

const GROUPS = ['room:1', 'room:2', 'room:3'];
const MEMBERS = 40;
const OUTAGES = 6;
const PATIENT = { timeout: 15_000 };

/** Enters and leaves members by a fixed sequence of numbers, and keeps book of who should be where. */
class Churn {
  readonly inside = new Set<string>();
  readonly #state: RedisStateCenter;
  #seed: number;
  #isEnough = false;
  changes = 0;

  constructor(state: RedisStateCenter, seed: number) {
    this.#state = state;
    this.#seed = seed;
  }

  async run(): Promise<void> {
    while (!this.#isEnough) {
      await Promise.all(Array.from({ length: 10 }, () => this.#change()));
      // Lets sockets be read although refused changes never wait.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  stop(): void {
    this.#isEnough = true;
  }

  async #change(): Promise<void> {
    const group = GROUPS[this.#random(GROUPS.length)] ?? '';
    const member = `m${this.#random(MEMBERS)}`;
    const place = `${group} ${member}`;
    this.changes++;
    if (this.inside.delete(place)) {
      await this.#state.leave(group, member);
      return;
    }
    try {
      // The book is written with the answer, which is in the order of the calls for one place.
      if (await this.#state.enter(group, member)) this.inside.add(place);
    } catch (error) {
      if (!(error instanceof StateUnavailableError)) throw error;
    }
  }

  #random(below: number): number {
    this.#seed = (this.#seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((this.#seed / 2_147_483_648) * below);
  }
}

test.each([
  ['keeps its data', true],
  ['forgets its data', false],
])(
  'people come and go while a Redis that %s dies again and again: who is there is right in the end',
  async (_name, keepsData) => {
    const server = await RedisServer.start({ keepsData });
    onTestFinished(() => server[Symbol.asyncDispose]());
    const connect = async (): Promise<RedisStateCenter> => {
      const logger = pino({ level: 'silent' });
      const state = await RedisStateCenter.connect({ url: server.url, prefix: 'churn', historySize: 10, logger });
      onTestFinished(() => state.close());
      return state;
    };
    const [one, other] = [await connect(), await connect()];
    const churns = [new Churn(one, 1), new Churn(other, 2)];
    const running = churns.map((churn) => churn.run());
    for (let outage = 1; outage <= OUTAGES; outage++) {
      const before = churns.map(({ changes }) => changes);
      await expect.poll(() => churns.every(({ changes }, at) => changes > (before[at] ?? 0) + 200), PATIENT).toBe(true);
      await server.kill();
      await server.resume();
      // The even ones die again in the midst of the recovery.
      if (outage % 2 === 1) await expect.poll(() => one.health().ok && other.health().ok, PATIENT).toBe(true);
    }
    for (const churn of churns) churn.stop();
    await Promise.all(running);
    await expect.poll(() => one.health().ok && other.health().ok, PATIENT).toBe(true);
    const places = new Set(churns.flatMap(({ inside }) => [...inside]));
    for (const group of GROUPS) {
      const expected = [...places].flatMap((place) => (place.startsWith(`${group} `) ? place.split(' ').slice(1) : []));
      await expect.poll(async () => (await one.members(group, 1000)).toSorted(), PATIENT).toEqual(expected.toSorted());
      expect((await other.counts([group])).get(group)?.count).toBe(expected.length);
    }
    await Promise.all([one, other].map((state, at) => leaveAll(state, churns[at]?.inside ?? new Set())));
    for (const { count } of (await one.counts(GROUPS)).values()) expect(count).toBe(0);
    const left = server.command('--raw', 'KEYS', 'churn:*').split('\n');
    expect(left.filter((key) => key.includes(':of:') || key.endsWith(':members') || key.endsWith(':groups'))).toEqual(
      [],
    );
  },
  60_000,
);

async function leaveAll(state: RedisStateCenter, inside: ReadonlySet<string>): Promise<void> {
  for (const place of inside) {
    const [group = '', member = ''] = place.split(' ');
    await state.leave(group, member);
  }
}
