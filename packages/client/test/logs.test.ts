import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { KaiboClient } from '../src/index.ts';
import type { LogTailEvent } from '../src/index.ts';

let server: Server | undefined;

afterEach(() => server?.close());

async function platform(listener: RequestListener): Promise<KaiboClient> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return new KaiboClient({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

const entry = (message: string) => ({ id: 0, at: 1, level: 'info', kind: 'app', node: 'n', message, fields: {} });

test('lines are searched, and taken away as they come', async () => {
  const asked: string[] = [];
  const client = await platform(({ url = '' }, response) => {
    asked.push(url);
    response.end(
      url.startsWith('/api/logs/export') ? 'a line\n' : JSON.stringify({ entries: [entry('one')], next: 7 }),
    );
  });
  expect(await client.logs.search({ text: '推流', level: 'warn', before: 9 })).toEqual({
    entries: [entry('one')],
    next: 7,
  });
  expect(await new Response(await client.logs.export({ format: 'csv', kind: 'audit' })).text()).toBe('a line\n');
  expect(asked).toEqual([
    '/api/logs?text=%E6%8E%A8%E6%B5%81&level=warn&before=9',
    '/api/logs/export?format=csv&kind=audit',
  ]);
});

test('the tail is read as it is said, however it is cut up on the way, and ends with the server', async () => {
  const client = await platform((_request, response) => {
    const text = `retry: 3000\n\ndata: ${JSON.stringify(entry('开播'))}\n\n:\n\nevent: dropped\ndata: {"dropped":3}\n\n`;
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += 7) response.write(bytes.subarray(at, at + 7));
    response.end();
  });
  const events: LogTailEvent[] = [];
  for await (const event of await client.logs.tail()) events.push(event);
  expect(events).toEqual([{ entry: entry('开播') }, { dropped: 3 }]);
});
