import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempFolder } from './harness.ts';
import { startAccounts } from './support/accounts.ts';
import { kaibo, kaiboHere } from './support/kaibo.ts';
import { startReceiver } from './support/receiver.ts';

test('webhooks of the platform are kept from the command line, and the platform that runs tells them', async () => {
  const dataDir = join(tempFolder(), 'data');
  const platform = await startAccounts((config) => {
    config.webhooks.allowPrivate = ['127.0.0.1'];
  }, dataDir);
  const root = await platform.person('root');
  const flags = [`--dataDir=${dataDir}`, '--webhooks.allowPrivate=127.0.0.1'];
  const webhook = (...args: string[]) => kaiboHere(['webhook', ...args, ...flags]);
  const receiver = await startReceiver();
  // One of them as it is really typed.
  const { code, output } = await kaibo(['webhook', 'add', receiver.url, '--events', 'room.created', ...flags]);
  expect([code, output]).toEqual([0, expect.stringMatching(/^[\w-]{36} is told; its secret is whsec_[\w-]{43}\n$/)]);
  const [id = ''] = output.split(' ');
  expect((await webhook('list')).output).toBe(`${id}  on       ${receiver.url}  room.created\n`);
  // A running node knows of it within a second.
  await expect
    .poll(
      async () => {
        await platform.create({}, root.headers);
        return receiver.taken.length;
      },
      { timeout: 20_000, interval: 200 },
    )
    .toBeGreaterThan(0);
  expect(await webhook('replay', id)).toEqual({ code: 0, output: '0 deliveries go out again\n' });
  expect((await webhook('remove', id)).code).toBe(0);
  expect((await webhook('list')).output).toBe('');
  for (const wrong of [
    ['remove', id],
    ['add', 'http://10.0.0.1/', '--events', '*'],
    ['add', receiver.url],
  ])
    expect((await webhook(...wrong)).code).toBe(1);
  const log = await platform.audit(root, '?actor=operator');
  expect(log.map(({ action }) => action)).toEqual(['webhook.deleted', 'webhook.replayed', 'webhook.created']);
});
