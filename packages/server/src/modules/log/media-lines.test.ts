import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { EngineHandler, PublishVerdict } from '../../engine/contract.ts';
import { logMedia } from './media-lines.ts';

const client = {
  app: 'live',
  stream: 's1',
  clientId: '1',
  protocol: 'rtmp',
  address: '10.0.0.1',
  param: '?key=SECRET',
};
const deny = (status: 403 | 404): PublishVerdict => ({ action: 'deny', status, code: `c${status}`, message: 'no' });

test('a stream is followed from its first publisher to its end, and no name is said that nobody has', async () => {
  const said: string[] = [];
  const heard: string[] = [];
  let verdict = deny(404);
  const handler: EngineHandler = {
    authorizePublish: async () => verdict,
    authorizePlay: () => Promise.reject(new Error('nobody plays')),
    notify: ({ type }) => void heard.push(type),
  };
  const logged = logMedia(pino({ base: undefined }, { write: (line: string) => void said.push(line) }), handler);
  await logged.authorizePublish({ ...client, stream: 'SECRET' });
  verdict = deny(403);
  await logged.authorizePublish({ ...client, isTrial: true });
  await logged.authorizePublish(client);
  const of = { app: 'live', stream: 's1', atMs: 1 };
  logged.notify({ ...of, type: 'published', client, resumed: false });
  logged.notify({ ...of, type: 'playing', client, viewer: 'v' });
  logged.notify({ ...of, type: 'interrupted', client, reason: 'timeout' });
  logged.notify({ ...of, type: 'published', client, resumed: true });
  logged.notify({ ...of, type: 'ended', reason: 'closed' });
  expect(said.map((line) => ({ ...(JSON.parse(line) as object), time: 0, level: 0 }))).toEqual([
    { level: 0, time: 0, protocol: 'rtmp', address: '10.0.0.1', code: 'c404', msg: 'a publisher was refused' },
    {
      level: 0,
      time: 0,
      stream: 's1',
      protocol: 'rtmp',
      address: '10.0.0.1',
      code: 'c403',
      msg: 'a publisher was refused',
    },
    { level: 0, time: 0, stream: 's1', protocol: 'rtmp', address: '10.0.0.1', msg: 'a stream is published' },
    { level: 0, time: 0, stream: 's1', reason: 'timeout', msg: 'a publisher is gone' },
    { level: 0, time: 0, stream: 's1', protocol: 'rtmp', address: '10.0.0.1', msg: 'a publisher is back' },
    { level: 0, time: 0, stream: 's1', reason: 'closed', msg: 'a stream is over' },
  ]);
  expect(heard).toEqual(['published', 'playing', 'interrupted', 'published', 'ended']);
  expect(said.join('')).not.toContain('SECRET');
});
