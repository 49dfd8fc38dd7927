import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const HOUR_MS = 3_600_000;
const PLAY_TOKEN_HOURS = 6;
/** Nodes' clocks may differ by about as much. */
const NODE_TOKEN_MS = 60_000;
const ID = /^[\w-]{1,64}$/;

/** What a play token proves. */
export interface PlayPass {
  /** Whom it is bound to; undefined is whoever brings it. */
  person: string | undefined;
  /** Good only while the person is invited or a moderator. */
  forMember: boolean;
}

/**
 * Signs what the platform hands out and later believes without looking it up: play tokens (`EXPIRY[-PERSON].MAC`,
 * expiry in base-36 ms) and viewer ids (`ID.MAC`). MACs are HMAC-SHA-256, cut to 128 bits, over purpose and content.
 */
export class Signer {
  readonly #key: Buffer;
  readonly #now: () => number;

  constructor(key: Buffer, now: () => number) {
    this.#key = key;
    this.#now = now;
  }

  /** Without `untilMs` good for at least six hours; the same within an hour, so that answers stay cacheable. */
  playToken(
    roomId: string,
    { person, forMember = false, untilMs }: Partial<PlayPass> & { untilMs?: number } = {},
  ): string {
    const expiry = untilMs ?? Math.ceil(this.#now() / HOUR_MS) * HOUR_MS + PLAY_TOKEN_HOURS * HOUR_MS;
    const bound = person === undefined ? '' : `-${Buffer.from(person).toString('base64url')}`;
    const content = expiry.toString(36) + bound;
    return `${content}.${this.#mac(forMember ? 'member' : 'play', roomId, content)}`;
  }

  /** Undefined when the token is not one for this room, or not any more. */
  readPlayToken(roomId: string, token: string | undefined): PlayPass | undefined {
    const [content = '', mac = ''] = token?.split('.') ?? [];
    const forMember = equalInConstantTime(mac, this.#mac('member', roomId, content));
    if (!forMember && !equalInConstantTime(mac, this.#mac('play', roomId, content))) return undefined;
    const [expiry = '', ...bound] = content.split('-');
    if (!(Number.parseInt(expiry, 36) > this.#now())) return undefined;
    return { person: bound.length === 0 ? undefined : Buffer.from(bound.join('-'), 'base64url').toString(), forMember };
  }

  /** By which one node gets a stream of another, for a minute from now. */
  nodeToken(playId: string): string {
    const expiry = (this.#now() + NODE_TOKEN_MS).toString(36);
    return `${expiry}.${this.#mac('node', playId, expiry)}`;
  }

  isNodeToken(playId: string, token: string | undefined): boolean {
    const [expiry = '', mac = ''] = token?.split('.') ?? [];
    if (!equalInConstantTime(mac, this.#mac('node', playId, expiry))) return false;
    return Number.parseInt(expiry, 36) > this.#now();
  }

  /** For a person without account: a new one each time. */
  newViewerId(): string {
    const id = randomBytes(16).toString('base64url');
    return `${id}.${this.#mac('viewer', id)}`;
  }

  /** For an account: always the same. It proves whom to count, never whom to trust. */
  viewerIdOf(userId: string): string {
    return `${userId}.${this.#mac('user', userId)}`;
  }

  /** The viewer id that `personOf` reads as this person; undefined where none can. */
  viewerIdFor(person: string): string | undefined {
    const [kind, id = ''] = person.split(':');
    if (!ID.test(id)) return undefined;
    if (kind === 'user') return this.viewerIdOf(id);
    return kind === 'viewer' ? `${id}.${this.#mac('viewer', id)}` : undefined;
  }

  /** `viewer:ID` or `user:ID`; undefined when the platform did not give it out. */
  personOf(vid: string | undefined): string | undefined {
    const [id = '', mac = ''] = vid?.split('.') ?? [];
    if (!ID.test(id)) return undefined;
    if (equalInConstantTime(mac, this.#mac('viewer', id))) return `viewer:${id}`;
    return equalInConstantTime(mac, this.#mac('user', id)) ? `user:${id}` : undefined;
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
