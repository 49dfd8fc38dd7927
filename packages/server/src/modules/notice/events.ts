import { z } from 'zod';

const liveRoomSchema = z.object({
  id: z.string(),
  userId: z.string(),
  title: z.string(),
  isPrivate: z.literal(false),
});

/** The public room of an account that has just gone live, if that is what the event says. */
export function isRoomLive(channel: string, event: string, data: string): z.output<typeof liveRoomSchema> | undefined {
  if (event !== 'room.live' || !channel.startsWith('room:')) return undefined;
  return liveRoomSchema.safeParse(JSON.parse(data)).data;
}
