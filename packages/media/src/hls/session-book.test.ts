import { MessagePort } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MainNotice } from '../cluster/messages.ts';
import type { MediaHooks } from '../hooks/contract.ts';
import { directoryBench, mediaClient } from '../testing/directory-bench.ts';
import { testOptions } from '../testing/media-options.ts';
import { HlsSessionBook } from './session-book.ts';

/** A book over a real directory, with two workers that are lists of what they were told. */
function bench(hooks: Partial<MediaHooks> = {}) {
  const told: { workerId: number; notice: MainNotice }[] = [];
  const made: string[] = [];
  const books: HlsSessionBook[] = [];
  const { directory, events, publish, asker } = directoryBench({
    ...hooks,
    notify: (event) => {
      events.push(event);
      for (const book of books) book.heard(event);
    },
  });
  const book = new HlsSessionBook({
    options: testOptions(),
    directory,
    ladder: {
      sourceOf: (stream) => (stream.endsWith('_720p') ? stream.slice(0, -5) : undefined),
      refuse: () => undefined,
      wanted: ({ stream }) => made.push(`wanted ${stream}`),
      unwanted: (key) => made.push(`unwanted ${key}`),
    },
    send: (workerId, notice) => {
      if ('port' in notice && notice.port instanceof MessagePort) notice.port.close();
      told.push({ workerId, notice });
    },
    workers: () => [0, 1],
  });
  books.push(book);
  const touch = (sessionId: string, targetDurationS = 2, key = 'live/a'): void =>
    book.notice(1, { notice: 'touched', streams: [{ key, targetDurationS, sessions: [[sessionId, 100]] }] });
  const viewer = (clientId: string) => mediaClient({ clientId, protocol: 'hls' });
  return { book, directory, events, told, made, publish, asker, touch, viewer };
}

