import { createHmac } from 'node:crypto';

/** `X-Kaibo-Signature`: over the time, so that a request that was overheard cannot be sent again for ever. */
export function signatureOf(secret: string, { body, atMs }: { body: string; atMs: number }): string {
  const seconds = Math.floor(atMs / 1000);
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}
