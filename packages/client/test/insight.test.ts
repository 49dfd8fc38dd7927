import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { KaiboClient } from '../src/index.ts';

let server: Server | undefined;

afterEach(() => server?.close());

/** A platform that answers each path with what it is given, and what it was asked. */
async function platform(answers: Readonly<Record<string, unknown>>): Promise<{ client: KaiboClient; asked: string[] }> {
  const asked: string[] = [];
  const listener: RequestListener = ({ url = '', headers }, response) => {
    asked.push(`${url} ${String(headers['x-owner-token'] ?? '')}`.trim());
    const body = JSON.stringify(answers[url.split('?')[0] ?? ''] ?? {});
    response.writeHead(200, { 'content-type': 'application/json', 'x-total-count': '41' }).end(body);
  };
  server = createServer(listener);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return { client: new KaiboClient({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }), asked };
}

test('how a broadcast went is asked by its room, how a channel goes by days', async () => {
  const series = { stepMs: 10_000, points: [{ at: 1, viewers: 2, messages: 0, coins: 0 }] };
  const { client, asked } = await platform({ '/api/rooms/a%2Fb/series': series });
  expect(await client.insight.series('a/b', { ownerToken: 'owner' })).toEqual(series);
  await client.insight.summary('a/b');
  await client.insight.channel();
  await client.insight.channel(90);
  expect(asked).toEqual([
    '/api/rooms/a%2Fb/series owner',
    '/api/rooms/a%2Fb/summary',
    '/api/insight?days=7',
    '/api/insight?days=90',
  ]);
});

test('operators ask for figures, streams, settings and rooms', async () => {
  const { client, asked } = await platform({
    '/api/monitor/streams': { streams: [{ viewers: 3 }] },
    '/api/monitor/config': { settings: [{ key: 'http.port', value: '8088', from: 'default' }] },
    '/api/admin/rooms': [{ id: 'r' }],
  });
  const { monitor } = client;
  await monitor.overview();
  await monitor.history();
  expect(await monitor.streams()).toEqual([{ viewers: 3 }]);
  expect(await monitor.config()).toMatchObject([{ key: 'http.port' }]);
  expect(await monitor.rooms({ status: ['live', 'preparing'], q: '夜', page: 2 })).toEqual({
    rooms: [{ id: 'r' }],
    total: 41,
  });
  await monitor.rooms({ status: 'ended', pageSize: 10 });
  expect(asked.slice(0, 2)).toEqual(['/api/monitor/overview', '/api/monitor/history']);
  const [first, second] = asked.slice(-2).map((url) => Object.fromEntries(new URL(url, 'http://here').searchParams));
  expect(first).toEqual({ status: 'live,preparing', q: '夜', page: '2' });
  expect(second).toEqual({ status: 'ended', pageSize: '10' });
});

test('operators ask for alarms, take them on, silence them, and try who is told', async () => {
  const alarms = '/api/monitor/alarms';
  const { client, asked } = await platform({
    [alarms]: { alarms: [{ id: 'a' }], next: '5_b' },
    [`${alarms}/silences`]: { silences: [{ id: 's' }] },
    [`${alarms}/channels`]: { channels: [{ name: 'ops' }] },
    [`${alarms}/channels/ops/test`]: { delivered: true },
  });
  const { monitor } = client;
  expect(await monitor.alarms({ state: 'cleared', kind: 'disk_low', before: '5_b' })).toMatchObject({ next: '5_b' });
  await monitor.acknowledge('a/b', 'on it');
  expect(await monitor.silences()).toEqual([{ id: 's' }]);
  await monitor.silence({ kind: 'disk_*', endsAt: 1, reason: 'x' });
  await monitor.changeSilence('s', { endsAt: 2 });
  await monitor.endSilence('s');
  expect(await monitor.alarmChannels()).toEqual([{ name: 'ops' }]);
  expect(await monitor.testAlarmChannel('ops')).toEqual({ delivered: true });
  expect(asked).toEqual([
    `${alarms}?state=cleared&kind=disk_low&before=5_b`,
    `${alarms}/a%2Fb/ack`,
    `${alarms}/silences`,
    `${alarms}/silences`,
    `${alarms}/silences/s`,
    `${alarms}/silences/s`,
    `${alarms}/channels`,
    `${alarms}/channels/ops/test`,
  ]);
});
