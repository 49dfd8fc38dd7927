import { describe, expect, test } from 'vitest';
import type { SrsApi } from './api.ts';
import { carrierOf, originOf, playServerOf } from './place.ts';
import { SrsServer, type SrsRole } from './server.ts';

interface Listed {
  clients?: number;
  publishes?: string;
}

/** A server whose lists are given. */
async function server(name: string, role: SrsRole, listed: Listed | 'down', origin?: string): Promise<SrsServer> {
  const identity = { server: name, service: '1' };
  const down = (): never => {
    throw new Error('down');
  };
  const api = {
    url: `http://${name}:1985`,
    streams: async () => {
      if (listed === 'down') return down();
      const stream = { ...{ app: 'live', name: listed.publishes ?? '', live_ms: 0, frames: 0 } };
      const publish = { active: true, cid: 'p' };
      const streams =
        listed.publishes === undefined ? [] : [{ ...stream, publish, kbps: { recv_30s: 0, send_30s: 0 } }];
      return { ...identity, streams };
    },
    clients: async () => {
      const { clients = 0 } = listed === 'down' ? down() : listed;
      const one = { ip: '', tcUrl: '', url: '/live/x', type: 'rtmp-play', publish: false, alive: 1, recv_bytes: 0 };
      return { ...identity, clients: Array.from({ length: clients }, (_, index) => ({ ...one, id: `c${index}` })) };
    },
  } satisfies Partial<SrsApi>;
  const made = new SrsServer({
    ...{ role, name, origin, publicHost: undefined, address: undefined, lostMs: 1000, now: () => 0 },
    api: api as unknown as SrsApi,
    ports: { rtmp: 1935, http: 8080, rtc: 8000 },
  });
  await made.look(new Set()).catch(() => {});
  return made;
}

const stream = (name: string) => ({ app: 'live', stream: name });

describe('the origin of a stream', () => {
  test('is the same each time, spread over all, and few move when one goes', async () => {
    const origins = await Promise.all(['a', 'b', 'c'].map((name) => server(name, 'origin', {})));
    const names = Array.from({ length: 300 }, (_, index) => `stream-${index}`);
    const placed = names.map((name) => originOf(origins, stream(name)).options.name);
    expect(names.map((name) => originOf(origins.toReversed(), stream(name)).options.name)).toEqual(placed);
    for (const name of ['a', 'b', 'c']) expect(placed.filter((at) => at === name).length).toBeGreaterThan(70);
    const remaining = [origins[0], origins[1], await server('c', 'origin', 'down')].filter((one) => one !== undefined);
    const after = names.map((name) => originOf(remaining, stream(name)).options.name);
    for (const [index, at] of placed.entries()) if (at !== 'c') expect(after[index]).toBe(at);
    expect(after).not.toContain('c');
  });

  test('while none answers all count as there', async () => {
    const origins = await Promise.all(['a', 'b'].map((name) => server(name, 'origin', 'down')));
    expect(['a', 'b']).toContain(originOf(origins, stream('x')).options.name);
  });
});

describe('where a stream is played', () => {
  test('at the edge that carries the fewest, of those that answer', async () => {
    const servers = await Promise.all([
      server('origin', 'origin', { publishes: 'x' }),
      server('full', 'edge', { clients: 9 }),
      server('free', 'edge', { clients: 2 }),
      server('dead', 'edge', 'down'),
    ]);
    expect(playServerOf(servers, stream('x')).options.name).toBe('free');
  });

  test('at an edge that fetches from the origin that has it', async () => {
    const servers = await Promise.all([
      server('a', 'origin', {}),
      server('b', 'origin', { publishes: 'x' }),
      server('of a', 'edge', { clients: 0 }, 'http://a:1985'),
      server('of b', 'edge', { clients: 9 }, 'http://b:1985'),
    ]);
    expect(playServerOf(servers, stream('x')).options.name).toBe('of b');
    expect(playServerOf(servers.slice(0, 3), stream('x')).options.name).toBe('b');
  });

  test('at the origin that has it, where there is no edge', async () => {
    const servers = await Promise.all([
      server('empty', 'origin', {}),
      server('has it', 'origin', { publishes: 'x' }),
      server('dead', 'edge', 'down'),
    ]);
    expect(playServerOf(servers, stream('x')).options.name).toBe('has it');
    expect(carrierOf(servers, stream('y'))).toBe(originOf(servers.slice(0, 2), stream('y')));
  });
});
