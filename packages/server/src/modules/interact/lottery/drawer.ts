import type { Logger } from 'pino';
import { audit } from '../../../database/audit.ts';
import { levelOf } from '../../../database/errors.ts';
import type { Outbox } from '../../../database/outbox.ts';
import type { StateCenter } from '../../../state/contract.ts';
import type { Notifier } from '../../notice/contract.ts';
import type { UserDirectory } from '../../user/contract.ts';
import type { Beacons } from './beacons.ts';
import { drawWinners } from './fairness.ts';
import type { LotteryMetrics } from './metrics.ts';
import type { LotteryRow, LotteryStore } from './store.ts';
import { beaconOf, lotteryEvent, lotteryView, termsOf, winnersView } from './view.ts';

const SWEEP_MS = 1000;
/** Lotteries at one time on this node; each may take a core for the time of its delay. */
const AT_ONCE = 2;
const LOOKED_AT = 50;
/** Pauses between tries to get a beacon that is not to be had: growing, from and up to. */
const RETRY_FROM_MS = 3000;
const RETRY_TO_MS = 60_000;
/** A beacon that nobody can get for so long never comes. */
const PATIENCE_MS = 7 * 24 * 3_600_000;
/** Why the platform calls one off, in the audit trail. */
const NO_BEACON = 'the beacon is not to be had';
const CLOSED_LATE = 'entries could be closed only after the beacon was known';

export interface DrawerDeps {
  store: LotteryStore;
  outbox: Outbox;
  state: StateCenter;
  beacons: Beacons;
  users: UserDirectory;
  notifier: Notifier;
  metrics: LotteryMetrics;
  logger: Logger;
  now: () => number;
}

/**
 * Brings lotteries to their end: closes those whose time has come or whose broadcast is over, waits for what decides,
 * draws. Where a lottery is stands in the database only and each step is one commit that compares and sets, so it goes
 * on wherever a crash left it, on any node, and draws once. The lease only saves two nodes from doing the same work.
 */
export class Drawer {
  readonly #deps: DrawerDeps;
  readonly #running = new Map<string, Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> | undefined;
  #isAsked = false;
  #isStopped = true;

  constructor(deps: DrawerDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#isStopped = false;
    this.#timer = setInterval(() => this.nudge(), SWEEP_MS).unref();
    this.nudge();
  }

  /** Resolves when what runs is done, which `beacons.stop()` makes soon. Idempotent. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    await this.#sweeping;
    await Promise.all(this.#running.values());
  }

  /** Looks now for what is due. */
  nudge(): void {
    this.#isAsked = true;
    if (this.#isStopped) return;
    this.#sweeping ??= this.#sweep().finally(() => (this.#sweeping = undefined));
  }

  async #sweep(): Promise<void> {
    const { store, now, logger } = this.#deps;
    while (this.#isAsked && !this.#isStopped) {
      this.#isAsked = false;
      try {
        for (const { id } of await store.due(now(), LOOKED_AT)) this.#begin(id);
      } catch (error) {
        logger[levelOf(error)]({ err: error }, 'lotteries that are due could not be looked for');
      }
    }
  }

  #begin(id: string): void {
    if (this.#running.has(id) || this.#running.size >= AT_ONCE || this.#isStopped) return;
    const work = this.#work(id)
      .catch((error: unknown) => {
        this.#deps.logger[levelOf(error)]({ err: error, lottery: id }, 'a lottery waits, and is tried again');
        return false;
      })
      .then((hasMoved) => {
        this.#running.delete(id);
        // There may be more than could run at one time. What did not move waits for the next second.
        if (hasMoved) this.nudge();
      });
    this.#running.set(id, work);
  }

