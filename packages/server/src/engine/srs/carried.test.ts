import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { EngineEvent, PublicEngineClient } from '../contract.ts';
import { SrsCarried, type Look } from './carried.ts';

const GRACE_MS = 30_000;
const A = { app: 'live', stream: 'a' };

let events: string[];
let carried: SrsCarried;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  events = [];
  carried = new SrsCarried({ emit: (event) => events.push(describeEvent(event)), now: Date.now, graceMs: GRACE_MS });
});
afterEach(() => {
  carried.forget();
  vi.useRealTimers();
});

function describeEvent(event: EngineEvent): string {
  const who = 'client' in event ? ` ${event.client.clientId}` : '';
  const more = event.type === 'published' && event.resumed ? ' again' : '';
  return `${event.type}${who}${more}${'reason' in event ? ` ${event.reason}` : ''}`;
}

function client(id: string, stream = 'a', server = 's1'): PublicEngineClient {
  return { clientId: `${id}_${server}`, app: 'live', stream, protocol: 'rtmp', address: '203.0.113.9' };
}

function look({
  publishers = [],
  viewers = [],
  ...rest
}: { publishers?: string[]; viewers?: string[]; aliveMs?: number; recvBytes?: number; server?: string } = {}): Look {
  const { aliveMs = 5000, recvBytes = 1, server = 's1' } = rest;
  return {
    ...{ server, beganMs: Date.now() },
    publishers: publishers.map((id) => {
      const found = client(id, 'a', server);
      return { ...A, clientId: found.clientId, client: found, recvBytes, aliveMs };
    }),
    viewers: viewers.map((id) => ({ ...client(id, 'a', server), aliveMs })),
  };
}

/** Let in and seen in the lists. */
function publish(id = 'p'): void {
  carried.admit(client(id), 'room:1');
  carried.compare(look({ publishers: [id] }));
}

