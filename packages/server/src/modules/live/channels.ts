import { AppError } from '../gateway/contract.ts';
import type { Asker, ChannelSource, RealtimeCommand, Removal } from '../realtime/contract.ts';
import { liveChannel, roomChannel } from './announcer.ts';
import type { Audience } from './audience.ts';
import { createRoomSchema, endStreamSchema, type Room } from './contract.ts';
import { isRoomFacts } from './events.ts';
import type { Removals } from './removals.ts';
import { assertMayEnter, mayKnow, ownerPersonOf, type RoomRights, type Standing } from './rights.ts';
import type { RoomService } from './service.ts';
import type { RoomRow, RoomStore } from './store.ts';
import type { RoomView } from './view.ts';

/** Rooms in one snapshot of the list. */
const MAX_LISTED = 500;

export interface ChannelDeps {
  store: RoomStore;
  view: RoomView;
  rights: RoomRights;
  audience: Audience;
  removals: Removals;
  service: RoomService;
}

/** `rooms`, `room:ID` and `live:ID`. */
export function roomChannels(deps: ChannelDeps): ChannelSource[] {
  return [listChannel(deps), roomStateChannel(deps), crowdChannel(deps)];
}

function listChannel({ view, service }: ChannelDeps): ChannelSource {
  return {
    pattern: /^rooms$/,
    logged: true,
    sharesSnapshot: true,
    authorize: async () => {},
    snapshot: async (_channel, { caller }): Promise<Room[]> => {
      const { rooms } = await service.list(caller, {
        status: ['preparing', 'live'],
        page: 1,
        pageSize: MAX_LISTED,
        sort: 'newest',
      });
      return rooms;
    },
    render: (data, site) => (isRoomFacts(data) ? view.public(data, site) : data),
  };
}

function roomStateChannel(deps: ChannelDeps): ChannelSource {
  const { view } = deps;
  return {
    pattern: /^room:(.+)$/,
    logged: true,
    sharesSnapshot: true,
    authorize: async (channel, asker) => void (await enter(deps, channel, asker)),
    snapshot: async (channel, { caller }) => {
      const row = await find(deps, channel);
      await view.prime([row]);
      return view.public(view.facts(row), caller.site);
    },
    render: (data, site) => (isRoomFacts(data) ? view.public(data, site) : data),
    onRemoved: (listener) => tellRemovals(deps, { channelOf: roomChannel, listener }),
  };
}

/** Listening to a room's crowd is being part of it, for those whose person is proven. */
function crowdChannel(deps: ChannelDeps): ChannelSource {
  const { view, audience } = deps;
  return {
    pattern: /^live:(.+)$/,
    logged: false,
    sharesSnapshot: true,
    authorize: async (channel, asker) => void (await enter(deps, channel, asker)),
    snapshot: async (channel) => {
      const row = await find(deps, channel);
      await view.prime([row]);
      const { viewerCount, peakViewers } = view.facts(row);
      return { viewerCount, peakViewers };
    },
    render: (data) => data,
    joined: async (channel, asker) => {
      const { row, standing } = await enter(deps, channel, asker);
      const { person, isOwner } = standing;
      if (person === undefined || isOwner || person === ownerPersonOf(row) || row.status === 'ended') return undefined;
      const leave = await audience.listen({ id: row.id, maxViewers: row.max_viewers }, person);
      if (leave === undefined) throw new AppError('room_full');
      return leave;
    },
    onRemoved: (listener) => tellRemovals(deps, { channelOf: liveChannel, listener }),
  };
}

/** `{type:'start', title}` and `{type:'end', roomId}`: the REST calls' names on the socket. */
export function roomCommands(service: RoomService): RealtimeCommand[] {
  return [
    {
      type: 'start',
      scope: 'rooms:write',
      schema: createRoomSchema,
      run: async (message, caller) => service.create(caller, createRoomSchema.parse(message)),
    },
    {
      type: 'end',
      scope: 'rooms:write',
      schema: endStreamSchema,
      run: async (message, caller) => {
        const { roomId, token } = endStreamSchema.parse(message);
        await service.close(caller, roomId, token);
        return { success: true };
      },
    },
  ];
}

async function find({ store }: ChannelDeps, channel: string): Promise<RoomRow> {
  const row = await store.find(channel.slice(channel.indexOf(':') + 1));
  if (row === undefined) throw new AppError('room_not_found');
  return row;
}

async function enter(deps: ChannelDeps, channel: string, asker: Asker): Promise<{ row: RoomRow; standing: Standing }> {
  const row = await find(deps, channel);
  const standing = await deps.rights.judge(row, asker);
  assertMayEnter(row, standing);
  return { row, standing };
}

function tellRemovals(
  { removals, rights, store }: ChannelDeps,
  { channelOf, listener }: { channelOf(roomId: string): string; listener(removal: Removal): void },
): void {
  removals.onPerson(({ roomId, person, code }) => {
    const channel = channelOf(roomId);
    listener({ channel, code, fits: (asker) => rights.personOf(roomId, asker) === person });
  });
  removals.onHidden(async (roomId) => {
    const row = await store.find(roomId);
    if (row === undefined) return;
    const fits = async (asker: Asker): Promise<boolean> => !mayKnow(row, await rights.judge(row, asker));
    listener({ channel: channelOf(roomId), code: 'room_private', fits });
  });
}
