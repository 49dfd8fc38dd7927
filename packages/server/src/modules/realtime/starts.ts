import type { Site } from '../../engine/contract.ts';
import type { Position, StateCenter } from '../../state/contract.ts';
import type { Asker, ChannelSource } from './contract.ts';
import { Batch, eventMessage, FeedMessage, siteKey } from './message.ts';

/** How long what one asked for is given to others too. */
const SHARED_MS = 1000;
const MAX_SHARED = 64;

/** What a subscription begins with: a snapshot, or what was missed. */
export interface Start {
  batch: Batch;
  /** Where it ends in the log; undefined on ephemeral channels. */
  position: Position | undefined;
  /** How many deliveries the feed had seen before this was read: those after it have to follow. */
  sequence: number;
}

interface Shared {
  start: Promise<Start>;
  sequence: number;
  isStale: boolean;
  madeAtMs: number;
}

export interface StartsDeps {
  /** Of the log. */
  name: string;
  /** As clients call it. */
  shownName: string;
  source: ChannelSource;
  state: StateCenter;
  now: () => number;
}

/**
 * Reads the starts of a channel's subscriptions. Those who come together share them: one snapshot for each site, one
 * read for each place in the log, however many resume from it.
 */
export class Starts {
  readonly #deps: StartsDeps;
  readonly #shared = new Map<string, Shared>();
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: StartsDeps) {
    this.#deps = deps;
  }

  /**
   * `sequence` is the feed's count of deliveries now, `oldestKept` the count from which it can still hand them on.
   * With `since`, what was missed if that is still known, else a snapshot.
   */
  async find(
    asker: Asker,
    { since, sequence, oldestKept }: { since: Position | undefined; sequence: number; oldestKept: number },
  ): Promise<Start> {
    const { source } = this.#deps;
    const site = siteKey(asker.caller.site);
    if (since !== undefined && source.logged) {
      const key = `since ${since.epoch}.${since.offset} ${site}`;
      const missed = await this.#share(key, { sequence, oldestKept, isSnapshot: false }, async () =>
        this.#missed(since, sequence, asker.caller.site),
      );
      if (missed !== undefined) return missed;
    }
    if (source.sharesSnapshot !== true) return this.#snapshot(asker, sequence);
    return this.#share(`snapshot ${site}`, { sequence, oldestKept, isSnapshot: true }, async () =>
      this.#snapshot(asker, sequence),
    );
  }

  /** What is shared is void, or nobody is left to share it. */
  forgetAll(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#shared.clear();
  }

  async #share<Found extends Start | undefined>(
    key: string,
    { sequence, oldestKept, isSnapshot }: { sequence: number; oldestKept: number; isSnapshot: boolean },
    find: () => Promise<Found>,
  ): Promise<Found> {
    const isStale = !this.#deps.state.health().ok;
    const known = this.#shared.get(key);
    const isGood =
      known !== undefined &&
      // A snapshot is of now; what was missed only needs what followed it.
      known.sequence >= (isSnapshot ? sequence : oldestKept) &&
      known.isStale === isStale &&
      known.madeAtMs + SHARED_MS > this.#deps.now();
    if (isGood) return known.start as Promise<Found>;
    const start = find();
    this.#keep(key, { start: start as Promise<Start>, sequence, isStale, madeAtMs: this.#deps.now() });
    try {
      return await start;
    } catch (error) {
      if (this.#shared.get(key)?.start === start) this.#shared.delete(key);
      throw error;
    }
  }

  #keep(key: string, shared: Shared): void {
    this.#shared.delete(key);
    this.#shared.set(key, shared);
    const [oldest] = this.#shared.keys();
    if (this.#shared.size > MAX_SHARED && oldest !== undefined) this.#shared.delete(oldest);
    this.#timer ??= setTimeout(() => this.forgetAll(), SHARED_MS).unref();
  }

  /** Undefined when the log no longer reaches back. */
  async #missed(since: Position, sequence: number, site: Site): Promise<Start | undefined> {
    const { name, shownName: channel, source, state } = this.#deps;
    const { recovered, events, position } = await state.read(name, since);
    if (!recovered) return undefined;
    const marker = new FeedMessage({ type: 'snapshot', channel, ...since, recovered: true }, since);
    const missed = events.map(({ offset, ...event }) =>
      eventMessage({ ...event, position: { epoch: since.epoch, offset } }, { channel, source, site }),
    );
    return { batch: new Batch([marker, ...missed]), position, sequence };
  }

  async #snapshot(asker: Asker, sequence: number): Promise<Start> {
    const { name, shownName: channel, source, state } = this.#deps;
    // The position first: an event in between is in the data already and comes again, which its whole state makes harmless.
    const position = source.logged ? await state.position(name) : undefined;
    const data = await source.snapshot(name, asker);
    const stale = state.health().ok ? undefined : true;
    const place = position ?? { epoch: '', offset: 0 };
    const message = new FeedMessage({ type: 'snapshot', channel, ...place, recovered: false, stale, data }, position);
    return { batch: new Batch([message]), position, sequence };
  }
}
