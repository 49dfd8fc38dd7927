import { expect, it } from 'vitest';
import type { MediaEvent } from '../hooks/contract.ts';
import type { StreamKey } from '../hub/stream.ts';
import { mediaClient } from '../testing/directory-bench.ts';
import { testLog, testOptions } from '../testing/media-options.ts';
import { Relays } from './relays.ts';

const KEY = 'live/a' as StreamKey;

const event = (type: MediaEvent['type'], protocol: 'rtmp' | 'node' = 'rtmp'): MediaEvent => {
  const { param: _, ...client } = mediaClient({ protocol });
  const base = { app: 'live', stream: 'a', client, viewer: 'v', reason: 'x', resumed: false, findings: [], atMs: 0 };
  return { ...base, type } as MediaEvent;
};

it('tells of a stream of another node nothing but who watches it here, until it is this one’s again', () => {
  const relays = new Relays({
    ...{ options: testOptions({}), log: testLog(), send: () => {}, workers: () => [], end: () => {} },
    ...{ entry: () => undefined, renditionViewers: () => 0, findOrigin: undefined },
  });
  const told: string[] = [];
  const hooks = relays.under({
    authorizePublish: async () => ({ action: 'publish', credential: 'x' }),
    authorizePlay: async () => ({ action: 'play' }),
    notify: ({ type }) => told.push(type),
  });
  const happen = (...events: MediaEvent[]): string[] => {
    for (const one of events) hooks.notify(one);
    return told.splice(0);
  };
  expect(happen(event('published'), event('interrupted'))).toEqual(['published', 'interrupted']);
  // Its encoder went to another node, and those who watch here are shown it from there.
  const foreign = [event('published', 'node'), event('poster'), event('renditions'), event('findings')];
  expect(happen(...foreign, event('playing'), event('stopped'), event('interrupted'))).toEqual(['playing', 'stopped']);
  expect(relays.isForeign(KEY)).toBe(true);
  expect(happen(event('published'), event('poster'), event('interrupted'))).toEqual([
    'published',
    'poster',
    'interrupted',
  ]);
  expect(relays.isForeign(KEY)).toBe(false);
  expect(happen(event('published', 'node'), event('ended'))).toEqual([]);
  expect(relays.isForeign(KEY)).toBe(false);
  expect(happen(event('published'), event('ended'))).toEqual(['published', 'ended']);
});
