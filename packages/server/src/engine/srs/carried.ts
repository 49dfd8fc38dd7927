import type { EngineEvent, PublicEngineClient, StreamName } from '../contract.ts';
import { isOfServer } from './client-id.ts';

/** A publisher that was let in has to be current by then. */
const BECOMING_CURRENT_MS = 10_000;
/** How long somebody who was let in is known again, when SRS's lists could not be read meanwhile. */
const REMEMBERED_MS = 120_000;
/** A publisher whose bytes did not rise for this long has fallen silent; SRS counts them every 3 s. */
const SILENT_MS = 8000;
/** Hooks that are under way while a list is read: what is younger is not judged by it. */
const UNDER_WAY_MS = 2000;

export const keyOf = ({ app, stream }: StreamName): string => `${app}/${stream}`;

/** Who publishes, as far as it is known. */
interface Publisher {
  client: PublicEngineClient;
  /** Undefined for one that was found, not let in. */
  credential: string | undefined;
  sinceMs: number;
  recvBytes: number;
  /** When `recvBytes` rose last. */
  heardMs: number;
}

interface Carried extends StreamName {
  publisher?: Publisher;
  graceTimer?: NodeJS.Timeout;
}

interface Viewer {
  client: PublicEngineClient;
  viewer: string;
  sinceMs: number;
}

/** What one server's lists said. */
export interface Look {
  /** Its `server_id`. */
  server: string;
  /** When the lists were asked for. */
  beganMs: number;
  publishers: readonly (StreamName & {
    clientId: string;
    recvBytes: number;
    client: PublicEngineClient;
    aliveMs: number;
  })[];
  viewers: readonly (PublicEngineClient & { aliveMs: number })[];
}

/** What a comparison put right. */
export type Healed = 'publisher_found' | 'publisher_gone' | 'viewer_found' | 'viewer_gone';

/** What nobody told of and has to be judged by whoever asked for the comparison. */
export interface Strangers {
  /** Publish though they never asked. */
  publishers: PublicEngineClient[];
  /** Watch though nothing is known of them. */
  viewers: PublicEngineClient[];
}

/**
 * What SRS carries, as its hooks and its lists tell it together. Hooks may come twice, late, in another order or not at
 * all; each is believed as far as the others allow it, and the lists have the last word.
 */
export class SrsCarried {
  readonly #emit: (event: EngineEvent) => void;
  readonly #now: () => number;
  readonly #graceMs: number;
  readonly #streams = new Map<string, Carried>();
  readonly #viewers = new Map<string, Viewer>();
  /** Publishers that left lately, and when. */
  readonly #left = new Map<string, number>();
  readonly #admitted = new Map<string, { publisher: Publisher; untilMs: number }>();
  readonly healed: Record<Healed, number> = { publisher_found: 0, publisher_gone: 0, viewer_found: 0, viewer_gone: 0 };
  /** What began before was let in by another process, and is adopted when it is found. */
  #sinceMs: number;

  constructor(deps: { emit(event: EngineEvent): void; now(): number; graceMs: number }) {
    this.#emit = (event) => deps.emit(event);
    this.#now = () => deps.now();
    this.#graceMs = deps.graceMs;
    this.#sinceMs = deps.now();
  }

  get viewerCount(): number {
    return this.#viewers.size;
  }

