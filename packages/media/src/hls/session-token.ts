import { createHmac, timingSafeEqual } from 'node:crypto';
import type { StreamKey } from '../hub/stream.ts';

const TOKEN = /^([a-z0-9]{12})\.([\w-]{22})$/;
const MAC_BYTES = 16;

/** The session's id with proof that this server gave it out for this stream: any worker can check it alone. */
export function sessionToken(secret: Uint8Array, { key, sessionId }: { key: StreamKey; sessionId: string }): string {
  return `${sessionId}.${macOf(secret, key, sessionId).toString('base64url')}`;
}

/** The id in a token that is genuine and for this stream. */
export function sessionIdOf(secret: Uint8Array, { key, token }: { key: StreamKey; token: string }): string | undefined {
  const [, sessionId, mac] = TOKEN.exec(token) ?? [];
  if (sessionId === undefined || mac === undefined) return undefined;
  const given = Buffer.from(mac, 'base64url');
  return given.length === MAC_BYTES && timingSafeEqual(given, macOf(secret, key, sessionId)) ? sessionId : undefined;
}

function macOf(secret: Uint8Array, key: StreamKey, sessionId: string): Buffer {
  return createHmac('sha256', secret).update(`${key}\n${sessionId}`).digest().subarray(0, MAC_BYTES);
}
