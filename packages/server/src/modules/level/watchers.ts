import type { Database } from '../../database/database.ts';
import type { StateCenter } from '../../state/contract.ts';
import { channelIdOf, type RoomDirectory } from '../live/contract.ts';
import { addExperience, type CountedFact } from './feed.ts';

const MINUTE_MS = 60_000;
/** People of one room who are looked at in a minute. */
const MAX_PEOPLE = 50_000;
const MAX_ROOMS = 20_000;

export interface WatcherDeps {
  database: Database;
  state: StateCenter;
  rooms: RoomDirectory;
  now: () => number;
}

/** Each minute, once over all nodes: whoever watches a room that is live has watched a minute of its channel. */
export class Watchers {
  readonly #deps: WatcherDeps;
  #minute = -1;

  constructor(deps: WatcherDeps) {
    this.#deps = deps;
  }

  async tick(): Promise<void> {
    const { database, state, rooms, now } = this.#deps;
    const at = now();
    const minute = Math.floor(at / MINUTE_MS);
    if (minute === this.#minute) return;
    // A node that took over in the middle of a minute finds it done.
    const isFirst = (await state.count(`level:minute:${minute}`, 1, 2 * MINUTE_MS)) === 1;
    this.#minute = minute;
    if (!isFirst) return;
    const live = await database
      .selectFrom('rooms')
      .select(['id', 'user_id'])
      .where('status', '=', 'live')
      .where('interrupted', '=', 0)
      .limit(MAX_ROOMS)
      .execute();
    for (const { id, user_id: userId } of live) {
      const facts = factsOf(channelIdOf({ id, userId }), await rooms.people(id, MAX_PEOPLE), at);
      if (facts.length > 0) await database.transaction().execute((transaction) => addExperience(transaction, facts));
    }
  }
}

function factsOf(channelId: string, people: readonly string[], at: number): CountedFact[] {
  return people
    .filter((person) => person.startsWith('user:'))
    .map((person) => ({ channelId, userId: person.slice('user:'.length), kind: 'watch', amount: 1, at }));
}
