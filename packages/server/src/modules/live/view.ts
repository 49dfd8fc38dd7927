import type { MediaEngine, PlayUrls, Site } from '../../engine/contract.ts';
import type { UserDirectory } from '../user/contract.ts';
import type { Audience } from './audience.ts';
import {
  LIVE_APP,
  type OtherNodes,
  type PublishingHealth,
  type Room,
  type RoomFacts,
  type RoomOwner,
} from './contract.ts';
import type { Signer } from './signer.ts';
import type { RoomRow } from './store.ts';

/** How old an owner's shown name may be. */
const OWNER_FRESH_MS = 10_000;
const MAX_OWNERS = 5000;
/** A program's play token is good for one to two of these. */
const PROGRAM_TOKEN_STEP_MS = 15 * 60_000;

/** Turns rows into what one caller may see. */
export class RoomView {
  readonly #engine: MediaEngine;
  readonly #audience: Audience;
  readonly #signer: Signer;
  readonly #users: UserDirectory;
  readonly #nodes: Pick<OtherNodes, 'sight'>;
  readonly #now: () => number;
  /** Undefined is an account that is gone. */
  readonly #owners = new Map<string, { owner: RoomOwner | undefined; atMs: number }>();

  constructor(deps: {
    engine: MediaEngine;
    audience: Audience;
    signer: Signer;
    users: UserDirectory;
    nodes: Pick<OtherNodes, 'sight'>;
    now: () => number;
  }) {
    this.#engine = deps.engine;
    this.#audience = deps.audience;
    this.#signer = deps.signer;
    this.#users = deps.users;
    this.#nodes = deps.nodes;
    this.#now = deps.now;
  }

  /** Gets what `facts` needs beside the rows: viewer numbers and owners' names. Not inside a transaction. */
  async prime(rows: readonly RoomRow[]): Promise<void> {
    await this.#audience.refresh(rows.filter(({ status }) => status !== 'ended').map(({ id }) => id));
    const now = this.#now();
    const ids = new Set(rows.map((row) => row.user_id).filter((id) => id !== null));
    const old = [...ids].filter((id) => (this.#owners.get(id)?.atMs ?? -Infinity) + OWNER_FRESH_MS <= now);
    if (old.length === 0) return;
    const found = await this.#users.findMany(old);
    if (this.#owners.size + old.length > MAX_OWNERS) this.#owners.clear();
    for (const id of old) {
      const user = found.get(id);
      const owner =
        user === undefined ? undefined : { id, username: user.username, name: user.name, avatar: user.avatar };
      this.#owners.set(id, { owner, atMs: now });
    }
  }

  facts(row: RoomRow): RoomFacts {
    const numbers = row.status === 'ended' ? undefined : this.#audience.known(row.id);
    return {
      id: row.id,
      userId: row.user_id,
      owner: row.user_id === null ? undefined : this.#owners.get(row.user_id)?.owner,
      title: row.title,
      category: row.category ?? undefined,
      cover: row.cover ?? undefined,
      poster: this.#posterOf(row),
      status: row.status,
      mode: row.mode,
      interrupted: row.interrupted === 1 ? true : undefined,
      isPrivate: row.is_private === 1,
      autoLive: row.auto_live === 1,
      recording: row.recording,
      playId: row.play_id,
      startTime: row.start_time ?? undefined,
      endTime: row.end_time ?? undefined,
      viewerCount: row.status === 'ended' ? 0 : (numbers?.count ?? row.viewer_count),
      peakViewers: Math.max(row.peak_viewers, numbers?.peak ?? 0),
      maxViewers: row.max_viewers,
    };
  }

  /** For anybody who may see the room at all; `token` is the play token that goes into the addresses. */
  public(facts: RoomFacts, site: Site, token?: string): Room {
    const { poster: path } = facts;
    const poster = path === undefined || token === undefined ? path : `${path}&token=${encodeURIComponent(token)}`;
    return {
      ...facts,
      poster,
      playUrls: this.#playUrls(facts, site, token),
      renditions: this.#renditions(facts, site, token),
      dvrWindowMs: facts.mode === 'p2p' ? undefined : this.#engine.capabilities.hlsWindowMs,
    };
  }

  /** For an invited account: addresses that work while it is invited. */
  member(row: RoomRow, site: Site, person: string): Room {
    const token = needsToken(row) ? this.#signer.playToken(row.id, { person, forMember: true }) : undefined;
    return this.public(this.facts(row), site, token);
  }

  /** For a program that its owner gave the right to see it, which asks again and again. */
  forProgram(row: RoomRow, site: Site): { room: Room; playToken?: string } {
    if (!needsToken(row)) return { room: this.public(this.facts(row), site) };
    // The same for half of its time, so that answers stay cacheable.
    const untilMs = (Math.floor(this.#now() / PROGRAM_TOKEN_STEP_MS) + 2) * PROGRAM_TOKEN_STEP_MS;
    const playToken = this.#signer.playToken(row.id, { untilMs });
    return { room: this.public(this.facts(row), site, playToken), playToken };
  }

  /** For the owner: the key, and play URLs that work for private rooms and previews. */
  owner(
    row: RoomRow,
    site: Site,
    { secret, publishing }: { secret: string; publishing: PublishingHealth | undefined },
  ): Room {
    const room = this.public(this.facts(row), site, needsToken(row) ? this.#signer.playToken(row.id) : undefined);
    if (row.mode === 'p2p') return room;
    return {
      ...room,
      streamKey: `${row.play_id}?key=${secret}`,
      publishUrls: this.#engine.publishUrls({ app: LIVE_APP, stream: row.play_id, ...site, query: { key: secret } }),
      publishing: row.status === 'ended' ? undefined : (publishing ?? this.#nodes.sight(row.play_id)?.publishing),
    };
  }

  /** A preview is nobody else's business. */
  #posterOf({ id, play_id: stream, status, mode }: RoomRow): string | undefined {
    if (status !== 'live' || mode === 'p2p') return undefined;
    const atMs = this.#engine.poster?.({ app: LIVE_APP, stream })?.atMs ?? this.#nodes.sight(stream)?.posterAtMs;
    return atMs === undefined ? undefined : `/api/rooms/${encodeURIComponent(id)}/poster?v=${atMs}`;
  }

  #renditions(facts: RoomFacts, site: Site, token: string | undefined): Room['renditions'] {
    const { playId, mode, status } = facts;
    if (mode === 'p2p' || status === 'ended') return undefined;
    const own = this.#engine.renditions?.({ app: LIVE_APP, stream: playId }) ?? [];
    const renditions = own.length > 0 ? own : (this.#nodes.sight(playId)?.renditions ?? []);
    if (renditions.length === 0) return undefined;
    return renditions.map(({ name, width, height, bitrateBps }) => ({
      name,
      ...(width === undefined || height === undefined ? {} : { height: Math.min(width, height) }),
      bitrateBps,
      ...this.#playUrls(facts, site, token, `_${name}`),
    }));
  }

  #playUrls({ playId, mode }: RoomFacts, site: Site, token: string | undefined, suffix = ''): PlayUrls {
    if (mode === 'p2p') return {};
    return this.#engine.playUrls({
      app: LIVE_APP,
      stream: playId + suffix,
      ...site,
      query: token === undefined ? {} : { token },
      place: this.#nodes.sight(playId)?.place,
    });
  }
}

function needsToken(row: RoomRow): boolean {
  return row.is_private === 1 || (row.status === 'preparing' && row.auto_live === 0);
}
