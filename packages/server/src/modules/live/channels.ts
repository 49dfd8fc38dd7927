import { AppError } from '../gateway/contract.ts';
import type { Asker, ChannelSource, RealtimeCommand } from '../realtime/contract.ts';
import { createRoomSchema, endStreamSchema, type Room, type RoomFacts } from './contract.ts';
import { isOwner } from './rights.ts';
import type { RoomService } from './service.ts';
import type { Signer } from './signer.ts';
import type { RoomRow, RoomStore } from './store.ts';
import type { RoomView } from './view.ts';

/** Rooms in one snapshot of the list. */
const MAX_LISTED = 500;

export interface ChannelDeps {
  store: RoomStore;
  view: RoomView;
  signer: Signer;
  service: RoomService;
}

/** `rooms`, `room:ID` and `live:ID`. */
export function roomChannels({ store, view, signer, service }: ChannelDeps): ChannelSource[] {
  const find = async (channel: string): Promise<RoomRow> => {
    const row = await store.find(channel.slice(channel.indexOf(':') + 1));
    if (row === undefined) throw new AppError('room_not_found');
    return row;
  };
  const authorizeRoom = async (channel: string, { caller, token }: Asker): Promise<void> => {
    const row = await find(channel);
    const mayKnow = row.is_private === 0 || isOwner(caller, row, token) || signer.isPlayToken(row.id, token);
    if (!mayKnow) throw new AppError('room_private');
  };
  const renderRoom: ChannelSource['render'] = (data, site) => (isRoomFacts(data) ? view.public(data, site) : data);
  return [
    {
      pattern: /^rooms$/,
      logged: true,
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
      render: renderRoom,
    },
    {
      pattern: /^room:(.+)$/,
      logged: true,
      authorize: authorizeRoom,
      snapshot: async (channel, { caller }) => view.public(view.facts(await find(channel)), caller.site),
      render: renderRoom,
    },
    {
      pattern: /^live:(.+)$/,
      logged: false,
      authorize: authorizeRoom,
      snapshot: async (channel) => {
        const { viewerCount, peakViewers } = view.facts(await find(channel));
        return { viewerCount, peakViewers };
      },
      render: (data) => data,
    },
  ];
}

/** `{type:'start', title}` and `{type:'end', roomId}`: the REST calls' names on the socket. */
export function roomCommands(service: RoomService): RealtimeCommand[] {
  return [
    { type: 'start', run: async (message, caller) => service.create(caller, createRoomSchema.parse(message)) },
    {
      type: 'end',
      run: async (message, caller) => {
        const { roomId, token } = endStreamSchema.parse(message);
        await service.close(caller, roomId, token);
        return { success: true };
      },
    },
  ];
}

function isRoomFacts(data: unknown): data is RoomFacts {
  return typeof data === 'object' && data !== null && 'playId' in data;
}