describe('HlsSessionBook', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('a session lives as long as it is heard of, by target durations, and is told of once', async () => {
    const { book, events, touch, viewer } = bench();
    expect(await book.open(viewer('one'))).toEqual({ action: 'opened', restricted: false });
    expect(await book.open(viewer('one'))).toEqual({ action: 'opened', restricted: false });
    for (let seconds = 0; seconds < 40; seconds += 10) {
      vi.advanceTimersByTime(10_000);
      touch('one');
    }
    expect(book.traffic().get('one')).toEqual({ sendBytes: 400, recvBytes: 0 });
    touch('one', 10);
    vi.advanceTimersByTime(39_000);
    expect(events.map(({ type }) => type)).toEqual(['playing']);
    vi.advanceTimersByTime(3000);
    expect(events.at(-1)).toMatchObject({ type: 'stopped', reason: 'closed', viewer: 'one' });
    book.close();
  });

  it('what is sent is a rate of the stream, until nothing is sent any more', async () => {
    const { book, directory, publish, touch } = bench();
    await publish(mediaClient());
    for (let seconds = 0; seconds < 30; seconds++) {
      touch('one');
      vi.advanceTimersByTime(1000);
    }
    const bps = (): number =>
      [...(directory.entry('live/a')?.sent.values() ?? [])].reduce((sum, one) => sum + one.bps, 0);
    expect(bps()).toBe(800);
    vi.advanceTimersByTime(20_000);
    expect(bps()).toBe(0);
    book.close();
  });

  it('one that was forgotten is not known; one that was kicked stays away, and every worker hears of it', async () => {
    const { book, directory, told, touch, viewer, events } = bench();
    touch('never');
    expect(told.at(-1)).toEqual({ workerId: 1, notice: { type: 'hls', what: 'unknown', sessionIds: ['never'] } });
    await book.open(viewer('two'));
    book.obey({ type: 'kick', clientId: 'two', reason: 'kicked' });
    const kicked = { type: 'hls', what: 'kicked', sessionIds: ['two'] };
    expect(told.slice(-2)).toEqual([
      { workerId: 0, notice: kicked },
      { workerId: 1, notice: kicked },
    ]);
    expect(events.at(-1)).toMatchObject({ type: 'stopped', reason: 'kicked' });
    expect(await book.open(viewer('two'))).toMatchObject({ action: 'deny', code: 'kicked' });
    touch('two');
    expect(told.at(-1)?.notice).toEqual(kicked);
    expect(directory.entry('live/a')).toBeUndefined();
    book.close();
  });

  it('who leaves before the answer was never there; what the platform refuses is refused', async () => {
    const answers: ((verdict: Awaited<ReturnType<MediaHooks['authorizePlay']>>) => void)[] = [];
    const { book, events, viewer } = bench({ authorizePlay: () => new Promise((resolve) => answers.push(resolve)) });
    const gone = book.open(viewer('gone'));
    book.notice(0, { notice: 'left', sessionId: 'gone' });
    answers[0]?.({ action: 'play' });
    await gone;
    expect(events).toEqual([]);
    const refused = book.open(viewer('refused'));
    answers[1]?.({ action: 'deny', status: 403, code: 'room_private', message: '' });
    expect(await refused).toMatchObject({ status: 403, code: 'room_private' });
    book.close();
  });

  it('workers hear when a stream that they serve becomes private', async () => {
    let restricted = false;
    const { book, told, viewer } = bench({ authorizePlay: () => Promise.resolve({ action: 'play', restricted }) });
    await book.open(viewer('before'));
    restricted = true;
    expect(await book.open(viewer('after'))).toMatchObject({ restricted: true });
    expect(told.map(({ workerId, notice }) => [workerId, notice])).toEqual(
      [0, 1].map((workerId) => [workerId, { type: 'hls', what: 'rights', key: 'live/a', restricted: true }]),
    );
    book.close();
  });

  it('leads a worker to the owner, waits for one, and not for ever', async () => {
    const { book, publish, told, asker } = bench();
    const find = (workerId: number, waitMs: number) =>
      book.find(asker(workerId), { key: 'live/a', waitMs, wants: true });
    const never = find(0, 500);
    vi.advanceTimersByTime(500);
    expect((await never).reply).toEqual({ action: 'none' });
    const [own, other] = [find(0, 5000), find(1, 5000)];
    await publish(mediaClient({ clientId: 'publisher' }), 0);
    expect((await own).reply).toEqual({ action: 'own', restricted: true });
    const { reply, transfer } = await other;
    expect(reply).toMatchObject({ action: 'replica' });
    for (const port of transfer ?? []) port.close();
    expect(told.at(-1)).toMatchObject({ workerId: 0, notice: { type: 'hls', what: 'replicate', key: 'live/a' } });
    book.close();
  });

  it('a rendition is made for as long as its playlist is asked for', () => {
    const { book, made, touch, asker } = bench();
    void book.find(asker(0), { key: 'live/a_720p', waitMs: 10, wants: false });
    expect(made).toEqual([]);
    void book.find(asker(0), { key: 'live/a_720p', waitMs: 10, wants: true });
    vi.advanceTimersByTime(9000);
    touch('one', 2, 'live/a_720p');
    vi.advanceTimersByTime(9000);
    expect(book.demands('live/a_720p')).toBe(true);
    vi.advanceTimersByTime(5000);
    expect(made).toEqual(['wanted a_720p', 'unwanted live/a_720p']);
    book.close();
  });

  it('the end of a stream ends its sessions', async () => {
    const { book, directory, events, viewer, publish } = bench();
    await publish(mediaClient({ clientId: 'publisher' }));
    await book.open(viewer('three'));
    directory.end('live/a', 'ended');
    book.obey({ type: 'end', key: 'live/a', reason: 'ended' });
    await Promise.resolve();
    expect(events.map(({ type }) => type)).toEqual(['published', 'playing', 'ended', 'stopped']);
    book.close();
  });
});
