import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { openBucket } from '../../storage/index.ts';
import { BucketWatch } from './bucket-watch.ts';

test('a bucket that answers is well, one that does not is open until it does again', async () => {
  let status = 200;
  const server = createServer((_request, response) => response.writeHead(status).end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bucket = await openBucket({
    ...{
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'us-east-1',
      bucket: 'videos',
    },
    ...{ accessKeyId: 'key', secretAccessKey: 'secret', prefix: '', redirect: false },
  });
  if (bucket === undefined) throw new Error('there is a bucket');
  const watch = new BucketWatch({ bucket, logger: pino({ level: 'silent' }), everyMs: 20 });
  onTestFinished(async () => {
    await watch.stop();
    bucket.close();
    server.closeAllConnections();
    server.close();
  });
  watch.start();
  expect(watch.state).toBe('closed');
  status = 503;
  await expect.poll(() => watch.state, { timeout: 20_000 }).toBe('open');
  status = 200;
  await expect.poll(() => watch.state, { timeout: 20_000 }).toBe('closed');
});
