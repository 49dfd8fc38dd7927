import type { Database } from '../../database/database.ts';
import type { StateCenter } from '../../state/contract.ts';
import { RANK_CHANGED, RANK_RESET, type RankChanged, type RankEntry } from './contract.ts';
import type { Boards, NamedBoard } from './boards.ts';
import type { Counted } from './counting.ts';
import { watchGroup } from './watching.ts';

/** Rooms looked at in one round; the changes of others come with the next. */
const MAX_ROOMS = 500;

/** Told last of a board. */
interface Told {
  start: number;
  entries: readonly RankEntry[];
}

export interface PublisherDeps {
  database: Database;
  state: StateCenter;
  boards: Boards;
}

/**
 * Tells those who look what changed since they were told last. Only the node that counts does so; one that begins to
 * tells boards as a whole first. What is told is absolute, so that a listener whose snapshot is newer loses nothing.
 */
export class Publisher {
  readonly #deps: PublisherDeps;
  /** By channel, by board and period. Of channels that somebody looks at. */
  readonly #told = new Map<string, Map<string, Told>>();
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
    this.#told.clear();
    this.#dirtyChannels.clear();
    this.#dirtyRooms.clear();
    this.#isPlatformDirty = false;
  }

  async tell(): Promise<void> {
    const rooms = await this.#changedRooms();
    const { boards, state } = this.#deps;
    const channels = [...new Set(['rank', ...rooms.keys(), ...this.#told.keys()])];
    const counts = await state.counts(channels.map(watchGroup));
    const isWatched = (name: string): boolean => (counts.get(watchGroup(name))?.count ?? 0) > 0;
    for (const channel of this.#told.keys()) if (!isWatched(channel)) this.#told.delete(channel);
    if (isWatched('rank')) await this.#tellPlatform();
    for (const [name, channelId] of rooms)
      if (isWatched(name)) await this.#tellChannel(name, boards.ofRoom(name.slice('rank:'.length), channelId));
  }

  async #tellPlatform(): Promise<void> {
    const boards = this.#deps.boards.ofPlatform();
    const told = this.#told.get('rank');
    const isOver = boards.some((board) => told?.get(nameOf(board))?.start !== board.start);
    if (!this.#isPlatformDirty && !isOver) return;
    this.#isPlatformDirty = false;
    await this.#tellChannel('rank', boards);
  }

  /** Channel names of the rooms in which a board may have changed, with the broadcaster's channel of each. */
  async #changedRooms(): Promise<Map<string, string>> {
    const channels = [...this.#dirtyChannels].slice(0, MAX_ROOMS);
    const rooms = [...this.#dirtyRooms].slice(0, MAX_ROOMS);
    for (const channel of channels) this.#dirtyChannels.delete(channel);
    for (const room of rooms) this.#dirtyRooms.delete(room);
    if (channels.length + rooms.length === 0) return new Map();
    const rows = await this.#deps.database
      .selectFrom('rooms')
      .select(['id', 'user_id'])
      .where(({ eb, or, and }) =>
        or([
          eb('id', 'in', ['', ...rooms]),
          and([eb('user_id', 'in', ['', ...channels]), eb('status', '<>', 'ended')]),
        ]),
      )
      .execute();
    return new Map(rows.map(({ id, user_id }) => [`rank:${id}`, user_id ?? id]));
  }

  async #tellChannel(channel: string, boards: readonly NamedBoard[]): Promise<void> {
    const told = this.#told.get(channel) ?? new Map<string, Told>();
    this.#told.set(channel, told);
    for (const { board, period, start, read } of boards) {
      const name = nameOf({ board, period });
      const before = told.get(name);
      const entries = await read();
      told.set(name, { start, entries });
      if (before?.start !== start) {
        await this.#deps.state.publishEphemeral(channel, RANK_RESET, { board, period, entries });
        continue;
      }
      const { changes, removed } = difference(before.entries, entries);
      if (changes.length + removed.length > 0)
        await this.#deps.state.publishEphemeral(channel, RANK_CHANGED, { board, period, changes, removed });
    }
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
