import type { Database } from '../../database/database.ts';
import type { StateCenter } from '../../state/contract.ts';
import { channelIdOf } from '../live/contract.ts';
import { RANK_CHANGED, RANK_RESET, type RankChanged, type RankEntry } from './contract.ts';
import { PLATFORM_BOARDS, type Boards, type NamedBoard } from './boards.ts';
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
  /** By channel that somebody looks at, by board and period. */
  readonly #told = new Map<string, Map<string, Told>>();
  /** That is told of; undefined before this node told anything. */
  #week: number | undefined;
  /** Changed and not told yet: boards of the platform, and whose supporters. */
  readonly #dirtyBoards = new Set<string>();
  readonly #dirtyChannels = new Set<string>();
  readonly #dirtyRooms = new Set<string>();

  constructor(deps: PublisherDeps) {
    this.#deps = deps;
  }

  /** Who is watched by how many may have changed. */
  noteViewers(): void {
    this.#dirtyBoards.add('viewers');
  }

  /** These were counted. */
  note({ facts, keys }: Counted): void {
    for (const { scope, board } of keys) if (scope === '') this.#dirtyBoards.add(board);
    for (const { channelId, roomId, amount } of facts) {
      if (amount === 0) for (const board of PLATFORM_BOARDS) this.#dirtyBoards.add(board);
      if (channelId !== undefined) this.#dirtyChannels.add(channelId);
      if (roomId !== undefined) this.#dirtyRooms.add(roomId);
    }
  }

  /** Another node tells from now on. */
  forget(): void {
    this.#week = undefined;
    this.#told.clear();
    this.#dirtyBoards.clear();
    this.#dirtyChannels.clear();
    this.#dirtyRooms.clear();
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
    const { boards, state } = this.#deps;
    if (this.#week !== boards.weekStart()) await this.#beginAnew();
    const rooms = await this.#changedRooms();
    const channels = [...new Set(['rank', ...rooms.map(([channel]) => channel), ...this.#told.keys()])];
    const counts = await state.counts(channels.map(watchGroup));
    const isWatched = (name: string): boolean => (counts.get(watchGroup(name))?.count ?? 0) > 0;
    for (const channel of this.#told.keys()) if (!isWatched(channel)) this.#told.delete(channel);
    if (isWatched('rank')) await this.#tellChannel('rank', this.#changedBoards());
    this.#dirtyBoards.clear();
    for (const [channel, ofRoom] of rooms) if (isWatched(channel)) await this.#tellChannel(channel, ofRoom());
  }

  /** Every room that somebody may look at: another week's supporters, or what the node before did not come to tell. */
  async #beginAnew(): Promise<void> {
    const open = await this.#deps.database
      .selectFrom('rooms')
      .select('id')
      .where('status', '<>', 'ended')
      .limit(MAX_OPEN)
      .execute();
    for (const { id } of open) this.#dirtyRooms.add(id);
    this.#week = this.#deps.boards.weekStart();
  }

  /** Of the platform: those that may have changed, and those of which a period is over, or nothing was told. */
  #changedBoards(): NamedBoard[] {
    const told = this.#told.get('rank');
    const isOver = (board: NamedBoard): boolean => told?.get(nameOf(board))?.start !== board.start;
    return this.#deps.boards.ofPlatform().filter((one) => this.#dirtyBoards.has(one.board) || isOver(one));
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
  async #tellChannel(channel: string, boards: readonly NamedBoard[]): Promise<void> {
    if (boards.length === 0) return;
    const told = this.#told.get(channel) ?? new Map<string, Told>();
    this.#told.set(channel, told);
    const messages: [string, unknown][] = [];
    for (const { board, period, start, read } of boards) {
      const name = nameOf({ board, period });
      const before = told.get(name);
      const entries = await read();
      told.set(name, { start, entries });
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
function difference(
  before: readonly RankEntry[],
  after: readonly RankEntry[],
): Pick<RankChanged, 'changes' | 'removed'> {
  const known = new Map(before.map((entry) => [entry.userId, entry]));
  const stays = new Set(after.map(({ userId }) => userId));
  return {
    changes: after.filter((entry) => !isSame(known.get(entry.userId), entry)),
    removed: before.map(({ userId }) => userId).filter((userId) => !stays.has(userId)),
  };
}

function isSame(one: RankEntry | undefined, { score, place, username, name, avatar }: RankEntry): boolean {
  return (
    one?.score === score &&
    one.place === place &&
    one.username === username &&
    one.name === name &&
    one.avatar === avatar
  );
}
