import { AppError, type Authenticator, type Caller, type Revoked } from '../modules/gateway/contract.ts';
import { CLOSE } from '../modules/realtime/contract.ts';

const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.)/;

/** A connection that stays: a socket, a stream of events, a poll that waits. */
export interface Guest {
  readonly caller: Caller;
  /** Called regularly: whatever shows that the other side still lives. */
  ping(): void;
  /** It may come again elsewhere, at a moment of its own within this time. */
  moveOn?(withinMs: number): void;
  cut(code: number, reason: string): void;
}

export type GuestKind = 'realtime' | 'signaling' | 'sse' | 'poll';

export interface RosterOptions {
  maxGuests: number;
  /** Loopback is exempt. */
  maxPerAddress: number;
  pingEveryMs: number;
  /** How long after its token expired a connection may still renew it. */
  expiredGraceMs: number;
}

export const DEFAULT_ROSTER_OPTIONS: RosterOptions = {
  maxGuests: 50_000,
  maxPerAddress: 1000,
  pingEveryMs: 20_000,
  expiredGraceMs: 60_000,
};

/** Every connection that stays on this node: how many there may be, that they live, and that their logins still hold. */
export class Roster {
  readonly #options: RosterOptions;
  readonly #now: () => number;
  readonly #guests = new Map<Guest, GuestKind>();
  readonly #perAddress = new Map<string, number>();
  readonly #kinds: Record<GuestKind, number> = { realtime: 0, signaling: 0, sse: 0, poll: 0 };
  readonly #pinger: NodeJS.Timeout;
  /** Of those that were asked to go: when they are cut, should they stay. */
  readonly #leaving = new Map<Guest, NodeJS.Timeout>();
  readonly #forgetRevoked: () => void;
  #isClosed = false;

  constructor(deps: { authenticator: Authenticator; now: () => number; options?: Partial<RosterOptions> }) {
    this.#options = { ...DEFAULT_ROSTER_OPTIONS, ...deps.options };
    this.#now = deps.now;
    this.#pinger = setInterval(() => this.#round(), this.#options.pingEveryMs).unref();
    this.#forgetRevoked = deps.authenticator.onRevoked((revoked) => this.#cutAccount(revoked));
  }

  count(kind: GuestKind): number {
    return this.#kinds[kind];
  }

  /** @throws AppError too_many_connections, stopping. Whoever is let in is added in the same turn. */
  assertPlace({ address }: Caller): void {
    if (this.#isClosed) throw new AppError('stopping');
    const isFull = this.#guests.size >= this.#options.maxGuests;
    const isGreedy = !LOOPBACK.test(address) && (this.#perAddress.get(address) ?? 0) >= this.#options.maxPerAddress;
    if (isFull || isGreedy) throw new AppError('too_many_connections');
  }

  add(guest: Guest, kind: GuestKind): void {
    this.#guests.set(guest, kind);
    this.#kinds[kind]++;
    const { address } = guest.caller;
    this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) + 1);
  }

  /** Idempotent. */
  delete(guest: Guest): void {
    const kind = this.#guests.get(guest);
    if (kind === undefined) return;
    this.#guests.delete(guest);
    clearTimeout(this.#leaving.get(guest));
    this.#leaving.delete(guest);
    this.#kinds[kind]--;
    const { address } = guest.caller;
    const left = (this.#perAddress.get(address) ?? 1) - 1;
    if (left === 0) this.#perAddress.delete(address);
    else this.#perAddress.set(address, left);
  }

  /**
   * Asks those that were not asked yet to come again elsewhere, each at a moment of its own; who cannot be asked, or stays, is
   * cut so. Polls end by themselves.
   */
  moveOn(withinMs: number): void {
    for (const [guest, kind] of this.#guests) {
      if (kind === 'poll' || this.#leaving.has(guest)) continue;
      guest.moveOn?.(withinMs);
      const cutMs = (guest.moveOn === undefined ? 0 : withinMs) + Math.random() * withinMs;
      const timer = setTimeout(() => guest.cut(CLOSE.resume, 'the node drains'), cutMs).unref();
      this.#leaving.set(guest, timer);
    }
  }

  /** Nobody has to go any more. */
  stay(): void {
    for (const timer of this.#leaving.values()) clearTimeout(timer);
    this.#leaving.clear();
  }

  /** Tells everybody to come back later. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.stay();
    clearInterval(this.#pinger);
    this.#forgetRevoked();
    for (const guest of this.#guests.keys()) guest.cut(CLOSE.goingAway, 'the server stops');
  }

  #round(): void {
    const latestMs = this.#now() - this.#options.expiredGraceMs;
    for (const guest of this.#guests.keys()) {
      if ((guest.caller.account?.expiresAtMs ?? Infinity) <= latestMs) guest.cut(CLOSE.expired, 'the token expired');
      else guest.ping();
    }
  }

  /** A connection has the rights that it was let in by: with fewer it has to come in again. */
  #cutAccount({ userId, sessionId, via, mayReturn = false }: Revoked): void {
    for (const guest of this.#guests.keys()) {
      const { account } = guest.caller;
      if (account?.id !== userId || (sessionId ?? account.sessionId) !== account.sessionId) continue;
      if ((via ?? account.via) !== account.via) continue;
      if (mayReturn) guest.cut(CLOSE.resume, 'the rights changed');
      else guest.cut(CLOSE.revoked, 'the login was ended');
    }
  }
}
