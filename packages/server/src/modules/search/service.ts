import type { Site } from '../../engine/contract.ts';
import type { RoomDirectory } from '../live/contract.ts';
import type { RecordingLookup } from '../recording/contract.ts';
import type { UserSearch } from '../user/contract.ts';
import type { SearchAnswer } from './contract.ts';

export interface SearchDeps {
  rooms: Pick<RoomDirectory, 'search' | 'liveRoomsOf'>;
  users: UserSearch;
  recordings: Pick<RecordingLookup, 'search'>;
}

/** What is found of each kind; each module knows who may see what is its own. */
export class SearchService {
  readonly #deps: SearchDeps;

  constructor(deps: SearchDeps) {
    this.#deps = deps;
  }

  async find(q: string, { limit, site }: { limit: number; site: Site }): Promise<SearchAnswer> {
    const { rooms, users, recordings } = this.#deps;
    const [foundRooms, foundUsers, replays] = await Promise.all([
      rooms.search(q, { limit, site }),
      users.search(q, limit),
      recordings.search(q, limit),
    ]);
    const ids = foundUsers.map(({ id }) => id);
    const live = new Map<string | null, string>();
    // Somebody with several live rooms is shown by the one that most watch.
    for (const { id, userId } of await rooms.liveRoomsOf(ids, { limit: ids.length, site }))
      if (!live.has(userId)) live.set(userId, id);
    return { rooms: foundRooms, users: foundUsers.map((user) => ({ ...user, live: live.get(user.id) })), replays };
  }
}
