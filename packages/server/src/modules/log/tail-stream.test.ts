import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../../../../test/support/until.ts';
import type { Caller } from '../gateway/contract.ts';
import type { LogEntry } from './contract.ts';
import { TailStream } from './tail-stream.ts';

const entry: LogEntry = {
  ...{ id: 0, at: 1, level: 'info', kind: 'app', node: 'n' },
  ...{ message: 'x'.repeat(10_000), fields: {} },
};

test('somebody who does not read is cut, whatever else is said', async () => {
  let stream: TailStream | undefined;
  let ends = 0;
  const server = createServer((_request, response) => {
    stream = new TailStream({ response, headers: {}, caller: {} as Caller, onEnd: () => ends++ });
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  onTestFinished(() => void client.destroy());
  client.pause();
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await until(() => stream !== undefined);
  let taken = 0;
  await until(
    () => {
      for (let index = 0; index < 50; index++, taken++) stream?.take([entry], 0);
      return ends > 0;
    },
    { what: 'the cut' },
  );
  // Far less than what was said: nothing is queued for somebody who is gone.
  stream?.take([entry], 1);
  stream?.cut();
  expect(ends).toBe(1);
  expect(taken).toBeGreaterThan(50);
});
