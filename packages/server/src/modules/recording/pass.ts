import { createHmac, timingSafeEqual } from 'node:crypto';
import { AppError } from '../gateway/contract.ts';

/** To begin with; a player asks for ranges until its end, so the length of what is played comes on top. */
const GOOD_FOR_MS = 15 * 60_000;
const PREFIX = 'file';

/**
 * Tokens that open the files of one recording to whoever has them, for programs that cannot log in: `file.EXPIRY.MAC`, expiry
 * in base-36 ms, HMAC-SHA-256 cut to 128 bits. Nothing of them is kept: what is deleted is not there with one either.
 */
export class RecordingPass {
  readonly #key: Buffer;
  readonly #now: () => number;

  constructor({ signingKey, now }: { signingKey: Buffer; now: () => number }) {
    this.#key = signingKey;
    this.#now = now;
  }

  /** For a recording that takes so long. `expiresAt` is ms since the epoch. */
  issue(id: string, durationMs: number): { token: string; expiresAt: number } {
    const expiresAt = this.#now() + GOOD_FOR_MS + Math.ceil(durationMs);
    const expiry = expiresAt.toString(36);
    return { token: `${PREFIX}.${expiry}.${this.#mac(id, expiry)}`, expiresAt };
  }

  /** False for tokens of other kinds. @throws AppError address_invalid, address_expired */
  opens(id: string, token: string | undefined): boolean {
    const [prefix, expiry = '', mac = '', ...more] = token?.split('.') ?? [];
    if (prefix !== PREFIX) return false;
    const given = Buffer.from(mac);
    const expected = Buffer.from(this.#mac(id, expiry));
    const isOurs = more.length === 0 && given.length === expected.length && timingSafeEqual(given, expected);
    if (!isOurs) throw new AppError('address_invalid');
    if (!(Number.parseInt(expiry, 36) > this.#now())) throw new AppError('address_expired');
    return true;
  }

  /** The first word keeps it apart from whatever else is signed by the same key. */
  #mac(id: string, expiry: string): string {
    const content = ['recording file', id, expiry].join('\0');
    return createHmac('sha256', this.#key).update(content).digest().subarray(0, 16).toString('base64url');
  }
}
