import { describe, expect, test } from 'vitest';
import { isTargetUrl, shownUrl } from './target-url.ts';

describe('addresses of targets', () => {
  test.each([
    ['rtmp://live.twitch.tv/app/live_123456789_AbCdEfGhIj', 'rtmp://live.twitch.tv/app/live_****'],
    ['rtmp://a.rtmp.youtube.com/live2/abcd-efgh-ijkl-mnop', 'rtmp://a.rtmp.youtube.com/live2/****'],
    ['rtmps://live-api-s.facebook.com:443/rtmp/FB-1?s_bl=1&a=2', 'rtmps://live-api-s.facebook.com:443/rtmp/****'],
    ['RTMP://host/app/a_short', 'rtmp://host/app/****'],
    ['rtmp://host/app/instance/key', 'rtmp://host/app/****'],
    ['rtmp://[2001:db8::1]:1935/app/key', 'rtmp://[2001:db8::1]:1935/app/****'],
    ['rtmp://host/app/stream?key=secret/with/slashes', 'rtmp://host/app/****'],
    [
      'rtmp://live-push.bilivideo.com/live-bvc/?streamname=live_1&key=a',
      'rtmp://live-push.bilivideo.com/live-bvc/****',
    ],
  ])('%s is shown as %s', (url, shown) => {
    expect(isTargetUrl(url)).toBe(true);
    expect(shownUrl(url)).toBe(shown);
  });

  test.each([
    'http://host/app/key',
    'rtmpe://host/app/key',
    'rtmp:host/app/key',
    'rtmp://host/app',
    'rtmp://host/app/',
    'rtmp://host/app/?',
    'rtmp://host/app?key=a',
    'rtmp://host//key',
    'rtmp:///app/key',
    'rtmp://user@host/app/key',
    'rtmp://user:word@host/app/key',
    'rtmp://host\\@evil/app/key',
    'rtmp://host/app/key word',
    'rtmp://host/app/key\r\nSET x',
    'rtmp://hóst/app/key',
    `rtmp://host/app/${'k'.repeat(2048)}`,
    'file:///etc/passwd',
  ])('%s is none', (url) => expect(isTargetUrl(url)).toBe(false));
});
