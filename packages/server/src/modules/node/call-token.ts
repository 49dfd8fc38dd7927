import { createHmac, timingSafeEqual } from 'node:crypto';

/** Nodes' clocks may differ by about as much. */
const GOOD_MS = 60_000;
const SCHEME = 'KaiboNode ';

/**
 * What lets one node, or the command line, ask another: `EXPIRY.MAC` over method, path and query, by the key that all nodes of
 * the platform share. Never a user's.
 */
export class CallTokens {
  readonly #key: Buffer;
  readonly #now: () => number;

  constructor(signingKey: Buffer, now: () => number) {
    this.#key = createHmac('sha256', signingKey).update('calls between nodes').digest();
    this.#now = now;
  }

  /** A value of the header `authorization`. */
  make(method: string, path: string): string {
    const expiry = (this.#now() + GOOD_MS).toString(36);
    return `${SCHEME}${expiry}.${this.#mac(expiry, method, path).toString('base64url')}`;
  }

  isGood(authorization: string | undefined, { method, path }: { method: string; path: string }): boolean {
    if (authorization?.startsWith(SCHEME) !== true) return false;
    const [expiry = '', mac = ''] = authorization.slice(SCHEME.length).split('.');
    const given = Buffer.from(mac, 'base64url');
    const expected = this.#mac(expiry, method, path);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return false;
    const leftMs = Number.parseInt(expiry, 36) - this.#now();
    return leftMs > 0 && leftMs <= 2 * GOOD_MS;
  }

  #mac(...parts: string[]): Buffer {
    return createHmac('sha256', this.#key).update(parts.join('\0')).digest();
  }
}
