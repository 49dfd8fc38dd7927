// A crowd that enters one lottery at once, by HTTP on two nodes.
import { Agent, request as httpRequest } from 'node:http';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { verifyLottery } from '../../../docs/lottery-verify.mjs';
import type { Lottery, LotteryProof, OwnLottery } from '../src/modules/interact/lottery/contract.ts';
import { RedisStateCenter } from '../src/state/redis/index.ts';
import { connect, startTest, tempFolder, type TestKaibo } from './harness.ts';
import { People } from './rooms-people.ts';
import { onDatabase, type TestDatabases } from './support/databases.ts';
import { RedisServer } from './support/redis-server.ts';

const CROWD = Number(process.env['LOTTERY_CROWD'] ?? 500);
/** Every so many enter twice, by both nodes at the same time. */
const TWICE_EVERY = 5;
const LONG = { timeout: 60_000, interval: 50 };
const logger = pino({ level: 'silent' });

async function twoNodes(databases: TestDatabases, people: People): Promise<[TestKaibo, TestKaibo]> {
  const redis = await RedisServer.start();
  onTestFinished(() => redis[Symbol.asyncDispose]());
  const options = await databases.options();
  const start = async (dataDir: string): Promise<TestKaibo> => {
    const { database } = await databases.handle(options);
    const state = await RedisStateCenter.connect({ url: redis.url, prefix: 'test', historySize: 100, logger });
    onTestFinished(() => state.close());
    return startTest({
      ...{ authenticator: people, users: people, database, state, dataDir },
      change: (config) => {
        config.limits.writePerMinute = 1_000_000;
        config.lottery.delayIterations = 640;
        config.log.level = 'silent';
      },
    });
  };
  const folders = [tempFolder(), tempFolder()] as const;
  const first = await start(folders[0]);
  copyFileSync(join(folders[0], 'signing.key'), join(folders[1], 'signing.key'));
  return [first, await start(folders[1])];
}

/** Requests by connections that stay: fetch takes more of this machine than the server does. */
function posterOf(agent: Agent) {
  return (url: string, headers: Record<string, string>): Promise<{ status: number; body: unknown }> =>
    new Promise((resolve, reject) => {
      const sent = httpRequest(url, {
        method: 'POST',
        agent,
        headers: { ...headers, 'content-type': 'application/json' },
      });
      sent.on('error', reject);
      sent.on('response', (response) => {
        json(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
      });
      sent.end('{}');
    });
}

onDatabase('postgres', 'a lottery of two nodes', (_open, databases) => {
  test('takes everybody once, in one chain, and every progress that is told is on it', async () => {
    const people = new People();
    const [first, second] = await twoNodes(databases, people);
    const host = people.add('host');
    const room = await first.create({}, host.headers);
    const ofHost = (path: string, body: object = {}) =>
      first.call(path, { method: 'POST', body, headers: host.headers });
    const begun = await ofHost(`/api/rooms/${room.id}/lotteries`, { prize: '一箱橙子', winners: 100 });
    const { id } = begun.body as unknown as Lottery;
    const socket = await connect(second.base);
    socket.send({ type: 'subscribe', channel: `live:${room.id}` });
    await socket.next(({ type }) => type === 'snapshot');

    const agent = new Agent({ keepAlive: true, maxSockets: 50 });
    onTestFinished(() => agent.destroy());
    const post = posterOf(agent);
    const startMs = performance.now();
    const entered = await Promise.all(
      Array.from({ length: CROWD }, async (_, n) => {
        const { headers } = people.add(`fan${n}`);
        const nodes = n % TWICE_EVERY === 0 ? [first, second] : [n % 2 === 0 ? first : second];
        const answers = await Promise.all(nodes.map(({ base }) => post(`${base}/api/lotteries/${id}/join`, headers)));
        for (const { status } of answers) expect(status).toBe(200);
        const numbers = new Set(answers.map(({ body }) => (body as OwnLottery).entry?.n));
        expect(numbers.size).toBe(1);
        return [...numbers][0];
      }),
    );
    const tookMs = performance.now() - startMs;
    expect(new Set(entered).size).toBe(CROWD);
    const progress = socket.messages.filter(({ event }) => event === 'lottery.progress');
    // Each node tells the first at once and then one a second.
    expect(progress.length).toBeLessThanOrEqual(2 * (2 + tookMs / 1000));

    await ofHost(`/api/lotteries/${id}/draw`);
    const late = people.add('late').headers;
    expect((await post(`${second.base}/api/lotteries/${id}/join`, late)).status).toBe(409);
    await expect.poll(async () => (await second.call(`/api/lotteries/${id}`)).body['status'], LONG).toBe('drawn');
    const proof = JSON.parse((await second.call(`/api/lotteries/${id}/proof`)).text) as LotteryProof;
    expect(proof.entries).toHaveLength(CROWD);
    expect(verifyLottery(proof)).toHaveLength(100);
    const heads = socket.messages
      .filter(({ event }) => event === 'lottery.progress')
      .map(({ data }) => data as Lottery);
    expect(heads.length).toBeGreaterThan(0);
    for (const { entries, head } of heads) expect(proof.entries[entries - 1]?.chain).toBe(head);
  }, 180_000);
});