  viewersOf(stream: StreamName): PublicEngineClient[] {
    return [...this.#viewers.values()].map(({ client }) => client).filter((client) => keyOf(client) === keyOf(stream));
  }

  publisherOf(stream: StreamName): PublicEngineClient | undefined {
    return this.#streams.get(keyOf(stream))?.publisher?.client;
  }

  /** Let in and not yet seen in the lists. */
  admittedTo(stream: StreamName): PublicEngineClient | undefined {
    const found = this.#admitted.get(keyOf(stream));
    return found !== undefined && found.untilMs > this.#now() ? found.publisher.client : undefined;
  }

  /** Whether the publisher stopped sending without leaving, and whoever shows this credential may take its place. */
  mayBeReplaced(stream: StreamName, credential: string): boolean {
    const publisher = this.#streams.get(keyOf(stream))?.publisher;
    if (publisher === undefined || publisher.credential !== credential) return false;
    return this.#now() - publisher.heardMs >= SILENT_MS;
  }

  admit(client: PublicEngineClient, credential: string): void {
    const now = this.#now();
    for (const [key, { untilMs }] of this.#admitted) if (untilMs + REMEMBERED_MS <= now) this.#admitted.delete(key);
    this.#left.delete(client.clientId);
    const publisher = { client, credential, sinceMs: now, recvBytes: 0, heardMs: now };
    this.#admitted.set(keyOf(client), { publisher, untilMs: now + BECOMING_CURRENT_MS });
  }

  /** `on_unpublish`, or the end of its connection. Others than the current one change nothing. */
  left(clientId: string, stream: StreamName, reason: string): void {
    const key = keyOf(stream);
    const now = this.#now();
    for (const [id, atMs] of this.#left) if (atMs + REMEMBERED_MS <= now) this.#left.delete(id);
    this.#left.set(clientId, now);
    if (this.#admitted.get(key)?.publisher.client.clientId === clientId) this.#admitted.delete(key);
    const carried = this.#streams.get(key);
    if (carried?.publisher?.client.clientId === clientId) this.#interrupt(carried, reason);
  }

  /** A connection of RTMP ended, whatever it did. */
  closed(clientId: string): void {
    for (const { publisher, ...stream } of this.#streams.values())
      if (publisher?.client.clientId === clientId) this.left(clientId, stream, 'closed');
    for (const { publisher } of this.#admitted.values())
      if (publisher.client.clientId === clientId) this.left(clientId, publisher.client, 'closed');
    this.stopped(clientId, 'closed');
  }

  /** Over at once, whatever the publisher does. */
  end(stream: StreamName, reason: string): boolean {
    const carried = this.#streams.get(keyOf(stream));
    this.#admitted.delete(keyOf(stream));
    if (carried === undefined) return false;
    this.#end(carried, reason);
    return true;
  }

  playing(client: PublicEngineClient, viewer: string): void {
    if (this.#viewers.has(client.clientId)) return;
    this.#viewers.set(client.clientId, { client, viewer, sinceMs: this.#now() });
    this.#emit({ type: 'playing', ...nameOf(client), client, viewer, atMs: this.#now() });
  }

  stopped(clientId: string, reason: string): void {
    const found = this.#viewers.get(clientId);
    if (found === undefined) return;
    this.#viewers.delete(clientId);
    const { client, viewer } = found;
    this.#emit({ type: 'stopped', ...nameOf(client), client, viewer, reason, atMs: this.#now() });
  }

  /** Puts right what one server's lists show to be otherwise. */
  compare(look: Look): Strangers {
    const strangers: Strangers = { publishers: [], viewers: [] };
    const listed = new Set<string>();
    for (const seen of look.publishers) {
      listed.add(seen.clientId);
      if (!this.#leftMeanwhile(seen.clientId, look)) this.#seen(seen, strangers);
    }
    for (const carried of this.#streams.values()) this.#missing(carried, look, listed);
    this.#compareViewers(look, strangers);
    return strangers;
  }

  /** A viewer that was found was taken over by whoever compared. */
  found(client: PublicEngineClient, viewer: string): void {
    this.healed.viewer_found++;
    this.playing(client, viewer);
  }

  /** A server is lost with all it carried. */
  lost(server: string): void {
    const isHis = ({ clientId }: PublicEngineClient): boolean => isOfServer(clientId, server);
    for (const carried of this.#streams.values())
      if (carried.publisher !== undefined && isHis(carried.publisher.client)) this.#interrupt(carried, 'server_lost');
    for (const { client } of this.#viewers.values()) if (isHis(client)) this.stopped(client.clientId, 'server_lost');
  }

  /** Another node answers for all from now on, or this one ends: nobody is told. */
  forget(): void {
    for (const { graceTimer } of this.#streams.values()) clearTimeout(graceTimer);
    this.#streams.clear();
    this.#viewers.clear();
    this.#admitted.clear();
    this.#left.clear();
    this.#sinceMs = this.#now();
  }

  /** SRS tells of an end before its lists do. */
  #leftMeanwhile(clientId: string, { beganMs }: Look): boolean {
    const leftMs = this.#left.get(clientId);
    return leftMs !== undefined && leftMs + UNDER_WAY_MS > beganMs;
  }

  #seen({ clientId, recvBytes, client, aliveMs }: Look['publishers'][number], strangers: Strangers): void {
    const key = keyOf(client);
    const now = this.#now();
    const carried = this.#streams.get(key);
    const admitted = this.#admitted.get(key)?.publisher;
    if (carried?.publisher?.client.clientId === clientId) {
      const { publisher } = carried;
      if (recvBytes !== publisher.recvBytes) Object.assign(publisher, { recvBytes, heardMs: now });
      return;
    }
    if (admitted?.client.clientId === clientId) {
      this.#admitted.delete(key);
      this.#publish({ ...admitted, recvBytes, heardMs: now });
      return;
    }
    if (now - aliveMs > this.#sinceMs) {
      strangers.publishers.push(client);
      return;
    }
    this.healed.publisher_found++;
    this.#publish({ client, credential: undefined, sinceMs: now, recvBytes, heardMs: now });
  }

  #publish(publisher: Publisher): void {
    const { client } = publisher;
    const key = keyOf(client);
    const known = this.#streams.get(key);
    clearTimeout(known?.graceTimer);
    this.#streams.set(key, { ...nameOf(client), publisher });
    const resumed = known !== undefined;
    this.#emit({ type: 'published', ...nameOf(client), client, resumed, atMs: this.#now() });
  }

  #missing(carried: Carried, { server, beganMs }: Look, listed: ReadonlySet<string>): void {
    const { publisher } = carried;
    if (publisher === undefined || !isOfServer(publisher.client.clientId, server)) return;
    if (listed.has(publisher.client.clientId) || publisher.sinceMs >= beganMs) return;
    this.healed.publisher_gone++;
    this.#interrupt(carried, 'lost');
  }

  #compareViewers({ server, beganMs, viewers }: Look, strangers: Strangers): void {
    const listed = new Map(viewers.map((viewer) => [viewer.clientId, viewer]));
    for (const [clientId, { sinceMs }] of this.#viewers) {
      if (!isOfServer(clientId, server) || listed.has(clientId) || sinceMs > beganMs - UNDER_WAY_MS) continue;
      this.healed.viewer_gone++;
      this.stopped(clientId, 'lost');
    }
    for (const [clientId, { aliveMs, ...client }] of listed)
      if (!this.#viewers.has(clientId) && aliveMs > UNDER_WAY_MS) strangers.viewers.push(client);
  }

  #interrupt(carried: Carried, reason: string): void {
    const client = carried.publisher?.client;
    if (client === undefined) return;
    carried.publisher = undefined;
    clearTimeout(carried.graceTimer);
    carried.graceTimer = setTimeout(() => this.#end(carried, reason), this.#graceMs);
    carried.graceTimer.unref();
    this.#emit({ type: 'interrupted', ...nameOf(carried), client, reason, atMs: this.#now() });
  }

  #end(carried: Carried, reason: string): void {
    clearTimeout(carried.graceTimer);
    if (this.#streams.get(keyOf(carried)) === carried) this.#streams.delete(keyOf(carried));
    this.#emit({ type: 'ended', ...nameOf(carried), reason, atMs: this.#now() });
  }
}

function nameOf({ app, stream }: StreamName): StreamName {
  return { app, stream };
}
