import { describe, expect, it } from 'vitest';
import type { MainNotice } from '../cluster/messages.ts';
import type { MediaEvent } from '../hooks/contract.ts';
import { mediaClient } from '../testing/directory-bench.ts';
import { testLog } from '../testing/media-options.ts';
import { MAX_RECORDINGS, type RecordedPart, type RecordingFigures } from './contract.ts';
import { RecordBook } from './record-book.ts';

const STREAM = { app: 'live', stream: 'a' };
const REQUEST = { id: 'r', folder: '/records/r' };
const FIGURES: RecordingFigures = { state: 'recording', sizeBytes: 9, durationMs: 8, parts: 1, gaps: 0, lostMs: 0 };
const { param: _secret, ...client } = mediaClient();

const part = (n: number): RecordedPart => ({
  n,
  file: `00${n}.mp4`,
  startMs: 0,
  epochMs: 0,
  durationMs: 1,
  sizeBytes: 1,
});
const published: MediaEvent = { type: 'published', ...STREAM, client, resumed: true, atMs: 0 };
const streamEnded: MediaEvent = { type: 'ended', ...STREAM, reason: 'ended', atMs: 0 };

/** A book whose workers are a list of what they were told, and whose dead ones left the given files. */
function bench({ left = [] }: { left?: RecordedPart[] } = {}) {
  const told: string[] = [];
  const events: string[] = [];
  const owner: { id: number | undefined } = { id: 1 };
  const say = (workerId: number, notice: MainNotice): void => {
    const id = notice.type === 'record-stop' ? ` ${notice.reason}` : '';
    told.push(`${workerId} ${notice.type}${id}`);
  };
  const book = new RecordBook({
    ownerOf: () => (owner.id === undefined ? undefined : { workerId: owner.id, client }),
    send: say,
    notify: (event) => {
      if (event.type === 'recording_part') events.push(`part ${event.part.n}`);
      else if (event.type === 'recording_ended') events.push(`ended ${event.reason}`);
      else events.push(event.type);
    },
    recover: async () => ({ parts: left }),
    makeRoom: async ({ id, app, stream }) => {
      if (id === 'bad') throw new Error('no database');
      return { quotaBytes: `${app}/${stream}`.length };
    },
    log: testLog(),
  });
  return { book, owner, told: () => told.splice(0), events: () => events.splice(0) };
}

describe('the book of recordings', () => {
  it('orders the owner of the stream, lists what it says, and tells of each thing once', () => {
    const { book, owner, told, events } = bench();
    expect(book.start(STREAM, REQUEST)).toBe(true);
    expect(book.start(STREAM, REQUEST)).toBe(false);
    book.news(1, 'r', { type: 'figures', figures: FIGURES });
    book.news(0, 'r', { type: 'ended', reason: 'ended' });
    book.news(1, 'r', { type: 'started' });
    book.news(1, 'r', { type: 'part', part: part(1) });
    book.news(1, 'r', { type: 'part', part: part(1) });
    expect(book.list()).toEqual([{ ...FIGURES, ...STREAM, ...REQUEST, startedAtMs: expect.any(Number) }]);
    expect(book.stop('r')).toBe(true);
    expect(book.list()).toMatchObject([{ state: 'stopping' }]);
    book.news(1, 'r', { type: 'ended', reason: 'stopped' });
    expect([book.stop('r'), book.list()]).toEqual([false, []]);
    expect(told()).toEqual(['1 record-start', '1 record-stop stopped']);
    expect(events()).toEqual(['recording_started', 'part 1', 'ended stopped']);
    owner.id = undefined;
    expect(book.start(STREAM, REQUEST)).toBe(false);
  });

  it('follows the stream to its next owner when a worker dies', () => {
    const { book, owner, told, events } = bench();
    book.start(STREAM, REQUEST);
    book.news(1, 'r', { type: 'started' });
    book.workerLost(1);
    expect(book.list()).toMatchObject([{ state: 'waiting' }]);
    owner.id = 0;
    book.heard(published);
    book.heard(published);
    book.news(0, 'r', { type: 'started' });
    expect(told()).toEqual(['1 record-start', '0 record-start']);
    expect(events()).toEqual(['recording_started']);
  });

  it('ends with the stream, by what is found when whoever wrote it is dead', async () => {
    const { book, told, events } = bench({ left: [part(1), part(2)] });
    book.start(STREAM, REQUEST);
    book.news(1, 'r', { type: 'part', part: part(1) });
    book.workerLost(1);
    book.heard({ ...streamEnded, stream: 'b' });
    book.heard(streamEnded);
    await expect.poll(() => book.list()).toEqual([]);
    expect(told()).toEqual(['1 record-start']);
    expect(events()).toEqual(['recording_started', 'part 1', 'part 2', 'ended ended']);
  });

  it('ends when its worker dies while it ends', async () => {
    const { book, events } = bench();
    book.start(STREAM, REQUEST);
    book.heard(streamEnded);
    book.workerLost(1);
    await expect.poll(events).toEqual(['ended ended']);
  });

  it('asks for room in the words of its stream, and takes a failure for a no', async () => {
    const { book } = bench();
    const question = { reason: 'quota', sizeBytes: 5 } as const;
    book.start(STREAM, REQUEST);
    book.start(STREAM, { ...REQUEST, id: 'bad' });
    expect(await book.makeRoom({ id: 'r', ...question })).toEqual({ quotaBytes: 6 });
    expect(await book.makeRoom({ id: 'bad', ...question })).toBeUndefined();
    expect(await book.makeRoom({ id: 'none', ...question })).toBeUndefined();
  });

  it('holds a bounded number', () => {
    const { book } = bench();
    for (let n = 0; n < MAX_RECORDINGS; n++) expect(book.start(STREAM, { ...REQUEST, id: `n${n}` })).toBe(true);
    expect(book.start(STREAM, REQUEST)).toBe(false);
  });
});
