import { MessagePort } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { directoryBench, mediaClient } from '../testing/directory-bench.ts';
import { MIRROR_LINGER_MS } from './directory.ts';
import { SILENT_PUBLISHER_MS } from './directory-entry.ts';
import type { StreamKey } from '../hub/stream.ts';
import type { StreamReport } from './messages.ts';
import { streamInfo } from './stream-info.ts';

const GRACE_MS = 30_000;

function report(changes: Partial<StreamReport> = {}): StreamReport {
  return {
    key: 'live/a',
    owner: true,
    viewers: 0,
    sentBytes: 0,
    recvBytes: 0,
    recvBps: 0,
    frames: 0,
    fps: 0,
    lastPacketAtMs: 0,
    lastDtsMs: 0,
    notices: [],
    ...changes,
  };
}

describe('Directory', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }));
  afterEach(() => vi.useRealTimers());

  it('gives a stream to its first publisher and refuses the second', async () => {
    const bench = directoryBench();
    expect(await bench.publish(mediaClient())).toMatchObject({ action: 'publish', key: 'live/a' });
    expect(await bench.publish(mediaClient())).toMatchObject({
      action: 'deny',
      status: 409,
      code: 'already_publishing',
    });
    expect(bench.eventTypes()).toEqual(['published']);
    expect(JSON.stringify(bench.events)).not.toContain('secret');
  });

  it('ends a stream a grace after its publisher went, and not if it comes back', async () => {
    const bench = directoryBench();
    const first = mediaClient();
    const reply = await bench.publish(first);
    const gone = {
      key: 'live/a',
      epoch: reply.action === 'publish' ? reply.epoch : -1,
      clientId: first.clientId,
      reason: 'closed' as const,
    };
    bench.directory.unpublished(gone);
    expect(bench.directory.entry('live/a')?.state).toBe('interrupted');
    vi.advanceTimersByTime(GRACE_MS - 1);
    expect(await bench.publish(mediaClient())).toMatchObject({ action: 'publish' });
    vi.advanceTimersByTime(GRACE_MS * 2);
    expect(bench.directory.entry('live/a')?.state).toBe('publishing');
    expect(bench.events.at(-1)).toMatchObject({ type: 'published', resumed: true });
    const again = bench.directory.entry('live/a');
    bench.directory.unpublished({ ...gone, epoch: again?.epoch ?? -1 });
    vi.advanceTimersByTime(GRACE_MS);
    expect(bench.eventTypes()).toEqual(['published', 'interrupted', 'published', 'interrupted', 'ended']);
    expect(bench.toldTypes()).toContain('0 end');
    expect(bench.directory.entry('live/a')).toBeUndefined();
  });

  it('takes no notice of an old publisher’s unpublish', async () => {
    const bench = directoryBench();
    const first = mediaClient();
    const reply = await bench.publish(first);
    const stale = {
      key: 'live/a',
      epoch: reply.action === 'publish' ? reply.epoch : -1,
      clientId: first.clientId,
      reason: 'closed' as const,
    };
    bench.directory.unpublished(stale);
    await bench.publish(mediaClient());
    bench.directory.unpublished(stale);
    expect(bench.directory.entry('live/a')?.state).toBe('publishing');
    bench.directory.unpublished({ ...stale, key: 'live/nobody' });
  });

  it('lets the same credential take over a silent publisher, and no other', async () => {
    const bench = directoryBench();
    const first = mediaClient();
    await bench.publish(first);
    vi.advanceTimersByTime(SILENT_PUBLISHER_MS);
    expect(await bench.publish(mediaClient({ param: '?key=other' }))).toMatchObject({ code: 'already_publishing' });
    expect(await bench.publish(mediaClient())).toMatchObject({ action: 'publish' });
    expect(bench.told).toMatchObject([
      { workerId: 0, notice: { type: 'kick', clientId: first.clientId, reason: 'replaced' } },
    ]);
    expect(bench.events.at(-1)).toMatchObject({ type: 'published', resumed: true });
  });

  it('lets a silent publisher go for one on another node, and no other', async () => {
    const { directory, publish, toldTypes } = directoryBench();
    const key = 'live/a' as StreamKey;
    expect(directory.yieldTo(key, '?key=secret')).toBe(true);
    await publish(mediaClient());
    expect(directory.yieldTo(key, '?key=secret')).toBe(false);
    vi.advanceTimersByTime(SILENT_PUBLISHER_MS);
    expect(directory.yieldTo(key, '?key=other')).toBe(false);
    expect(directory.yieldTo(key, '?key=secret')).toBe(true);
    expect(toldTypes()).toContain('0 kick');
    expect(directory.entry(key)?.state).toBe('interrupted');
    expect(directory.yieldTo(key, '?key=other')).toBe(true);
  });

  it('counts no node that passes a stream on, tells nobody of it, and lets it go when the publisher drops', async () => {
    const bench = directoryBench({
      authorizePlay: async ({ param }) => ({ action: 'play', passesOn: param === '?node' }),
    });
    const { directory, publish, play, events, eventTypes, told } = bench;
    const publisher = mediaClient();
    await publish(publisher);
    const node = mediaClient({ param: '?node' });
    await play(node);
    await play(mediaClient({ param: '' }), 1);
    expect(eventTypes()).toEqual(['published', 'playing']);
    const entry = directory.entry('live/a' as StreamKey);
    if (entry === undefined) throw new Error('there is no such stream');
    expect(streamInfo(entry, { ladder: undefined, isForeign: false }).viewers).toBe(1);
    told.length = 0;
    directory.kickPublisher(entry.key, 'kicked');
    const kicked = told.flatMap(({ notice }) => (notice.type === 'kick' ? [notice.clientId] : []));
    expect(kicked).toEqual([publisher.clientId, node.clientId]);
    directory.stopped(node.clientId, 'not_published');
    expect(events.at(-1)?.type).toBe('interrupted');
    expect(streamInfo(entry, { ladder: undefined, isForeign: false }).viewers).toBe(1);
  });

  it('does not let it take over one that sends', async () => {
    const bench = directoryBench();
    await bench.publish(mediaClient());
    vi.advanceTimersByTime(60_000);
    bench.directory.report(0, Date.now(), [report({ lastPacketAtMs: Date.now() - SILENT_PUBLISHER_MS + 1 })]);
    expect(await bench.publish(mediaClient())).toMatchObject({ code: 'already_publishing' });
  });

  it('joins a publisher and viewers on other workers to the owner', async () => {
    const bench = directoryBench();
    const reply = await bench.publish(mediaClient(), 0);
    await bench.play(mediaClient(), 1);
    await bench.play(mediaClient(), 1);
    await bench.play(mediaClient(), 0);
    expect(bench.toldTypes()).toEqual(['0 mirror-out', '1 mirror-in']);
    bench.directory.unpublished({
      key: 'live/a',
      epoch: reply.action === 'publish' ? reply.epoch : -1,
      clientId: '',
      reason: 'closed',
    });
    const { reply: second } = await bench.directory.publish(bench.asker(1), mediaClient());
    expect(second).toMatchObject({ action: 'publish', port: expect.anything() });
    if (second.action === 'publish' && second.port instanceof MessagePort) second.port.close();
    expect(bench.toldTypes().slice(2)).toEqual(['0 ingest-in']);
  });

  it.each([
    ['webrtc', true],
    ['ws-flv', true],
    ['http-flv', false],
    ['rtmp', false],
    ['relay', false],
  ] as const)('tells the owner of a publisher by %s whether it is a browser: %s', async (protocol, bridged) => {
    const bench = directoryBench();
    const first = mediaClient({ protocol });
    const reply = await bench.publish(first, 0);
    expect(reply).toMatchObject({ action: 'publish', bridged });
    bench.directory.unpublished({
      key: 'live/a',
      epoch: reply.action === 'publish' ? reply.epoch : -1,
      clientId: first.clientId,
      reason: 'closed',
    });
    await bench.publish(mediaClient({ protocol }), 1);
    expect(bench.told.at(-1)).toMatchObject({ workerId: 0, notice: { type: 'ingest-in', bridged } });
  });

  it('keeps a mirror for a while after its last viewer', async () => {
    const bench = directoryBench();
    await bench.publish(mediaClient(), 0);
    const viewer = mediaClient();
    await bench.play(viewer, 1);
    bench.directory.stopped(viewer.clientId, 'closed');
    vi.advanceTimersByTime(MIRROR_LINGER_MS - 1);
    const second = mediaClient();
    await bench.play(second, 1);
    vi.advanceTimersByTime(MIRROR_LINGER_MS);
    expect(bench.toldTypes()).not.toContain('1 mirror-drop');
    bench.directory.stopped(second.clientId, 'closed');
    vi.advanceTimersByTime(MIRROR_LINGER_MS);
    expect(bench.toldTypes().at(-1)).toBe('1 mirror-drop');
  });

  it('forgets a stream nobody ever published when its last viewer leaves', async () => {
    const bench = directoryBench();
    const viewers = [mediaClient(), mediaClient()];
    for (const viewer of viewers) await bench.play(viewer);
    expect([...bench.directory.entries()]).toHaveLength(1);
    for (const { clientId } of viewers) bench.directory.stopped(clientId, 'not_published');
    bench.directory.stopped('nobody', 'closed');
    expect([...bench.directory.entries(), ...bench.directory.clients()]).toEqual([]);
    expect(bench.eventTypes()).toEqual(['playing', 'playing', 'stopped', 'stopped']);
  });

  it('kicks and ends', async () => {
    const bench = directoryBench();
    const publisher = mediaClient();
    const viewer = mediaClient();
    await bench.publish(publisher, 0);
    await bench.play(viewer, 1);
    expect([bench.directory.kick(viewer.clientId, 'kicked'), bench.directory.kick('nobody', 'kicked')]).toEqual([
      true,
      false,
    ]);
    expect(bench.told.at(-1)).toEqual({
      workerId: 1,
      notice: { type: 'kick', clientId: viewer.clientId, reason: 'kicked' },
    });
    expect(bench.directory.end('live/a', 'ended')).toBe(true);
    expect(bench.toldTypes().slice(-3).sort()).toEqual(['0 end', '0 kick', '1 end']);
    expect(bench.directory.end('live/a', 'ended')).toBe(false);
    expect(bench.eventTypes().at(-1)).toBe('ended');
  });
});