describe('a publisher', () => {
  test('is current when the lists say so, not when it was let in', () => {
    carried.admit(client('p'), 'room:1');
    expect(events).toEqual([]);
    expect(carried.admittedTo(A)?.clientId).toBe('p_s1');
    carried.compare(look());
    expect(events).toEqual([]);
    carried.compare(look({ publishers: ['p'] }));
    expect(events).toEqual(['published p_s1']);
    expect(carried.admittedTo(A)).toBeUndefined();
  });

  test('that left while the lists were read, or just before, is no stranger and not back', () => {
    publish();
    const old = look({ publishers: ['p'], aliveMs: 1000 });
    vi.advanceTimersByTime(500);
    carried.left('p_s1', A, 'closed');
    expect(carried.compare(old).publishers).toEqual([]);
    vi.advanceTimersByTime(500);
    expect(carried.compare(look({ publishers: ['p'], aliveMs: 1000 })).publishers).toEqual([]);
    expect(events).toEqual(['published p_s1', 'interrupted p_s1 closed']);
    // The same connection publishes once more.
    carried.admit(client('p'), 'room:1');
    carried.compare(look({ publishers: ['p'] }));
    expect(events.at(-1)).toBe('published p_s1 again');
  });

  test('goes, comes back within the grace, and ends a grace after it went for good', () => {
    publish();
    carried.left('p_s1', A, 'closed');
    carried.admit(client('q'), 'room:1');
    carried.compare(look({ publishers: ['q'] }));
    carried.left('q_s1', A, 'closed');
    vi.advanceTimersByTime(GRACE_MS);
    expect(events).toEqual([
      'published p_s1',
      'interrupted p_s1 closed',
      'published q_s1 again',
      'interrupted q_s1 closed',
      'ended closed',
    ]);
    expect(carried.healed).toEqual({ publisher_found: 0, publisher_gone: 0, viewer_found: 0, viewer_gone: 0 });
  });

  test.each([
    ['twice', ['p_s1', 'p_s1']],
    ['of another one late', ['p_s1', 'old_s1']],
    ['of one that SRS refused', ['refused_s1', 'p_s1']],
  ])('is interrupted once by an unpublish that comes %s', (_name, ids) => {
    publish();
    for (const id of ids) carried.left(id, A, 'closed');
    expect(events).toEqual(['published p_s1', 'interrupted p_s1 closed']);
  });

  test('that left before the lists showed it never was', () => {
    carried.admit(client('p'), 'room:1');
    carried.left('p_s1', A, 'closed');
    carried.compare(look());
    expect(carried.admittedTo(A)).toBeUndefined();
    expect(events).toEqual([]);
  });

  test('whose unpublish never came is missed by the next look, not by one that began before it came', () => {
    const early = look();
    vi.advanceTimersByTime(10);
    publish();
    carried.compare(early);
    expect(events).toEqual(['published p_s1']);
    vi.advanceTimersByTime(10);
    carried.compare(look());
    expect(events).toEqual(['published p_s1', 'interrupted p_s1 lost']);
    expect(carried.healed.publisher_gone).toBe(1);
  });

  test('whose connection closed is gone without an unpublish', () => {
    publish();
    carried.closed('p_s1');
    expect(events.at(-1)).toBe('interrupted p_s1 closed');
  });

  test('on another server is not missed by this one', () => {
    publish();
    vi.advanceTimersByTime(10);
    carried.compare(look({ server: 's2' }));
    expect(events).toEqual(['published p_s1']);
    carried.lost('s2');
    expect(events).toEqual(['published p_s1']);
    carried.lost('s1');
    expect(events).toEqual(['published p_s1', 'interrupted p_s1 server_lost']);
  });

  test('who was there before this process is taken over; who came without asking is not', () => {
    vi.advanceTimersByTime(1000);
    expect(carried.compare(look({ publishers: ['new'], aliveMs: 500 })).publishers).toHaveLength(1);
    expect(events).toEqual([]);
    expect(carried.compare(look({ publishers: ['old'], aliveMs: 60_000 })).publishers).toEqual([]);
    expect(events).toEqual(['published old_s1']);
    expect(carried.healed.publisher_found).toBe(1);
  });

  test('is known again when the lists could not be read for a while after it was let in', () => {
    carried.admit(client('p'), 'room:1');
    vi.advanceTimersByTime(40_000);
    carried.admit(client('x', 'other'), 'room:2');
    expect(carried.compare(look({ publishers: ['p'], aliveMs: 40_000 })).publishers).toEqual([]);
    expect(events).toEqual(['published p_s1']);
  });

  test('may be replaced by its own credential once nothing more comes of it', () => {
    publish();
    expect(carried.mayBeReplaced(A, 'room:1')).toBe(false);
    vi.advanceTimersByTime(5000);
    carried.compare(look({ publishers: ['p'], recvBytes: 2 }));
    vi.advanceTimersByTime(5000);
    expect(carried.mayBeReplaced(A, 'room:1')).toBe(false);
    vi.advanceTimersByTime(5000);
    carried.compare(look({ publishers: ['p'], recvBytes: 2 }));
    expect(carried.mayBeReplaced(A, 'room:1')).toBe(true);
    expect(carried.mayBeReplaced(A, 'channel:1')).toBe(false);
  });

  test('is over at once when the platform says so', () => {
    publish();
    expect(carried.end(A, 'ended')).toBe(true);
    carried.left('p_s1', A, 'closed');
    vi.advanceTimersByTime(2 * GRACE_MS);
    expect(events).toEqual(['published p_s1', 'ended ended']);
    expect(carried.end(A, 'ended')).toBe(false);
  });
});

describe('a viewer', () => {
  test('plays once and stops once, however often it is told', () => {
    carried.playing(client('v'), 'viewer:1');
    carried.playing(client('v'), 'viewer:1');
    carried.stopped('v_s1', 'closed');
    carried.stopped('v_s1', 'closed');
    expect(events).toEqual(['playing v_s1', 'stopped v_s1 closed']);
  });

  test('whose stop never came is missed; one whose hook is under way is not', () => {
    carried.playing(client('v'), 'viewer:1');
    vi.advanceTimersByTime(1000);
    carried.compare(look());
    expect(carried.viewerCount).toBe(1);
    vi.advanceTimersByTime(5000);
    carried.compare(look());
    expect(events).toEqual(['playing v_s1', 'stopped v_s1 lost']);
    expect(carried.healed.viewer_gone).toBe(1);
  });

  test('of whom nothing was known is named to whoever compares, and counted when taken over', () => {
    expect(carried.compare(look({ viewers: ['v'], aliveMs: 100 })).viewers).toEqual([]);
    const [found] = carried.compare(look({ viewers: ['v'] })).viewers;
    expect(found).toEqual(client('v'));
    carried.found(client('v'), 'client:v_s1');
    expect(carried.compare(look({ viewers: ['v'] })).viewers).toEqual([]);
    expect(events).toEqual(['playing v_s1']);
    expect(carried.viewersOf(A)).toHaveLength(1);
  });
});

test('another node answers from now on: nobody is told, and nothing fires later', () => {
  publish();
  carried.playing(client('v'), 'viewer:1');
  carried.left('p_s1', A, 'closed');
  const before = events.length;
  carried.forget();
  vi.advanceTimersByTime(2 * GRACE_MS);
  expect(events).toHaveLength(before);
  expect(carried.viewerCount).toBe(0);
});
