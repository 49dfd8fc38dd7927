import { signatureOf } from '../../../../http/webhook-signature.ts';
import type { Telling } from '../message.ts';
import { JSON_HEADERS, type Post } from './contract.ts';

/** A program of the operator's: data and no words, signed as webhooks of the platform are (docs/webhooks.md). */
export function webhookPost(
  tellings: readonly Telling[],
  { url, secret, id, atMs }: { url: string; secret: string; id: string; atMs: number },
): Post {
  const alarms = tellings.map(({ type, alarm }) => ({ what: type, ...alarm }));
  const body = JSON.stringify({ id, event: 'alarms', channel: 'monitor', at: atMs, data: { alarms } });
  const headers = {
    ...JSON_HEADERS,
    'x-kaibo-event': 'alarms',
    'x-kaibo-delivery': id,
    'x-kaibo-signature': signatureOf(secret, { body, atMs }),
  };
  return { url, headers, body };
}
