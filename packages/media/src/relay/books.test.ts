import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MainNotice } from '../cluster/messages.ts';
import type { MediaEvent, StreamOrigin } from '../hooks/contract.ts';
import { mediaClient } from '../testing/directory-bench.ts';
import type { StreamKey } from '../hub/stream.ts';
import { testLog, testOptions } from '../testing/media-options.ts';
import { PullBook } from './pull-book.ts';
import type { PullRule } from './pull-rule.ts';
import { PushBook } from './push-book.ts';
import type { PushStatus } from './push-status.ts';

const STREAM = { app: 'live', stream: 'a' };
const PUSH = { id: 'p', url: 'rtmp://host/app/very-secret' };

/** What was sent to which worker, in words. */
function posted(told: { workerId: number; notice: MainNotice }[]): string[] {
  return told.splice(0).map(({ workerId, notice }) => {
    const what =
      'order' in notice ? ('url' in notice.order ? notice.order.url : '') : 'key' in notice ? notice.key : '';
    return `${workerId} ${notice.type} ${what}`;
  });
}

const event = (type: MediaEvent['type'], protocol: 'rtmp' | 'relay' | 'node' = 'rtmp'): MediaEvent => {
  const { param: _, ...client } = mediaClient({ protocol });
  const base = { ...STREAM, client, viewer: 'v', reason: 'x', resumed: false, atMs: 0 };
  return { ...base, type } as MediaEvent;
};

describe('the book of pushes', () => {
  const bench = () => {
    const told: { workerId: number; notice: MainNotice }[] = [];
    const owner: { id: number | undefined } = { id: 1 };
    const book = new PushBook({ ownerOf: () => owner.id, send: (workerId, notice) => told.push({ workerId, notice }) });
    return { book, owner, told: () => posted(told) };
  };
  const pushing: PushStatus = { state: 'pushing', sinceMs: 5, sentBytes: 9, bitrateBps: 8, attempts: 0 };

  it('orders the owner of the stream, and ends with the stream', () => {
    const { book, owner, told } = bench();
    owner.id = undefined;
    expect(book.start(STREAM, PUSH)).toBe(false);
    owner.id = 1;
    expect(book.start(STREAM, PUSH)).toBe(true);
    book.report(1, 'p', pushing);
    book.report(0, 'p', { ...pushing, state: 'failed' });
    expect(book.list()).toEqual([{ ...pushing, ...STREAM, id: 'p' }]);
    expect(book.start(STREAM, { ...PUSH, url: 'rtmp://host/app/other' })).toBe(true);
    expect(told()).toEqual([`1 push-start ${PUSH.url}`, '1 push-stop ', '1 push-start rtmp://host/app/other']);
    book.heard({ ...event('ended'), stream: 'b' });
    expect(book.list()).toHaveLength(1);
    book.heard(event('ended'));
    expect([book.list(), book.stop('p'), told()]).toEqual([[], false, []]);
  });

  it('follows the stream to its next owner when a worker dies', () => {
    const { book, owner, told } = bench();
    book.start(STREAM, PUSH);
    book.report(1, 'p', pushing);
    book.workerLost(0);
    book.workerLost(1);
    expect(book.list()).toMatchObject([{ state: 'idle', bitrateBps: 0 }]);
    owner.id = 0;
    book.heard(event('published'));
    book.heard(event('published'));
    expect(told()).toEqual([`1 push-start ${PUSH.url}`, `0 push-start ${PUSH.url}`]);
  });

  it('holds a bounded number', () => {
    const { book } = bench();
    for (let n = 0; n < 5000; n++) expect(book.start(STREAM, { ...PUSH, id: String(n) })).toBe(true);
    expect(book.start(STREAM, PUSH)).toBe(false);
    expect(book.start(STREAM, { ...PUSH, id: '0' })).toBe(true);
  });
});

