import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { routeFlv } from '../flv/route.ts';
import { parseStreamAddress, StreamNameError } from './stream-name.ts';

describe('parseStreamAddress', () => {
  it.each([
    { name: 'a', param: '' },
    { name: 'Room_1-2.x', param: '?key=a?b/../%00' },
    { name: 'a'.repeat(128), param: '' },
  ])('takes $name', ({ name, param }) => {
    expect(parseStreamAddress('live', name + param)).toEqual({ app: 'live', stream: name, param });
  });

  it.each([
    '',
    '.',
    '..',
    'a..b',
    '.a',
    'a.',
    'a/b',
    '../a',
    'a\0',
    'a b',
    'a"b',
    "a'b",
    'a\\b',
    '直播',
    'a%2fb',
    'a\n',
    'a'.repeat(129),
    'a'.repeat(10_240),
  ])('refuses %j as a stream and as an app, without repeating it', (name) => {
    for (const parse of [() => parseStreamAddress('live', name), () => parseStreamAddress(name, 'a')]) {
      expect(parse).toThrow(StreamNameError);
      expect(parse).toThrow(/must be 1 to 128 letters/);
    }
  });

  it('refuses parameters of more than 4096 characters', () => {
    expect(() => parseStreamAddress('live', `a?${'k'.repeat(4096)}`)).toThrow(StreamNameError);
  });
});

describe('routeFlv', () => {
  const route = (
    url: string,
    { socket = false, ...rest }: { socket?: boolean; method?: string; headers?: IncomingHttpHeaders } = {},
  ) => {
    const request: Pick<IncomingMessage, 'url' | 'method' | 'headers'> = { method: 'GET', headers: {}, ...rest, url };
    return routeFlv(request as IncomingMessage, { socket });
  };

  it.each([
    { url: '/live/a.flv', options: {}, intent: 'play', stream: 'a', param: '' },
    { url: '/live/a.flv?token=t', options: {}, intent: 'play', stream: 'a', param: '?token=t' },
    { url: '/live/a.flv?key=s', options: { method: 'POST' }, intent: 'publish', stream: 'a', param: '?key=s' },
    { url: '/live/a.flv', options: { socket: true }, intent: 'play', stream: 'a', param: '' },
    {
      url: '/play?app=live&stream=a&token=t',
      options: { socket: true },
      intent: 'play',
      stream: 'a',
      param: '?token=t',
    },
    {
      url: '/publish?app=live&stream=a&key=s',
      options: { socket: true },
      intent: 'publish',
      stream: 'a',
      param: '?key=s',
    },
    {
      url: '/live/a.flv?key=s',
      options: { socket: true, headers: { 'sec-websocket-protocol': 'post' } },
      intent: 'publish',
      stream: 'a',
      param: '?key=s',
    },
    {
      url: '/live/a.flv',
      options: { socket: true, headers: { 'sec-websocket-protocol': 'x, publisher' } },
      intent: 'publish',
      stream: 'a',
      param: '',
    },
    {
      url: '/live/a.flv',
      options: { method: 'POST', headers: { authorization: 'Bearer s' } },
      intent: 'publish',
      stream: 'a',
      param: '?key=s',
    },
    {
      url: '/live/a.flv?key=t',
      options: { method: 'POST', headers: { authorization: 'Bearer s' } },
      intent: 'publish',
      stream: 'a',
      param: '?key=t',
    },
    { url: '/live/a.flv', options: { headers: { authorization: 'Bearer s' } }, intent: 'play', stream: 'a', param: '' },
  ])('$intent: $url $options', ({ url, options, intent, stream, param }) => {
    expect(route(url, options)).toEqual({ intent, address: { app: 'live', stream, param } });
  });

  it.each([
    { url: '/', status: 404 },
    { url: '/live/a', status: 404 },
    { url: '/live/b/a.flv', status: 404 },
    { url: '/play?app=live&stream=a', status: 404 },
    { url: '/live/../a.flv', status: 404 },
    { url: '/live/%2e%2e/a.flv', status: 404 },
    { url: '/live/%2e%2e%2fa.flv', status: 400 },
    { url: '/live%2f..%2f/a.flv', status: 400 },
    { url: '/live/%00.flv', status: 400 },
    { url: '/live/%zz.flv', status: 400 },
    { url: '/live/a%20b.flv', status: 400 },
    { url: '//[/a.flv', status: 400 },
    { url: 'http://other/live/a.flv', status: 400 },
    { url: '*', status: 400 },
  ])('answers $status to $url', ({ url, status }) => {
    expect(route(url)).toMatchObject({ status });
  });
});
