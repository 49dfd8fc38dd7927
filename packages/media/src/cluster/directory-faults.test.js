import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { directoryBench, mediaClient } from '../testing/directory-bench.ts';
describe('two publishers at the same instant', () => {
  it('has exactly one winner, a thousand times', async () => {
    const bench = directoryBench({
      authorizePublish: async ({ param }) => {
        if (Math.random() < 0.5) await sleep(Math.random() * 3);
        return { action: 'publish', credential: param };
      },
    });
    const rounds = Array.from({ length: 1000 }, async (_, round) => {
      const stream = `s${round}`;
      const replies = await Promise.all([0, 1].map((workerId) => bench.publish(mediaClient({ stream }), workerId)));
      return replies
        .map(({ action }) => action)
        .sort()
        .join();
    });
    expect(new Set(await Promise.all(rounds))).toEqual(new Set(['deny,publish']));
    expect(bench.eventTypes().filter((type) => type === 'published')).toHaveLength(1000);
    bench.directory.close();
  });
});
describe('a hook', () => {
  it('that fails refuses with 503 and leaves running streams alone', async () => {
    let down = false;
    const bench = directoryBench({
      authorizePublish: ({ param }) =>
        down ? Promise.reject(new Error('down')) : Promise.resolve({ action: 'publish', credential: param }),
      authorizePlay: () => (down ? Promise.reject(new Error('down')) : Promise.resolve({ action: 'play' })),
    });
    await bench.publish(mediaClient());
    down = true;
    const refused = { action: 'deny', status: 503, code: 'hook_unavailable' };
    expect(await bench.publish(mediaClient({ stream: 'b' }))).toMatchObject(refused);
    expect(await bench.play(mediaClient())).toMatchObject(refused);
    expect(await bench.directory.probe(mediaClient())).toMatchObject(refused);
    expect(bench.directory.entry('live/a')?.state).toBe('publishing');
    bench.directory.close();
  });
  it('that answers for a thread which has died gives nothing away', async () => {
    const bench = directoryBench();
    const { reply } = await bench.directory.publish(bench.asker(0, false), mediaClient());
    expect(reply).toMatchObject({ status: 503 });
    expect(await bench.directory.play(bench.asker(0, false), mediaClient())).toMatchObject({ status: 503 });
    expect([...bench.directory.entries(), ...bench.directory.clients()]).toEqual([]);
  });
});
describe('limits', () => {
  it('bounds streams, but not the return of an interrupted one', async () => {
    const bench = directoryBench({}, { limits: { streams: 1 } });
    const reply = await bench.publish(mediaClient());
    expect(await bench.publish(mediaClient({ stream: 'b' }))).toMatchObject({ status: 503, code: 'too_many_streams' });
    bench.directory.unpublished({
      key: 'live/a',
      epoch: reply.action === 'publish' ? reply.epoch : -1,
      clientId: '',
      reason: 'closed',
    });
    expect(await bench.publish(mediaClient())).toMatchObject({ action: 'publish' });
    bench.directory.close();
  });
  it('bounds the viewers of one stream over all workers', async () => {
    const bench = directoryBench({}, { limits: { viewersPerStream: 2 } });
    const viewers = [mediaClient(), mediaClient(), mediaClient()];
    const replies = [];
    for (const [workerId, viewer] of viewers.entries()) replies.push(await bench.play(viewer, workerId));
    expect(replies).toMatchObject([
      { action: 'play' },
      { action: 'play' },
      { action: 'deny', status: 503, code: 'too_many_viewers' },
    ]);
    bench.directory.stopped(viewers[0]?.clientId ?? '', 'closed');
    expect(await bench.play(mediaClient())).toMatchObject({ action: 'play' });
    bench.directory.close();
  });
  it('takes nobody after its close', async () => {
    const bench = directoryBench();
    bench.directory.close();
    expect(await bench.publish(mediaClient())).toMatchObject({ status: 503, code: 'server_stopping' });
    expect(await bench.play(mediaClient())).toMatchObject({ status: 503, code: 'server_stopping' });
  });
});
describe('a worker that dies', () => {
  it('interrupts the streams it owned or fed, ends its viewers, and touches nothing else', async () => {
    const bench = directoryBench();
    const lost = mediaClient({ stream: 'lost' });
    const other = mediaClient({ stream: 'other' });
    const viewers = [mediaClient({ stream: 'other' }), mediaClient({ stream: 'lost' })];
    await bench.publish(lost, 1);
    await bench.publish(other, 0);
    await bench.play(viewers[0] ?? lost, 1);
    await bench.play(viewers[1] ?? lost, 0);
    bench.directory.workerLost(1);
    expect(bench.directory.entry('live/lost')).toMatchObject({ state: 'interrupted', owner: undefined });
    expect(bench.directory.entry('live/other')).toMatchObject({ state: 'publishing', owner: 0 });
    expect(bench.events.slice(-2)).toMatchObject([
      { type: 'stopped', stream: 'other', reason: 'engine_failure' },
      { type: 'interrupted', stream: 'lost', reason: 'engine_failure' },
    ]);
    expect(new Set([...bench.directory.clients()].map(([id]) => id))).toEqual(
      new Set([other.clientId, viewers[1]?.clientId]),
    );
    bench.directory.close();
  });
  it('gives its streams’ time to the next owner, and mirrors to those who still watch', async () => {
    const bench = directoryBench();
    await bench.publish(mediaClient(), 1);
    await bench.play(mediaClient(), 0);
    const meter = {
      key: 'live/a',
      owner: true,
      viewers: 0,
      sentBytes: 0,
      recvBytes: 0,
      recvBps: 0,
      frames: 0,
      fps: 0,
      lastPacketAtMs: Date.now(),
      lastDtsMs: 60_000,
      notices: [],
    };
    bench.directory.report(1, Date.now(), [meter]);
    bench.directory.workerLost(1);
    bench.told.length = 0;
    const reply = await bench.publish(mediaClient(), 2);
    expect(reply).toMatchObject({ action: 'publish', resumeAfterMs: expect.any(Number) });
    const resumeAfterMs = reply.action === 'publish' ? (reply.resumeAfterMs ?? 0) : 0;
    expect(resumeAfterMs).toBeGreaterThanOrEqual(60_000);
    expect(resumeAfterMs).toBeLessThanOrEqual(62_000);
    expect(bench.toldTypes()).toEqual(['2 mirror-out', '0 mirror-in']);
    bench.directory.close();
  });
  it('ends a publisher elsewhere that fed a stream it owned', async () => {
    const bench = directoryBench();
    const first = await bench.publish(mediaClient(), 1);
    bench.directory.unpublished({
      key: 'live/a',
      epoch: first.action === 'publish' ? first.epoch : -1,
      clientId: '',
      reason: 'closed',
    });
    const feeder = mediaClient();
    await bench.publish(feeder, 0);
    bench.told.length = 0;
    bench.directory.workerLost(1);
    expect(bench.told).toEqual([
      { workerId: 0, notice: { type: 'kick', clientId: feeder.clientId, reason: 'engine_failure' } },
    ]);
    expect(bench.directory.entry('live/a')?.state).toBe('interrupted');
    bench.directory.close();
  });
});
