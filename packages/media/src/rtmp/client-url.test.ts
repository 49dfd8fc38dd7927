import { describe, expect, it } from 'vitest';
import { parseRtmpUrl } from './client-url.ts';

describe('RTMP addresses', () => {
  it.each([
    [
      'rtmp://host/app/key',
      { secure: false, host: 'host', port: 1935, app: 'app', name: 'key', tcUrl: 'rtmp://host/app' },
    ],
    ['rtmp://h/live-bvc/?streamname=live_1&key=a', { app: 'live-bvc', name: '?streamname=live_1&key=a' }],
    ['rtmp://host:1936/a/b/key?x=1?y', { port: 1936, app: 'a/b', name: 'key?x=1?y', tcUrl: 'rtmp://host:1936/a/b' }],
    [
      'RTMPS://h/rtmp/FB-1?s=a/b&c',
      { secure: true, port: 443, app: 'rtmp', name: 'FB-1?s=a/b&c', tcUrl: 'rtmps://h/rtmp' },
    ],
    ['rtmp://[2001:db8::1]:80/a/k', { host: '2001:db8::1', port: 80, tcUrl: 'rtmp://[2001:db8::1]:80/a' }],
    ['rtmp://host//app//key', { app: 'app', name: 'key' }],
  ])('%s', (url, expected) => expect(parseRtmpUrl(url)).toMatchObject(expected));

  it.each([
    ...['', 'host/app/key', 'http://host/app/key', 'rtmp://', 'rtmp:///app/key', 'rtmp://host', 'rtmp://host/key'],
    ...['rtmp://host/app/', 'rtmp://host//key', 'rtmp://host:0/app/key', 'rtmp://host:65536/app/key'],
    ...['rtmp://host:x/app/key', 'rtmp://user@host/app/key', 'rtmp://a:b@host/app/key', 'rtmp://-host/app/key'],
    ...['rtmp://ho st/app/key', 'rtmp://host\\evil/app/key', 'rtmp://host/app/k\ney', 'rtmp://host/app/кey'],
    `rtmp://host/app/${'k'.repeat(2048)}`,
  ])('%j is none, and is not repeated', (url) => {
    expect(() => parseRtmpUrl(url)).toThrow(expect.objectContaining({ code: 'bad_url' }));
    expect(() => parseRtmpUrl(url)).not.toThrow(/key|\/\/h/);
  });
});
