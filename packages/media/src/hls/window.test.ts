import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MessageChannel } from 'node:worker_threads';
import { applyDelta, violationsOf } from '../../../formats/src/testing/hls-rules.ts';
import { HeldRequests, HoldCount } from './held-requests.ts';
import { MemoryAccount } from './memory-account.ts';
import { variantOf } from './multivariant.ts';
import { PlaylistShelf } from './playlist.ts';
import { receiveReplica, ReplicaSender } from './replica.ts';
import { SessionNotes } from './session-notes.ts';
import { sessionIdOf, sessionToken } from './session-token.ts';
import { DEFAULT_MEDIA_OPTIONS } from '../options.ts';
import { HlsWindow, type WindowChange } from './window.ts';

const RUN = '0123456789ab';

/** Five parts of 400 ms a segment; the last one is open with `openParts` of them. */
function filled({ closed, openParts = 2 }: { closed: number; openParts?: number }) {
  const window = new HlsWindow({ run: RUN, targetDurationS: 2, discontinuitySequence: 0 });
  window.apply([
    { type: 'part-target', ms: 400 },
    {
      type: 'init',
      init: {
        id: 0,
        bytes: new Uint8Array(100),
        tracks: [
          { kind: 'video', codecString: 'avc1.64001f', width: 1280, height: 720 },
          { kind: 'audio', codecString: 'mp4a.40.2' },
        ],
      },
    },
  ]);
  for (let msn = 0; msn < closed; msn++) window.apply([open(msn), ...parts(5), { type: 'close' }]);
  window.apply([open(closed), ...parts(openParts)]);
  return window;
}

function open(msn: number, discontinuity = false): WindowChange {
  return { type: 'open', head: { msn, programDateTimeMs: msn * 2000, discontinuity, initId: 0 } };
}

function parts(count: number, bytes = 1000): WindowChange[] {
  return Array.from({ length: count }, (_, index) => ({
    type: 'part',
    part: { bytes: new Uint8Array(bytes), durationMs: 400, independent: index === 0, frames: 10 },
  }));
}

const textOf = (window: HlsWindow, skip = false): string =>
  new PlaylistShelf(window, () => []).get({ skip, restricted: false }).bytes.toString();

describe('HlsWindow', () => {
  it.each([
    { place: { msn: 2 }, has: true },
    { place: { msn: 3 }, has: false },
    { place: { msn: 3, part: 1 }, has: true },
    { place: { msn: 3, part: 2 }, has: false },
    { place: { msn: 2, part: 4 }, has: true },
    { place: { msn: 2, part: 5 }, has: true, why: 'past its end: the first of the next' },
    { place: { msn: 4, part: 0 }, has: false },
    { place: { msn: 0, part: 900 }, has: true },
  ])('has $place: $has', ({ place, has }) => {
    expect(filled({ closed: 3 }).has(place)).toBe(has);
  });

  it('a part past the end of the last segment is awaited as the next one’s first', () => {
    const window = filled({ closed: 3, openParts: 5 });
    window.apply([{ type: 'close' }]);
    expect(window.has({ msn: 3, part: 5 })).toBe(false);
    window.apply([open(4), ...parts(1)]);
    expect(window.has({ msn: 3, part: 5 })).toBe(true);
  });

  it('counts discontinuities that leave, and lets go of what they had alone', () => {
    const window = filled({ closed: 2, openParts: 5 });
    const init = { id: 1, bytes: new Uint8Array(50), tracks: [] };
    window.apply([{ type: 'close' }, { type: 'init', init }]);
    for (const msn of [3, 4, 5]) {
      const head = { msn, programDateTimeMs: 0, discontinuity: msn === 3, initId: 1 };
      window.apply([{ type: 'open', head }, ...parts(5), { type: 'close' }]);
    }
    window.apply([{ type: 'slide', listedMsn: 4, keptMsn: 2 }]);
    expect([window.discontinuitySequence, window.inits.size, window.segments[0]?.msn]).toEqual([1, 2, 2]);
    window.apply([{ type: 'slide', listedMsn: 4, keptMsn: 4 }]);
    expect([window.discontinuitySequence, window.inits.size, window.sizeBytes]).toEqual([1, 1, 2 * 5000 + 50]);
  });

  it('a copy by another worker is the same, over the same memory', async () => {
    const window = filled({ closed: 4 });
    window.apply([{ type: 'slide', listedMsn: 2, keptMsn: 1 }]);
    const { port1, port2 } = new MessageChannel();
    const gone = Promise.withResolvers<void>();
    const sender = new ReplicaSender(port1, () => gone.resolve());
    const copies: HlsWindow[] = [];
    const closed = Promise.withResolvers<void>();
    receiveReplica(port2, { window: (copy) => copies.push(copy), closed: () => closed.resolve() });
    sender.follow(window);
    window.apply([...parts(1), { type: 'state', state: 'interrupted' }]);
    await expect.poll(() => copies[0]?.state).toBe('interrupted');
    const [copy] = copies;
    expect(copy && textOf(copy)).toBe(textOf(window));
    expect(copy?.sizeBytes).toBe(window.sizeBytes);
    expect(copy?.version).toBe(window.version);
    expect(window.segment(2)?.parts[0]?.bytes.buffer).toBeInstanceOf(SharedArrayBuffer);
    sender.close();
    await Promise.all([gone.promise, closed.promise]);
  });
});

