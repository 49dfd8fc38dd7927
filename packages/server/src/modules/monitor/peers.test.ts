import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { MemoryStateCenter } from '../../state/memory.ts';
import type { CarriedStream, MonitorNode } from './contract.ts';
import { Minutes, together } from './minutes.ts';
import { Peers } from './peers.ts';

const logger = pino({ level: 'silent' });

function nodeOf(id: string, more: Partial<MonitorNode> = {}): MonitorNode {
  return {
    ...{ id, name: id, version: '1', startedAt: 0, seenAt: 0, cpu: 0.5, cores: 2, rssBytes: 100, heapBytes: 1 },
    ...{ memoryTotalBytes: 2, memoryFreeBytes: 1, eventLoopDelayMs: 10, connections: 1, streams: 1, viewers: 4 },
    ...{ inBps: 10, outBps: 40, dependencies: [] },
    ...more,
  };
}

/** What one node hears of others, who speak through the state center. */
async function listening() {
  const state = new MemoryStateCenter();
  onTestFinished(() => state.close());
  const peers = new Peers({ state, logger, now: Date.now });
  await peers.start();
  const tell = (event: string, data: unknown) => state.publishEphemeral('monitor:nodes', event, data);
  const carry = (telling: number, streams: Partial<CarriedStream>[], isLast = true, nodeId = 'other') =>
    tell('node.carries', { nodeId, telling, streams: streams.map((one) => ({ nodeId, viewers: 0, ...one })), isLast });
  return { state, peers, tell, carry, names: () => [...peers.carried().keys()].toSorted() };
}

test('a node that is silent for long is forgotten, with what it carried', async () => {
  const { state, peers, tell, carry, names } = await listening();
  await peers.tell({ node: nodeOf(state.nodeId), alarms: [], place: 'here' });
  await tell('node.sampled', { node: nodeOf('other'), alarms: [], place: 'there' });
  await carry(1, [{ stream: 'a' }]);
  expect(peers.reports().map(({ node }) => node.id)).toEqual([state.nodeId, 'other']);
  expect(names()).toEqual(['a']);
  const at = performance.now();
  vi.spyOn(performance, 'now').mockReturnValue(at + 13_000);
  onTestFinished(() => void vi.restoreAllMocks());
  await peers.tell({ node: nodeOf(state.nodeId), alarms: [], place: 'here' });
  expect(peers.reports().map(({ node }) => node.id)).toEqual([state.nodeId]);
  expect(names()).toEqual([]);
  // It said nothing of going: it is missed until it is back, under whichever id.
  expect(peers.lost()).toMatchObject([{ id: 'other', name: 'other' }]);
  await tell('node.sampled', { node: nodeOf('again'), alarms: [], place: 'there' });
  expect(peers.lost()).toEqual([]);
  await tell('node.gone', { nodeId: 'again' });
  expect(peers.lost()).toEqual([]);
});

test('what is carried is as it was told to its end, and of a stream in two places the one that is published', async () => {
  const { peers, carry, names } = await listening();
  await carry(1, [{ stream: 'a' }, { stream: 'b' }]);
  await carry(2, [{ stream: 'c' }], false);
  expect(names()).toEqual(['a', 'b']);
  await carry(2, [{ stream: 'd' }]);
  expect(names()).toEqual(['c', 'd']);
  const publishing = { protocol: 'rtmp', sinceMs: 1, recvBps: 1, fps: 1 };
  await carry(1, [{ stream: 'c', publishing }], true, 'third');
  expect(peers.carried().get('c')).toMatchObject({ nodeId: 'third', publishing });
  await peers.tellCarried(Array.from({ length: 450 }, (_, n) => ({ ...OWN, stream: `own-${n}` })));
  expect(names()).toHaveLength(452);
  await peers.tellCarried([]);
  expect(names()).toEqual(['c', 'd']);
});

const OWN: CarriedStream = { stream: '', nodeId: 'own', publishing: undefined, viewers: 0, outBps: 0 };

test('nodes together are sums, shares by cores, and the latest', () => {
  const nodes = [nodeOf('a'), nodeOf('b', { cpu: 0, cores: 6, eventLoopDelayMs: 70 })];
  expect(together(nodes)).toEqual({
    ...{ viewers: 8, streams: 2, connections: 2, inBps: 20, outBps: 80, cpu: 0.125, rssBytes: 200 },
    eventLoopDelayMs: 70,
  });
  expect(together([])).toMatchObject({ cpu: 0, eventLoopDelayMs: 0 });
});

test('a minute is the mean of its samples and how late the latest was, and begins anew', () => {
  const minutes = new Minutes();
  expect(minutes.add([nodeOf('a', { viewers: 10 })], 60_000)).toBeUndefined();
  expect(minutes.add([nodeOf('a', { viewers: 20, eventLoopDelayMs: 90 })], 119_999)).toBeUndefined();
  expect(minutes.add([nodeOf('a', { viewers: 1 })], 120_000)).toMatchObject({
    at: 60_000,
    viewers: 15,
    eventLoopDelayMs: 90,
  });
  minutes.forget();
  expect(minutes.add([nodeOf('a', { viewers: 2 })], 180_000)).toBeUndefined();
  expect(minutes.add([], 240_000)).toMatchObject({ at: 180_000, viewers: 2, eventLoopDelayMs: 10 });
});
