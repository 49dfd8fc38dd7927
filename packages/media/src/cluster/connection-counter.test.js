import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { testOptions } from '../testing/media-options.ts';
import { ConnectionCounter } from './connection-counter.ts';
function counters(limits) {
  const shared = ConnectionCounter.allocate(2);
  const make = (workerId) => new ConnectionCounter({ shared, workerId, limits: testOptions({ limits }).limits });
  return { shared, first: make(0), second: make(1) };
}
describe('ConnectionCounter', () => {
  it('bounds all connections over all workers, loopback too', () => {
    const { first, second } = counters({ connections: 2 });
    expect([first.add('127.0.0.1'), second.add('10.0.0.1'), first.add('10.0.0.2')]).toEqual([
      undefined,
      undefined,
      'connections',
    ]);
    second.remove('10.0.0.1');
    expect(first.add('10.0.0.2')).toBeUndefined();
  });
  it('bounds one address over all workers, and no other by it', () => {
    const { first, second } = counters({ connectionsPerAddress: 2 });
    expect([first.add('10.0.0.1'), second.add('10.0.0.1'), first.add('10.0.0.1'), first.add('10.0.0.2')]).toEqual([
      undefined,
      undefined,
      'connections_per_address',
      undefined,
    ]);
  });
  it.each(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1'])('exempts %s from the bound by address', (address) => {
    const { first } = counters({ connectionsPerAddress: 1 });
    expect([first.add(address), first.add(address)]).toEqual([undefined, undefined]);
  });
  it('forgets what a dead worker counted, and nothing else', () => {
    const { shared, first, second } = counters({ connections: 2 });
    first.add('10.0.0.1');
    second.add('10.0.0.1');
    ConnectionCounter.clearWorker(shared, 1);
    expect([first.add('10.0.0.1'), first.add('10.0.0.1')]).toEqual([undefined, 'connections']);
  });
  it('counts nothing for a refused connection', () => {
    const { first } = counters({ connections: 1 });
    first.add('10.0.0.1');
    for (let again = 0; again < 5; again++) first.add('10.0.0.2');
    first.remove('10.0.0.1');
    expect(first.add('10.0.0.2')).toBeUndefined();
  });
  it('lets exactly as many in as the limit says when threads ask at once', async () => {
    const limits = testOptions({ limits: { connections: 50_000 } }).limits;
    const shared = ConnectionCounter.allocate(2);
    const start = new Int32Array(new SharedArrayBuffer(4));
    const code = `const { parentPort, workerData } = require('node:worker_threads');
      import(workerData.module).then(({ ConnectionCounter }) => {
        const counter = new ConnectionCounter(workerData);
        Atomics.add(workerData.start, 0, 1);
        while (Atomics.load(workerData.start, 0) < 2);
        let taken = 0;
        for (let asked = 0; asked < 100_000; asked++) if (counter.add('127.0.0.1') === undefined) taken++;
        parentPort.postMessage(taken);
      });`;
    const module = new URL('./connection-counter.ts', import.meta.url).href;
    const taken = await Promise.all(
      [0, 1].map(async (workerId) => {
        const worker = new Worker(code, { eval: true, workerData: { module, shared, start, workerId, limits } });
        const [count] = await once(worker, 'message');
        return count;
      }),
    );
    expect(taken.reduce((sum, count) => sum + count, 0)).toBe(50_000);
  });
});
