import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { reasonOf } from '../../database/errors.ts';
import type { Caller } from '../gateway/contract.ts';
import type { ListRoomsQuery, Room, RoomFacts } from '../live/contract.ts';
import { byGravity } from './alarm/gravity.ts';
import type { MonitorHistory, MonitorStream, Overview } from './contract.ts';
import { MINUTE_MS, together } from './minutes.ts';
import type { Peers } from './peers.ts';
import type { MonitorStore } from './store.ts';

/** How old what the database counts may be; the overview is made every 2 s. */
const COUNTED_MS = 4000;
/** When something is wrong is when operators look: what a database that hangs would say is not waited for. */
const MOST_WAIT_MS = 1000;

/** What is counted in the database. */
interface Counted {
  rooms: Readonly<Record<string, number>>;
  accounts: number;
}

export interface MonitorServiceDeps {
  store: MonitorStore;
  peers: Peers;
  /** Rooms by status. */
  countRooms(): Promise<Readonly<Record<string, number>>>;
  countAccounts(): Promise<number>;
  /** Every room that is not ended, private ones too. */
  openRooms(): Promise<RoomFacts[]>;
  listRooms(caller: Caller, query: ListRoomsQuery): Promise<{ rooms: Room[]; total: number }>;
  logger: Logger;
  now: () => number;
}

/** What operators are shown. */
export class MonitorService {
  readonly #deps: MonitorServiceDeps;
  #counted: Counted = { rooms: {}, accounts: 0 };
  #countedAtMs = -Infinity;
  #counting: Promise<void> | undefined;

  constructor(deps: MonitorServiceDeps) {
    this.#deps = deps;
  }

  /** While the database is away its counts are the last known. */
  async overview(): Promise<Overview> {
    const { peers, now } = this.#deps;
    await this.#count();
    const { rooms, accounts } = this.#counted;
    const reports = peers.reports();
    const nodes = reports.map(({ node }) => node).sort((one, other) => one.startedAt - other.startedAt);
    const { streams, viewers, connections, inBps, outBps } = together(nodes);
    const liveRooms = rooms['live'] ?? 0;
    const preparingRooms = rooms['preparing'] ?? 0;
    return {
      at: now(),
      totals: { liveRooms, preparingRooms, streams, viewers, connections, inBps, outBps, accounts },
      nodes,
      alarms: reports.flatMap(({ alarms }) => alarms).sort(byGravity),
    };
  }

  async history(): Promise<MonitorHistory> {
    return { stepMs: MINUTE_MS, points: await this.#deps.store.minutes(this.#deps.now()) };
  }

  /** A page of rooms, private ones too, and how those arrive that somebody publishes, on whichever node. */
  async rooms(caller: Caller, query: ListRoomsQuery): Promise<{ rooms: Room[]; total: number }> {
    const { rooms, total } = await this.#deps.listRooms(caller, query);
    const carried = this.#deps.peers.carried();
    const publishing = ({ status, playId }: Room) => (status === 'ended' ? undefined : carried.get(playId)?.publishing);
    return { rooms: rooms.map((room) => ({ ...room, publishing: publishing(room) })), total };
  }

  /** Rooms with a stream, those with most viewers first. */
  async streams(): Promise<MonitorStream[]> {
    const { peers, openRooms } = this.#deps;
    const carried = peers.carried();
    return (await openRooms())
      .flatMap((room): MonitorStream[] => {
        const stream = carried.get(room.playId);
        if (stream === undefined) return [];
        const { publishing, viewers, outBps, nodeId: node } = stream;
        return [{ room, publishing, viewers, outBps, node }];
      })
      .sort((one, other) => other.viewers - one.viewers || one.room.id.localeCompare(other.room.id));
  }

  /** Those who ask at once wait for one answer, and while the database takes its time for none. */
  async #count(): Promise<void> {
    if (performance.now() - this.#countedAtMs < COUNTED_MS) return;
    this.#counting ??= this.#countNow().finally(() => (this.#counting = undefined));
    await Promise.race([this.#counting, delay(MOST_WAIT_MS, undefined, { ref: false })]);
  }

  async #countNow(): Promise<void> {
    const { countRooms, countAccounts, logger } = this.#deps;
    try {
      const [rooms, accounts] = await Promise.all([countRooms(), countAccounts()]);
      this.#counted = { rooms, accounts };
    } catch (error) {
      logger.debug({ reason: reasonOf(error) }, 'rooms and accounts could not be counted');
    }
    this.#countedAtMs = performance.now();
  }
}
