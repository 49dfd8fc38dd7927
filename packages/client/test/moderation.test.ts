import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { KaiboClient } from '../src/index.ts';
import type { ModerationApi } from '../src/index.ts';

let server: Server | undefined;

afterEach(() => server?.close());

/** A platform that answers everything with an empty list, and what it was asked. */
async function listen(): Promise<{ moderation: ModerationApi; asked: unknown[] }> {
  const asked: unknown[] = [];
  server = createServer(async (request, response) => {
    asked.push([request.method, request.url, request.headers['content-type'] ? await json(request) : null]);
    response.writeHead(200, { 'x-total-count': '7' }).end('[]');
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const client = new KaiboClient({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  return { moderation: client.moderation, asked };
}

test('order in a room is kept by its path', async () => {
  const { moderation, asked } = await listen();
  await moderation.mute('a/b', { person: 'user:u', seconds: 60 });
  await moderation.unmute('a', 'viewer:v');
  await moderation.addWord('a', { word: '词', action: 'hold' });
  await moderation.removeWord('a', 'w/1');
  await moderation.decide('a', 'm', 'show');
  await moderation.report('a', { subject: 'message', messageId: 'm', reason: 'spam' });
  await moderation.decideReport('a', 'r', { action: 'mute', seconds: 60 });
  expect(await moderation.reports('a', { state: 'done' })).toEqual({ reports: [], total: 7 });
  expect(asked).toEqual([
    ['POST', '/api/rooms/a%2Fb/mutes', { person: 'user:u', seconds: 60 }],
    ['DELETE', '/api/rooms/a/mutes/viewer%3Av', null],
    ['POST', '/api/rooms/a/words', { word: '词', action: 'hold' }],
    ['DELETE', '/api/rooms/a/words/w%2F1', null],
    ['POST', '/api/rooms/a/held/m', { action: 'show' }],
    ['POST', '/api/rooms/a/reports', { subject: 'message', messageId: 'm', reason: 'spam' }],
    ['POST', '/api/rooms/a/reports/r', { action: 'mute', seconds: 60 }],
    ['GET', '/api/rooms/a/reports?state=done', null],
  ]);
});

test('administrators keep the words of all channels and decide on all reports', async () => {
  const { moderation, asked } = await listen();
  expect(await moderation.wordsEverywhere({ q: '词', page: 2 })).toEqual({ words: [], total: 7 });
  await moderation.addWordEverywhere({ word: '词' });
  await moderation.importWords({ text: 'a\nb', action: 'block' });
  await moderation.removeWordEverywhere('w');
  await moderation.allReports();
  await moderation.decideAnyReport('r', { action: 'dismiss' });
  expect(asked).toEqual([
    ['GET', `/api/admin/words?q=${encodeURIComponent('词')}&page=2`, null],
    ['POST', '/api/admin/words', { word: '词' }],
    ['POST', '/api/admin/words/import', { text: 'a\nb', action: 'block' }],
    ['DELETE', '/api/admin/words/w', null],
    ['GET', '/api/admin/reports', null],
    ['POST', '/api/admin/reports/r', { action: 'dismiss' }],
  ]);
});