describe('the book of pulls', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const bench = (rule: Partial<PullRule> | 'nodes' = {}) => {
    const told: { workerId: number; notice: MainNotice }[] = [];
    const state = {
      workers: [0, 1],
      isInterrupted: false,
      waiting: new Map([[1, 1]]) as Map<number, number> | undefined,
      viewers: 1,
    };
    const ended: string[] = [];
    const rules: PullRule = { app: 'live', stream: '*', url: 'rtmp://far/{stream}', mode: 'on_demand' };
    const pull: PullRule[] = rule === 'nodes' ? [] : [{ ...rules, ...rule }];
    const origin: { now: StreamOrigin } = { now: 'none' };
    const book = new PullBook({
      options: testOptions({
        relay: { allowPrivate: false, timeoutMs: 1000, pull, pullLingerMs: 30_000 },
        limits: { streams: 2 },
      }),
      log: testLog(),
      send: (workerId, notice) => told.push({ workerId, notice }),
      workers: () => state.workers,
      waitingFor: () => state.waiting,
      viewersOf: () => state.viewers,
      end: (key) => ended.push(key),
      isInterrupted: () => state.isInterrupted,
      findOrigin: rule === 'nodes' ? async () => origin.now : undefined,
    });
    return { book, state, ended, origin, told: () => posted(told) };
  };

  it('fetches where somebody waits, once, until 30 s after the last has gone', () => {
    const { book, state, ended, told } = bench();
    book.heard(event('playing'));
    book.heard(event('playing'));
    expect(told()).toEqual(['1 pull-start rtmp://far/a']);
    book.heard(event('published', 'relay'));
    state.waiting = undefined;
    book.heard(event('stopped'));
    vi.advanceTimersByTime(29_000);
    book.heard(event('playing'));
    vi.advanceTimersByTime(60_000);
    book.heard(event('stopped'));
    vi.advanceTimersByTime(60_000);
    expect(told()).toEqual([]);
    state.viewers = 0;
    book.heard(event('stopped'));
    vi.advanceTimersByTime(30_000);
    expect([told(), ended]).toEqual([['1 pull-stop live/a'], ['live/a']]);
  });

  it('asks which node has a stream until one has, and anew when it comes no more', async () => {
    const { book, state, ended, origin, told } = bench('nodes');
    book.heard(event('playing'));
    await vi.advanceTimersByTimeAsync(5000);
    expect(told()).toEqual([]);
    origin.now = { url: 'http://a/live/a.flv' };
    await vi.advanceTimersByTimeAsync(500);
    expect(told()).toEqual(['1 pull-start http://a/live/a.flv']);
    book.heard(event('published', 'node'));
    state.waiting = undefined;
    origin.now = 'none';
    book.pullOver(0, 'live/a' as StreamKey);
    book.pullOver(1, 'live/a' as StreamKey);
    book.heard(event('interrupted', 'node'));
    await vi.advanceTimersByTimeAsync(5000);
    expect(told()).toEqual([]);
    origin.now = { url: 'http://c/live/a.flv' };
    await vi.advanceTimersByTimeAsync(500);
    expect(told()).toEqual(['0 pull-start http://c/live/a.flv']);
    book.heard(event('published', 'node'));
    origin.now = 'ended';
    book.pullOver(0, 'live/a' as StreamKey);
    await vi.advanceTimersByTimeAsync(500);
    expect([ended, told()]).toEqual([['live/a'], []]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told()).toEqual([]);
  });

  it('tries a node that gives nothing less and less often, until something came', async () => {
    const { book, origin, told } = bench('nodes');
    origin.now = { url: 'http://a/live/a.flv' };
    book.heard(event('playing'));
    const tries = async (ms: number): Promise<number> => {
      let tried = told().length;
      for (let passedMs = 0; passedMs < ms; passedMs += 100) {
        book.pullOver(1, 'live/a' as StreamKey);
        await vi.advanceTimersByTimeAsync(100);
        tried += told().length;
      }
      return tried;
    };
    expect(await tries(60_000)).toBeLessThan(26);
    book.heard(event('published', 'node'));
    expect(await tries(12_000)).toBeGreaterThan(2);
  });

  it('looks elsewhere for a publisher that dropped here, for who watches, and leaves it its grace', async () => {
    const { book, state, ended, origin, told } = bench('nodes');
    state.waiting = undefined;
    book.heard(event('playing'));
    state.isInterrupted = true;
    book.heard(event('interrupted'));
    await vi.advanceTimersByTimeAsync(1000);
    state.viewers = 0;
    book.heard(event('stopped'));
    await vi.advanceTimersByTimeAsync(60_000);
    expect([ended, told()]).toEqual([[], []]);
    state.viewers = 1;
    origin.now = { url: 'http://c/live/a.flv' };
    book.heard(event('playing'));
    await vi.advanceTimersByTimeAsync(0);
    expect(told()).toEqual(['0 pull-start http://c/live/a.flv']);
    book.heard(event('published'));
    expect(told()).toEqual(['0 pull-stop live/a']);
  });

  it('a worker that dies takes no address with it that may be too old', async () => {
    const { book, origin, told } = bench('nodes');
    origin.now = { url: 'http://a/live/a.flv' };
    book.heard(event('playing'));
    await vi.advanceTimersByTimeAsync(0);
    origin.now = { url: 'http://b/live/a.flv' };
    book.workerLost(1);
    await vi.advanceTimersByTimeAsync(2000);
    expect(told()).toEqual(['1 pull-start http://a/live/a.flv', '1 pull-start http://b/live/a.flv']);
  });

  it('not what somebody publishes here, and no longer when somebody does', () => {
    const { book, state, told } = bench();
    state.waiting = undefined;
    book.heard(event('playing'));
    expect(told()).toEqual([]);
    state.waiting = new Map();
    book.heard(event('playing'));
    book.heard(event('published'));
    expect(told()).toEqual(['0 pull-start rtmp://far/a', '0 pull-stop live/a']);
  });

  it('goes on elsewhere when its worker died, as soon as there is one', () => {
    const { book, state, told } = bench();
    book.heard(event('playing'));
    state.workers = [];
    book.workerLost(1);
    vi.advanceTimersByTime(5000);
    state.workers = [0];
    vi.advanceTimersByTime(1000);
    expect(told()).toEqual(['1 pull-start rtmp://far/a', '0 pull-start rtmp://far/a']);
    book.close();
  });

  it('always, from the start, and again after the stream was ended or published here', () => {
    const { book, state, told } = bench({ stream: 'a', mode: 'always' });
    state.waiting = undefined;
    book.start();
    book.heard(event('ended'));
    book.heard(event('published'));
    book.heard(event('ended'));
    expect(told()).toEqual(['0 pull-start rtmp://far/a', '0 pull-stop live/a', '1 pull-start rtmp://far/a']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('as many as there may be streams', () => {
    const { book, told } = bench();
    for (const stream of ['a', 'b', 'c']) book.heard({ ...event('playing'), stream });
    expect(told()).toHaveLength(2);
  });
});
