import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sameSecret, takeHeartbeat, takeHook, type SrsHookTarget } from './hooks.ts';

interface Fixture {
  heartbeat: object;
  hooks: (Record<string, unknown> & { action: string })[];
}
const fixture: Fixture = JSON.parse(readFileSync(join(import.meta.dirname, 'srs-7.0.18.fixture.json'), 'utf8'));

function target({ answer = 0 }: { answer?: number } = {}) {
  const calls: unknown[][] = [];
  const note = (...call: unknown[]): void => void calls.push(call);
  const bench: SrsHookTarget = {
    publish: async (client) => (note('publish', client), answer),
    play: async (client) => (note('play', client), answer),
    unpublished: (client) => note('unpublished', client.clientId, client.stream),
    stopped: (id) => note('stopped', id),
    closed: (id) => note('closed', id),
    called: ({ server }) => note('called', server),
  };
  return { calls, bench };
}

const captured = (action: string, fits: (hook: Record<string, unknown>) => boolean = () => true) =>
  fixture.hooks.find((hook) => hook.action === action && fits(hook));

describe('hooks as SRS 7.0.18 sends them', () => {
  test.each(fixture.hooks.map((hook) => [hook.action, String(hook['stream'] ?? ''), hook] as const))(
    '%s %s is accepted',
    async (_action, _stream, hook) => {
      const { bench, calls } = target();
      expect(await takeHook(hook, bench)).toBe(0);
      expect(calls[0]).toEqual(['called', 'vid-a343o83']);
    },
  );

  test.each([
    ['rtmp', 'on_publish', (hook: Record<string, unknown>) => hook['stream'] === 'livestream', '?token=abc&salt=1'],
    [
      'webrtc',
      'on_publish',
      (hook: Record<string, unknown>) => hook['tcUrl'] === '',
      '?app=live&stream=rtcstream&secret=x',
    ],
    ['http-flv', 'on_play', (hook: Record<string, unknown>) => hook['param'] === '?key=vvv', '?key=vvv'],
    ['hls', 'on_play', (hook: Record<string, unknown>) => hook['param'] === '?key=hhh', '?key=hhh'],
    ['rtmp', 'on_play', (hook: Record<string, unknown>) => hook['param'] === '?key=rrr', '?key=rrr'],
  ])('a client of %s by %s', async (protocol, action, fits, param) => {
    const { bench, calls } = target();
    const hook = captured(action, fits);
    expect(hook).toBeDefined();
    await takeHook(hook, bench);
    const stream = protocol === 'webrtc' ? 'rtcstream' : 'livestream';
    expect(calls[1]?.[1]).toMatchObject({ protocol, param, app: 'live', stream, address: '127.0.0.1' });
  });

  test('a refusal is its code', async () => {
    const { bench } = target({ answer: 403 });
    expect(await takeHook(captured('on_publish'), bench)).toBe(403);
    expect(await takeHook(captured('on_play'), bench)).toBe(403);
    expect(await takeHook(captured('on_stop'), bench)).toBe(0);
  });

  test('a heartbeat says who is alive', () => {
    const { bench, calls } = target();
    expect(takeHeartbeat(fixture.heartbeat, bench)).toBe(0);
    expect(calls).toEqual([['called', 'vid-a343o83']]);
    expect(takeHeartbeat('x', bench)).toBe(400);
  });
});

describe('hooks of another shape', () => {
  test('what SRS may leave out may be missing', async () => {
    const { bench, calls } = target();
    expect(await takeHook({ action: 'on_publish', client_id: 'c', app: 'live', stream: 'a' }, bench)).toBe(0);
    expect(calls[1]).toEqual([
      'publish',
      { clientId: 'c_', app: 'live', stream: 'a', protocol: 'webrtc', address: '', param: '' },
    ]);
  });

  test.each([
    ['a newer kind', { action: 'on_forward', client_id: 'c' }, 0],
    ['no action', { client_id: 'c' }, 400],
    ['no client', { action: 'on_publish', stream: 'a' }, 400],
    ['an action that is none', { action: '<script>', client_id: 'c' }, 400],
    ['a stream that is no text', { action: 'on_publish', client_id: 'c', stream: { $gt: '' } }, 400],
    ['a stream that is too long', { action: 'on_publish', client_id: 'c', stream: 'x'.repeat(600) }, 400],
    ['a list', [], 400],
    ['nothing', undefined, 400],
    ['text', 'on_publish', 400],
  ])('%s', async (_name, body, code) => {
    const { bench, calls } = target();
    expect(await takeHook(body, bench)).toBe(code);
    expect(calls.filter(([name]) => name === 'publish')).toEqual([]);
  });
});

test('secrets are compared whole', () => {
  expect(sameSecret('abc', 'abc')).toBe(true);
  for (const given of ['', 'ab', 'abcd', 'ABC']) expect(sameSecret(given, 'abc')).toBe(false);
});