describe('playlists', () => {
  it('keep the rules, in full and as a delta', () => {
    const window = filled({ closed: 30 });
    const full = textOf(window);
    expect(violationsOf(full)).toEqual([]);
    expect(applyDelta(full, textOf(window, true)).violations).toEqual([]);
    expect(full.match(/EXT-X-PART:/g)).toHaveLength(12);
    expect(full).toContain(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${RUN}-30.2.m4s"`);
  });

  it('are rendered once per change, and again for another', () => {
    const window = filled({ closed: 3 });
    const shelf = new PlaylistShelf(window, () => []);
    const first = shelf.get({ skip: false, restricted: false });
    expect(shelf.get({ skip: false, restricted: false })).toBe(first);
    window.apply(parts(1));
    const second = shelf.get({ skip: false, restricted: false });
    expect(second).not.toBe(first);
    expect(second.etag).not.toBe(first.etag);
  });

  it('carry the session of a private stream at every address', () => {
    const window = filled({ closed: 3 });
    const rendered = new PlaylistShelf(window, () => []).get({ skip: false, restricted: true });
    const text = rendered.forSession('TOKEN').toString();
    const addresses = text.match(/[\w-]+(?:\.\d+)?\.m(?:4s|p4)[^"\n]*/g) ?? [];
    expect(addresses.length).toBeGreaterThan(15);
    for (const address of addresses) expect(address).toMatch(/\?session=TOKEN$/);
  });

  it('a variant is measured', () => {
    expect(variantOf(filled({ closed: 3 }), 'live.m3u8')).toEqual({
      uri: 'live.m3u8',
      bandwidthBps: 20_000,
      averageBandwidthBps: 20_000,
      codecs: ['avc1.64001f', 'mp4a.40.2'],
      width: 1280,
      height: 720,
      frameRate: 25,
    });
  });
});

describe('HeldRequests', () => {
  it('answers all who wait in one step, those who wait too long as it is, and forgets who goes', () => {
    const window = filled({ closed: 3 });
    const count = new HoldCount(10);
    const holds = new HeldRequests({ window, count, maxHeld: 4 });
    const ends: string[] = [];
    const hold = (name: string, part: number, untilMs = 1000): (() => void) | undefined =>
      holds.hold({ msn: 3, part }, untilMs, (why) => ends.push(`${name} ${why}`));
    hold('a', 2);
    hold('b', 2);
    const leave = hold('c', 2);
    hold('late', 3, 500);
    expect(hold('too many', 3)).toBeUndefined();
    leave?.();
    leave?.();
    expect(count.held).toBe(3);
    window.apply(parts(1));
    expect(ends).toEqual(['a ready', 'b ready']);
    holds.sweep(499);
    holds.sweep(500);
    expect(ends.at(-1)).toBe('late unchanged');
    hold('end', 4);
    window.apply([{ type: 'state', state: 'ended' }]);
    expect(ends.at(-1)).toBe('end ready');
    expect(count.held).toBe(0);
  });
});

describe('sessions', () => {
  const secret = new Uint8Array(32).fill(7);

  it.each([
    ['its own stream', 'live/a', (token: string) => token, 'abcdefghij01'],
    ['another stream', 'live/b', (token: string) => token, undefined],
    ['another id', 'live/a', (token: string) => `b${token.slice(1)}`, undefined],
    ['another proof', 'live/a', (token: string) => `${token.slice(0, -2)}AA`, undefined],
    ['no token', 'live/a', () => 'x', undefined],
  ])('a token is good for %s', (_what, key, change, sessionId) => {
    const token = sessionToken(secret, { key: 'live/a', sessionId: 'abcdefghij01' });
    expect(sessionIdOf(secret, { key, token: change(token) })).toBe(sessionId);
  });

  describe('notes', () => {
    beforeEach(() => vi.useFakeTimers());
    afterEach(() => vi.useRealTimers());

    it('are told together, with the bytes since', () => {
      const told: unknown[] = [];
      const notes = new SessionNotes({ secret, tell: (notice) => told.push(notice) });
      notes.touch({ key: 'live/a', targetDurationS: 2 }, 'one', 10);
      notes.touch({ key: 'live/a', targetDurationS: 3 }, 'one', 5);
      notes.touch({ key: 'live/b', targetDurationS: 2 }, 'two', 0);
      vi.advanceTimersByTime(2000);
      vi.advanceTimersByTime(2000);
      expect(told).toEqual([
        {
          notice: 'touched',
          streams: [
            { key: 'live/a', targetDurationS: 3, sessions: [['one', 15]] },
            { key: 'live/b', targetDurationS: 2, sessions: [['two', 0]] },
          ],
        },
      ]);
      notes.kicked(['one']);
      notes.unknown(['two']);
      expect([notes.isKicked('one'), notes.isUnknown('two')]).toEqual([true, true]);
      notes.opened('two');
      expect(notes.isUnknown('two')).toBe(false);
      notes.close();
    });
  });
});

describe('MemoryAccount', () => {
  it('adds up all workers, and forgets one that began anew', () => {
    const shared = MemoryAccount.allocate(2);
    const options = { ...DEFAULT_MEDIA_OPTIONS.hls, totalBytes: 1_000_000 };
    const [first, second] = [0, 1].map((workerId) => new MemoryAccount({ shared, workerId, options }));
    first?.add(600_000);
    second?.add(500_000);
    expect(first?.isCrowded).toBe(true);
    expect(new MemoryAccount({ shared, workerId: 0, options }).isCrowded).toBe(false);
  });
});
