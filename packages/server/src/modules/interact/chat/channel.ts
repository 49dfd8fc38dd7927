import { AppError } from '../../gateway/contract.ts';
import { channelIdOf, type RoomDirectory } from '../../live/contract.ts';
import type { Asker, ChannelSource, RealtimeCommand, Removal } from '../../realtime/contract.ts';
import { chatChannelOf, chatCommandSchema } from './contract.ts';
import type { ChatService } from './service.ts';

/** Messages that somebody who comes is shown at once. */
const SNAPSHOT_MESSAGES = 50;

export interface ChatChannelDeps {
  rooms: RoomDirectory;
  service: ChatService;
}

/** `chat:ID`, for those who may see the room. */
export function chatChannel({ rooms, service }: ChatChannelDeps): ChannelSource {
  const roomIdOf = (channel: string): string => channel.slice(channel.indexOf(':') + 1);
  return {
    pattern: /^chat:(.+)$/,
    logged: true,
    sharesSnapshot: true,
    authorize: async (channel, asker) => void (await rooms.standing(asker.caller, roomIdOf(channel), asker)),
    snapshot: async (channel, asker) => {
      const { room } = await rooms.standing(asker.caller, roomIdOf(channel), asker);
      return service.snapshot(room.id, channelIdOf(room), SNAPSHOT_MESSAGES);
    },
    render: (data) => data,
    onRemoved: (listener) => tellRemovals(rooms, listener),
  };
}

function tellRemovals(rooms: RoomDirectory, listener: (removal: Removal) => void): void {
  rooms.onRemoved(({ roomId, person, code }) => {
    const fits = (asker: Asker): boolean => rooms.personOf(roomId, asker) === person;
    listener({ channel: chatChannelOf(roomId), code, fits });
  });
  rooms.onHidden((roomId) => {
    const fits = async (asker: Asker): Promise<boolean> => refuses(rooms, roomId, asker);
    listener({ channel: chatChannelOf(roomId), code: 'room_private', fits });
  });
}

async function refuses(rooms: RoomDirectory, roomId: string, asker: Asker): Promise<boolean> {
  try {
    await rooms.standing(asker.caller, roomId, asker);
    return false;
  } catch (error) {
    if (error instanceof AppError) return true;
    throw error;
  }
}

/** `{type: 'chat', roomId, text, …}`, answered with the message as everybody sees it. */
export function chatCommand(service: ChatService): RealtimeCommand {
  return {
    type: 'chat',
    scope: 'chat:write',
    schema: chatCommandSchema,
    run: async (message, caller) => {
      const { roomId, ...input } = chatCommandSchema.parse(message);
      return { message: await service.send(caller, roomId, input) };
    },
  };
}
