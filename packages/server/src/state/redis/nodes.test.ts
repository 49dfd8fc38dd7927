import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pino from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { RedisServer } from '../../../test/support/redis-server.ts';
import { RedisStateCenter } from './index.ts';

const CHILD = fileURLToPath(new URL('../../../test/support/state-child.ts', import.meta.url));
const PREFIX = 'nodes';
/** What the platform promises. */
const GONE_MS = 15_000;

interface LostNode {
  nodeId: string;
  groups: readonly string[];
}

async function startNode(server: RedisServer, member: string): Promise<{ child: ChildProcess; nodeId: string }> {
  const child = spawn(process.execPath, [CHILD, server.url, PREFIX, member], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { child, nodeId: line.split(' ')[1] ?? '' };
}

async function connect(server: RedisServer, lost: LostNode[]): Promise<RedisStateCenter> {
  const logger = pino({ level: 'silent' });
  const state = await RedisStateCenter.connect({ url: server.url, prefix: PREFIX, historySize: 100, logger });
  onTestFinished(() => state.close());
  state.onNodeLost((node) => lost.push(node));
  return state;
}

test('nodes that are killed or suspended are gone in 15 s, and one that wakes is there again', async () => {
  const server = await RedisServer.start();
  onTestFinished(() => server[Symbol.asyncDispose]());
  const [seenByOne, seenByOther]: [LostNode[], LostNode[]] = [[], []];
  const [one, other] = [await connect(server, seenByOne), await connect(server, seenByOther)];
  await one.enter('room', 'shared');
  const killed = await startNode(server, 'killed');
  const suspended = await startNode(server, 'suspended');
  expect((await one.members('room', 10)).toSorted()).toEqual(['killed', 'shared', 'suspended']);
  expect((await one.holders(['stream'])).get('stream')).toEqual({ nodeId: killed.nodeId, value: 'killed' });

  killed.child.kill('SIGKILL');
  suspended.child.kill('SIGSTOP');
  const diedAtMs = performance.now();
  await expect.poll(() => one.members('room', 10), { timeout: GONE_MS, interval: 100 }).toEqual(['shared']);
  const lost = [killed, suspended].map(({ nodeId }) => ({ nodeId, groups: ['room'] }));
  for (const seen of [seenByOne, seenByOther])
    await expect.poll(() => seen, { timeout: 2000 }).toEqual(expect.arrayContaining(lost));
  expect(performance.now() - diedAtMs).toBeLessThan(GONE_MS);
  expect([seenByOne.length, seenByOther.length]).toEqual([2, 2]);
  expect((await one.counts(['room'])).get('room')).toEqual({ count: 1, peak: 3 });
  expect((await other.lease('stream', 'mine'))?.isHeld).toBe(true);

  suspended.child.kill('SIGCONT');
  await expect
    .poll(async () => (await one.members('room', 10)).toSorted(), { timeout: 10_000 })
    .toEqual(['shared', 'suspended']);
  expect((await one.holders(['stream'])).get('stream')?.nodeId).toBe(other.nodeId);
});
