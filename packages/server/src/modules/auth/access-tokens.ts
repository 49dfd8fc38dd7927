import { errors, jwtVerify, SignJWT } from 'jose';
import { AppError } from '../gateway/contract.ts';
import type { KeyRing } from './keyring.ts';

const ALGORITHM = 'HS256';
const TYPE = 'at+jwt';
const ISSUER = 'kaibo';
const AUDIENCE = 'kaibo-api';
/** Verified tokens that are remembered, the least recently used one forgotten. */
const MAX_REMEMBERED = 10_000;

/** What an access token says. */
export interface AccessClaims {
  userId: string;
  sessionId: string;
  expiresAtMs: number;
}

/** Signs and verifies access tokens: JWT (RFC 7519, typ as RFC 9068) by HMAC-SHA-256. */
export class AccessTokens {
  readonly #keys: KeyRing;
  readonly #lifeSeconds: number;
  readonly #now: () => number;
  readonly #verified = new Map<string, AccessClaims>();

  constructor(deps: { keys: KeyRing; lifeSeconds: number; now: () => number }) {
    this.#keys = deps.keys;
    this.#lifeSeconds = deps.lifeSeconds;
    this.#now = deps.now;
  }

  async issue({
    userId,
    sessionId,
  }: {
    userId: string;
    sessionId: string;
  }): Promise<{ token: string; expiresIn: number }> {
    const { id, value } = this.#keys.current();
    const seconds = Math.floor(this.#now() / 1000);
    const token = await new SignJWT({ sid: sessionId })
      .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: id })
      .setSubject(userId)
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + this.#lifeSeconds)
      .sign(value);
    return { token, expiresIn: this.#lifeSeconds };
  }

  /** @throws AppError token_expired, invalid_token */
  async verify(token: string): Promise<AccessClaims> {
    const known = this.#verified.get(token);
    if (known !== undefined) {
      if (known.expiresAtMs <= this.#now()) throw new AppError('token_expired');
      return known;
    }
    const claims = await this.#check(token);
    this.#verified.set(token, claims);
    const [oldest] = this.#verified.keys();
    if (this.#verified.size > MAX_REMEMBERED && oldest !== undefined) this.#verified.delete(oldest);
    return claims;
  }

  /** Forgets every verified token, because a key may have gone. */
  forget(): void {
    this.#verified.clear();
  }

  async #check(token: string): Promise<AccessClaims> {
    try {
      const { payload } = await jwtVerify(
        token,
        async ({ kid = '' }) => {
          const key = await this.#keys.find(kid);
          if (key === undefined) throw new AppError('invalid_token');
          return key.value;
        },
        {
          algorithms: [ALGORITHM],
          typ: TYPE,
          issuer: ISSUER,
          audience: AUDIENCE,
          requiredClaims: ['sub', 'sid', 'exp'],
          currentDate: new Date(this.#now()),
        },
      );
      const { sub, sid, exp } = payload;
      if (sub === undefined || typeof sid !== 'string' || exp === undefined) throw new AppError('invalid_token');
      return { userId: sub, sessionId: sid, expiresAtMs: exp * 1000 };
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw new AppError('token_expired');
      if (error instanceof errors.JOSEError) throw new AppError('invalid_token');
      throw error;
    }
  }
}