  /** All steps from where it is; false when there was none, as when another node is at it. */
  async #work(id: string): Promise<boolean> {
    const lease = await this.#deps.state.lease(`lottery:${id}`);
    if (lease === undefined) return false;
    let hasMoved = false;
    try {
      let row = await this.#deps.store.find(id);
      while (row !== undefined && !this.#isStopped) {
        const after = await this.#step(row);
        hasMoved ||= after !== undefined;
        row = after;
      }
      return hasMoved;
    } finally {
      await lease.release();
    }
  }

  /** The lottery after its next step; undefined when there is none, or not yet. */
  async #step(row: LotteryRow): Promise<LotteryRow | undefined> {
    if (row.status === 'open') return this.close(row, { actor: 'system' });
    if (row.status !== 'closed') return undefined;
    return row.beacon === null ? this.#takeBeacon(row) : this.#draw(row);
  }

  /**
   * Undefined when it was closed already. One that comes to this only when its round is known to the world, for nothing
   * ran in between, is called off: nobody could tell it from one that was kept open until it suited somebody.
   */
  async close(
    row: LotteryRow,
    by: { actor: string; address?: string; details?: Record<string, unknown> },
  ): Promise<LotteryRow | undefined> {
    const { store, outbox, beacons, now } = this.#deps;
    const atMs = now();
    const knownMs = beacons.knownAt(termsOf(row).beacon);
    if (knownMs > 0 && atMs >= knownMs) return this.cancel(row, { actor: 'system', details: { why: CLOSED_LATE } });
    const dueMs = Math.max(atMs, knownMs);
    return outbox.transact(async ({ transaction, emit }) => {
      const closed = await store.move(transaction, row.id, {
        from: ['open'],
        ...{ status: 'closed', open_room: null, closed_at: atMs, due_at: dueMs },
      });
      if (closed === undefined) return undefined;
      const { id, room_id: roomId, entries, head } = closed;
      await audit(transaction, {
        ...{ actor: by.actor, address: by.address, action: 'lottery.closed', subject: `room:${roomId}`, atMs },
        details: { lottery: id, entries, head, ...by.details },
      });
      await emit(lotteryEvent('lottery.closed', lotteryView(closed)));
      return closed;
    });
  }

  /** Undefined when it has to wait. */
  async #takeBeacon(row: LotteryRow): Promise<LotteryRow | undefined> {
    const { store, outbox, beacons, now } = this.#deps;
    const { beacon: planned } = termsOf(row);
    const knownMs = beacons.knownAt(planned);
    if (now() < knownMs) return undefined;
    // The head is out before anybody, we too, can know what it leads to.
    await outbox.flush();
    try {
      const beacon = await beacons.value(planned, row.head);
      await outbox.transact(({ transaction }) => store.setBeacon(transaction, row.id, JSON.stringify(beacon)));
    } catch (error) {
      if (this.#isStopped) return undefined;
      const lateMs = now() - Math.max(knownMs, row.closed_at ?? 0);
      if (lateMs > PATIENCE_MS) {
        await this.cancel(row, { actor: 'system', details: { why: NO_BEACON } });
        return undefined;
      }
      await store.postpone(row.id, now() + Math.min(RETRY_TO_MS, Math.max(RETRY_FROM_MS, lateMs / 4)));
      throw error;
    }
    return store.find(row.id);
  }

  async #draw(row: LotteryRow): Promise<LotteryRow | undefined> {
    const { store, outbox, users, notifier, metrics, now } = this.#deps;
    const { winners: places, prize } = termsOf(row);
    const { head, entries } = row;
    const seed = Buffer.from(row.seed, 'hex');
    const numbers = drawWinners({ seed, head, beacon: beaconOf(row)?.value ?? '', entries, winners: places });
    const winners = (await winnersView(await store.byNumber(row.id, numbers), users)).get(row.id) ?? [];
    const atMs = now();
    const ended = await outbox.transact(async ({ transaction, emit }) => {
      const drawn = await store.move(transaction, row.id, {
        from: ['closed'],
        ...{ status: 'drawn', ended_at: atMs, due_at: null },
      });
      if (drawn === undefined) return undefined;
      const { id, room_id: roomId } = drawn;
      await store.setWinners(transaction, id, numbers);
      await audit(transaction, {
        ...{ actor: 'system', action: 'lottery.drawn', subject: `room:${roomId}`, atMs },
        details: { lottery: id, winners: winners.map(({ userId }) => userId) },
      });
      await emit(lotteryEvent('lottery.ended', lotteryView(drawn, winners)));
      const data = { lotteryId: id, roomId, prize };
      await notifier.notify(
        { transaction, emit },
        winners.map(({ userId }) => ({ userId, kind: 'lottery' as const, data })),
      );
      return drawn;
    });
    if (ended !== undefined) metrics.ended('drawn');
    return ended;
  }

  /** Undefined when it was drawn or cancelled already. */
  async cancel(
    row: LotteryRow,
    by: { actor: string; address?: string; details?: Record<string, unknown> },
  ): Promise<LotteryRow | undefined> {
    const { store, outbox, metrics, now } = this.#deps;
    const atMs = now();
    const ended = await outbox.transact(async ({ transaction, emit }) => {
      const cancelled = await store.move(transaction, row.id, {
        from: ['open', 'closed'],
        ...{ status: 'cancelled', open_room: null, ended_at: atMs, due_at: null },
      });
      if (cancelled === undefined) return undefined;
      const { id, room_id: roomId } = cancelled;
      await audit(transaction, {
        ...{ actor: by.actor, address: by.address, action: 'lottery.cancelled', subject: `room:${roomId}`, atMs },
        details: { lottery: id, ...by.details },
      });
      await emit(lotteryEvent('lottery.ended', lotteryView(cancelled)));
      return cancelled;
    });
    if (ended !== undefined) metrics.ended('cancelled');
    return ended;
  }
}
