import { AppError } from '../gateway/contract.ts';
import { channelIdOf, type RoomDirectory, type RoomFacts } from '../live/contract.ts';
import type { Asker, ChannelSource } from '../realtime/contract.ts';
import { snapshotOf, type Boards } from './boards.ts';
import type { Watching } from './watching.ts';

export interface RankChannelDeps {
  boards: Boards;
  rooms: RoomDirectory;
  watching: Watching;
}

/** `rank`: all boards of the platform; `rank:ID`: a room's supporters. Snapshots, then what changed. */
export function rankChannels({ boards, rooms, watching }: RankChannelDeps): ChannelSource[] {
  const enter = async (channel: string, asker: Asker): Promise<RoomFacts> =>
    (await rooms.standing(asker.caller, channel.slice('rank:'.length), asker)).room;
  const common = {
    ...{ logged: false, sharesSnapshot: true },
    render: (data: unknown) => data,
    joined: (channel: string) => watching.joined(channel),
  };
  return [
    {
      ...common,
      pattern: /^rank$/,
      authorize: async () => {},
      snapshot: () => snapshotOf(boards.ofPlatform()),
    },
    {
      ...common,
      pattern: /^rank:(.+)$/,
      authorize: async (channel, asker) => void (await enter(channel, asker)),
      snapshot: async (channel, asker) => {
        const room = await enter(channel, asker);
        return snapshotOf(boards.ofRoom(room.id, channelIdOf(room)));
      },
      onRemoved: (listener) => {
        rooms.onRemoved(({ roomId, person, code }) => {
          const fits = ({ caller, token, vid }: Asker): boolean =>
            rooms.personOf(roomId, { caller, token, vid }) === person;
          listener({ channel: `rank:${roomId}`, fits, code });
        });
        rooms.onHidden((roomId) => {
          const fits = (asker: Asker): Promise<boolean> => isRefused(rooms, roomId, asker);
          listener({ channel: `rank:${roomId}`, fits, code: 'room_private' });
        });
      },
    },
  ];
}

async function isRefused(rooms: RoomDirectory, roomId: string, asker: Asker): Promise<boolean> {
  try {
    await rooms.standing(asker.caller, roomId, asker);
    return false;
  } catch (error) {
    if (error instanceof AppError) return true;
    throw error;
  }
}
