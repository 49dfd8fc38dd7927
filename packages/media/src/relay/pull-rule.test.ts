import { describe, expect, it } from 'vitest';
import { pullUrlOf } from './pull-rule.ts';

const rules = ['cam-*', '*-east', 'a*b*c', 'exact', '*'].map((stream, index) => ({
  ...{ app: stream === '*' ? 'all' : 'live', stream, mode: 'on_demand' as const },
  url: `rtmp://origin/${index}/{stream}`,
}));

describe('the rule for a stream', () => {
  it.each([
    ['live', 'cam-1', 'rtmp://origin/0/cam-1'],
    ['live', 'cam-', 'rtmp://origin/0/cam-'],
    ['live', 'cam-x-east', 'rtmp://origin/0/cam-x-east'],
    ['live', 'north-east', 'rtmp://origin/1/north-east'],
    ['live', 'abc', 'rtmp://origin/2/abc'],
    ['live', 'aXbbYc', 'rtmp://origin/2/aXbbYc'],
    ['live', 'exact', 'rtmp://origin/3/exact'],
    ['all', 'anything', 'rtmp://origin/4/anything'],
    ['live', 'exactly', undefined],
    ['live', 'ac', undefined],
    ['live', 'cam', undefined],
    ['other', 'exact', undefined],
  ])('%s/%s → %s', (app, stream, url) => expect(pullUrlOf(rules, { app, stream })).toBe(url));

  it('a pattern of many stars is not slow', () => {
    const pattern = {
      ...rules[0],
      app: 'live',
      stream: 'a*'.repeat(60) + 'b',
      url: 'rtmp://o/x',
      mode: 'always' as const,
    };
    const startMs = performance.now();
    expect(pullUrlOf([pattern], { app: 'live', stream: 'a'.repeat(128) })).toBeUndefined();
    expect(performance.now() - startMs).toBeLessThan(50);
  });
});
