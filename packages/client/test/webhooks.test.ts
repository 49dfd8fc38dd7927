import { expect, test } from 'vitest';
import { verifyWebhook } from '../src/webhooks.ts';

const secret = 'whsec_test';
const body = '{"id":"1","event":"room.live","channel":"room:a","at":1700000000000,"data":{"title":"你好"}}';
// By `printf '1700000000.%s' "$body" | openssl dgst -sha256 -hmac whsec_test`.
const header = 't=1700000000,v1=0d4e6715d64af491ce7a99c3277a58d9058079c9d2cae8cb39eed7fe85ce8f03';
const nowMs = 1_700_000_030_000;

test('a delivery that is what it says is answered as an event', async () => {
  const event = await verifyWebhook({ secret, header, body, nowMs });
  expect(event).toMatchObject({ event: 'room.live', data: { title: '你好' } });
});

test.each([
  ['another secret', { secret: 'whsec_other' }],
  ['another body', { body: `${body} ` }],
  ['another time', { header: header.replace('1700000000', '1700000001') }],
  ['an hour later', { nowMs: nowMs + 3_600_000 }],
  ['a clock far behind', { nowMs: nowMs - 3_600_000 }],
  ['no header', { header: '' }],
  ['a cut signature', { header: header.slice(0, -2) }],
])('%s is refused', async (_name, change) => {
  await expect(verifyWebhook({ secret, header, body, nowMs, ...change })).rejects.toMatchObject({
    code: 'bad_signature',
  });
});
