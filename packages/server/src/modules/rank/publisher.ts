import type { Database } from '../../database/database.ts';
import type { StateCenter } from '../../state/contract.ts';
import { channelIdOf } from '../live/contract.ts';
import { RANK_CHANGED, RANK_RESET, type RankChanged, type RankEntry } from './contract.ts';
import type { Boards, NamedBoard } from './boards.ts';
import type { Counted } from './counting.ts';
import { watchGroup } from './watching.ts';

/** Rooms looked at in one round; the changes of others come with the next. */
const MAX_ROOMS = 500;

/** Rooms that a node looks through when it begins to tell. */
const MAX_OPEN = 20_000;

/** Told last of a board. */
interface Told {
  start: number;
  entries: readonly RankEntry[];
}

/** A channel that somebody looks at. */
interface Watched {
  boards(): NamedBoard[];
  /** By board and period. */
  told: Map<string, Told>;
}

export interface PublisherDeps {
  database: Database;
  state: StateCenter;
  boards: Boards;
}

/**
 * Tells those who look what changed since they were told last. Only the node that counts does so; one that begins to
 * tells boards as a whole first, for it does not know what the one before had told. What is told is absolute, so that
 * a listener whose snapshot is newer loses nothing; it has to be told after every commit that changes a board, for a
 * snapshot of what came and went between two tellings would be mended by neither.
 */
export class Publisher {
  readonly #deps: PublisherDeps;
  /** By channel. */
  readonly #watched = new Map<string, Watched>();
  #isNew = true;
  /** Changed and not told yet. */
  #isPlatformDirty = false;
  readonly #dirtyChannels = new Set<string>();
  readonly #dirtyRooms = new Set<string>();

  constructor(deps: PublisherDeps) {
    this.#deps = deps;
  }

  /** Who is watched by how many may have changed. */
  noteViewers(): void {
    this.#isPlatformDirty = true;
  }

  /** These were counted. */
  note({ facts, keys }: Counted): void {
    this.#isPlatformDirty ||= keys.some(({ scope }) => scope === '');
    for (const { channelId, roomId } of facts) {
      if (channelId !== undefined) this.#dirtyChannels.add(channelId);
      if (roomId !== undefined) this.#dirtyRooms.add(roomId);
    }
  }

  /** Another node tells from now on. */
  forget(): void {
    this.#isNew = true;
    this.#watched.clear();
    this.#dirtyChannels.clear();
    this.#dirtyRooms.clear();
    this.#isPlatformDirty = false;
  }

  /** @throws StateUnavailableError, after which boards are told as a whole */
  async tell(): Promise<void> {
    try {
      await this.#tell();
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  async #tell(): Promise<void> {
    if (this.#isNew) await this.#takeOver();
    const { boards, state } = this.#deps;
    const changed = new Map([...(await this.#changedRooms()), ...this.#overdue()]);
    if (this.#isPlatformDirty) changed.set('rank', () => boards.ofPlatform());
    const channels = [...new Set([...changed.keys(), ...this.#watched.keys()])];
    if (channels.length === 0) return;
    const counts = await state.counts(channels.map(watchGroup));
    const isWatched = (name: string): boolean => (counts.get(watchGroup(name))?.count ?? 0) > 0;
    for (const channel of this.#watched.keys()) if (!isWatched(channel)) this.#watched.delete(channel);
    for (const [channel, boardsOf] of changed) if (isWatched(channel)) await this.#tellChannel(channel, boardsOf);
    this.#isPlatformDirty = false;
  }

  /** Whatever the node before did not come to tell: of the platform, and of every room that somebody may look at. */
  async #takeOver(): Promise<void> {
    const open = await this.#deps.database
      .selectFrom('rooms')
      .select('id')
      .where('status', '<>', 'ended')
      .limit(MAX_OPEN)
      .execute();
    for (const { id } of open) this.#dirtyRooms.add(id);
    this.#isPlatformDirty = true;
    this.#isNew = false;
  }

  /** Channels of which a period is over. */
  #overdue(): [string, () => NamedBoard[]][] {
    return [...this.#watched]
      .filter(([, { boards, told }]) => boards().some((board) => told.get(nameOf(board))?.start !== board.start))
      .map(([channel, { boards }]) => [channel, boards]);
  }

  /** The rooms in which a board may have changed. */
  async #changedRooms(): Promise<[string, () => NamedBoard[]][]> {
    const channels = [...this.#dirtyChannels].slice(0, MAX_ROOMS);
    const rooms = [...this.#dirtyRooms].slice(0, MAX_ROOMS);
    for (const channel of channels) this.#dirtyChannels.delete(channel);
    for (const room of rooms) this.#dirtyRooms.delete(room);
    if (channels.length + rooms.length === 0) return [];
    const { database, boards } = this.#deps;
    const rows = await database
      .selectFrom('rooms')
      .select(['id', 'user_id'])
      .where(({ eb, or, and }) =>
        or([
          eb('id', 'in', ['', ...rooms]),
          and([eb('user_id', 'in', ['', ...channels]), eb('status', '<>', 'ended')]),
        ]),
      )
      .execute();
    return rows.map(({ id, user_id: userId }) => [`rank:${id}`, () => boards.ofRoom(id, channelIdOf({ id, userId }))]);
  }

  /** Reads all of it first, so that who comes while it is told shares one snapshot with others. */
  async #tellChannel(channel: string, boards: () => NamedBoard[]): Promise<void> {
    const watched = this.#watched.get(channel) ?? { boards, told: new Map<string, Told>() };
    this.#watched.set(channel, watched);
    const messages: [string, unknown][] = [];
    for (const { board, period, start, read } of boards()) {
      const name = nameOf({ board, period });
      const before = watched.told.get(name);
      const entries = await read();
      watched.told.set(name, { start, entries });
      if (before?.start !== start) messages.push([RANK_RESET, { board, period, entries }]);
      else {
        const { changes, removed } = difference(before.entries, entries);
        if (changes.length + removed.length > 0) messages.push([RANK_CHANGED, { board, period, changes, removed }]);
      }
    }
    for (const [event, data] of messages) await this.#deps.state.publishEphemeral(channel, event, data);
  }
}

const nameOf = ({ board, period }: Pick<NamedBoard, 'board' | 'period'>): string => `${board} ${period}`;

/** What is to be said so that who knows `before` knows `after`. */
export function difference(
  before: readonly RankEntry[],
  after: readonly RankEntry[],
): Pick<RankChanged, 'changes' | 'removed'> {
  const known = new Map(before.map((entry) => [entry.userId, JSON.stringify(entry)]));
  const stays = new Set(after.map(({ userId }) => userId));
  return {
    changes: after.filter((entry) => known.get(entry.userId) !== JSON.stringify(entry)),
    removed: before.map(({ userId }) => userId).filter((userId) => !stays.has(userId)),
  };
}
