import type { Outbox } from '../../database/outbox.ts';
import type { Site } from '../../engine/contract.ts';
import { AppError } from '../gateway/contract.ts';
import type { Audience } from './audience.ts';
import type { RoomCatalog } from './catalog.ts';
import type { Room, RoomDirectory } from './contract.ts';
import { command } from './control.ts';
import type { MemberService } from './members.ts';
import type { MediaRights } from './media-rights.ts';
import type { OwnerPeers } from './owner-peers.ts';
import type { Removals } from './removals.ts';
import { assertMayEnter, mayManage, type RoomRights } from './rights.ts';
import type { RoomService } from './service.ts';
import type { RoomRow, RoomStore } from './store.ts';
import type { RoomView } from './view.ts';

export interface DirectoryDeps {
  store: RoomStore;
  catalog: RoomCatalog;
  view: RoomView;
  service: RoomService;
  audience: Audience;
  removals: Removals;
  ownerPeers: OwnerPeers;
  mediaRights: MediaRights;
  members: MemberService;
  rights: RoomRights;
  outbox: Outbox;
}

/** What other modules use of rooms. */
export function createRoomDirectory(deps: DirectoryDeps): RoomDirectory {
  const { store, catalog, view, service, audience, removals, ownerPeers, mediaRights, members, rights, outbox } = deps;
  const shown = async (rows: readonly RoomRow[], site: Site): Promise<Room[]> => {
    await view.prime(rows);
    return rows.map((row) => view.public(view.facts(row), site));
  };
  return {
    liveRoomOf: async (userId, site) => {
      const row = await store.newestLivePublicOf(userId);
      if (row === undefined) return undefined;
      await view.prime([row]);
      return view.public(view.facts(row), site);
    },
    search: async (q, { limit, site }) => shown(await catalog.search(q, limit), site),
    liveRoomsOf: async (userIds, { limit, site }) => shown(await catalog.liveOf(userIds, limit), site),
    lastShowsOf: (userIds) => catalog.lastShowsOf(userIds),
    openRoomOf: async (userId, site) => {
      const row = await store.newestOpenOf(userId);
      if (row === undefined) return undefined;
      await view.prime([row]);
      return view.forProgram(row, site);
    },
    streamKeyChanged: async (playId) => outbox.transact(({ emit }) => emit(command('live.keyChanged', { playId }))),
    standing: async (caller, roomId, proof) => {
      const { row, standing } = await service.look(caller, roomId, proof);
      assertMayEnter(row, standing);
      await view.prime([row]);
      const { isModerator, person } = standing;
      return { room: view.facts(row), isOwner: mayManage(standing), isModerator, person };
    },
    mediaAccess: (caller, roomId, request) => mediaRights.access(caller, roomId, request),
    watch: async (room, person) => {
      const leave = await audience.listen(room, person);
      if (leave === undefined) throw new AppError('room_full');
      return leave;
    },
    viewerCount: async (roomId) => {
      await audience.refresh([roomId]);
      return audience.known(roomId)?.count ?? 0;
    },
    people: (roomId, limit) => audience.people(roomId, limit),
    ban: async (caller, roomId, ban) => void (await members.ban(caller, roomId, ban)),
    ownerJoined: async (roomId) => ownerPeers.joined(roomId),
    onRemoved: (listener) => removals.onPerson(listener),
    onHidden: (listener) => removals.onHidden(async (roomId) => listener(roomId)),
    personOf: (roomId, proof) => rights.personOf(roomId, proof),
  };
}
