import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const HOUR_MS = 3_600_000;
const PLAY_TOKEN_HOURS = 6;
const VIEWER_ID = /^[\w-]{22}$/;

/**
 * Signs what the platform hands out and later believes without looking it up: play tokens (`EXPIRY.MAC`, expiry in
 * base-36 ms) and viewer ids (`ID.MAC`). MACs are HMAC-SHA-256, cut to 128 bits, over purpose and content.
 */
export class Signer {
  readonly #key: Buffer;
  readonly #now: () => number;

  constructor(key: Buffer, now: () => number) {
    this.#key = key;
    this.#now = now;
  }

  /** Good for at least six hours; the same within an hour, so that answers stay cacheable. */
  playToken(roomId: string): string {
    const expiry = (Math.ceil(this.#now() / HOUR_MS) * HOUR_MS + PLAY_TOKEN_HOURS * HOUR_MS).toString(36);
    return `${expiry}.${this.#mac('play', roomId, expiry)}`;
  }

  isPlayToken(roomId: string, token: string | undefined): boolean {
    const [expiry = '', mac = ''] = token?.split('.') ?? [];
    return equalInConstantTime(mac, this.#mac('play', roomId, expiry)) && Number.parseInt(expiry, 36) > this.#now();
  }

  newViewerId(): string {
    const id = randomBytes(16).toString('base64url');
    return `${id}.${this.#mac('viewer', id)}`;
  }

  /** The person's id without its signature, or undefined when the platform did not give it out. */
  viewerOf(vid: string | undefined): string | undefined {
    const [id = '', mac = ''] = vid?.split('.') ?? [];
    return VIEWER_ID.test(id) && equalInConstantTime(mac, this.#mac('viewer', id)) ? id : undefined;
  }

  #mac(...parts: string[]): string {
    return createHmac('sha256', this.#key).update(parts.join('\0')).digest().subarray(0, 16).toString('base64url');
  }
}

/** Compares secrets; only their lengths can show in the time it takes. */
export function equalInConstantTime(given: string, expected: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}
