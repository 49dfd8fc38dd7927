import { z } from 'zod';
import { findingSchema, roomSchema, type RoomFacts } from './contract.ts';

/** Events of `room:ID` (all rooms) and of `rooms` (public ones) that carry the whole room. */
const ROOM_EVENTS = [
  'room.created',
  'room.live',
  'room.interrupted',
  'room.resumed',
  'room.ended',
  'room.updated',
] as const;
export type RoomEvent = (typeof ROOM_EVENTS)[number];

const person = z.string().describe('`user:ID`, `viewer:ID` or `client:ID`');
const account = z.object({ userId: z.string(), name: z.string().optional() });

/** On `room:ID` only: what became of people in the room. Reasons stay with the moderators. */
export const memberEventSchemas = {
  'member.kicked': z.object({ person }),
  'member.banned': z.object({ person, expiresAt: z.number().optional() }),
  'member.unbanned': z.object({ person }),
  'member.invited': account,
  'member.uninvited': account,
  'moderator.added': account,
  'moderator.removed': account,
} as const;
export type MemberEvent = keyof typeof memberEventSchemas;

/** Ephemeral, on `live:ID`, at most once a second. */
const crowdSchema = z.object({ viewerCount: z.number(), peakViewers: z.number() });
/** Ephemeral, on `rooms`, at most every 2 s: the rooms whose numbers changed. */
const crowdsSchema = z.object({ counts: z.record(z.string(), z.number()) });
/** On `rooms` only: a public room became private. */
const hiddenSchema = z.object({ id: z.string() });

export const FINDING_EVENT = 'stream.finding';
export const RECOVERED_EVENT = 'stream.recovered';

/** On the owner's `user` channel. What was found ends untold with the publisher. */
export const ownerEventSchemas = {
  [FINDING_EVENT]: findingSchema.extend({ roomId: z.string() }),
  [RECOVERED_EVENT]: z.object({ roomId: z.string(), code: findingSchema.shape.code }),
};

export const VIEWERS_EVENT = 'viewers';
export const HIDDEN_EVENT = 'room.hidden';

const roomEvents = Object.fromEntries(ROOM_EVENTS.map((event) => [event, roomSchema]));

/** What each channel of this module says, for AsyncAPI: payloads by event name, and the snapshot. */
export const channelEventSchemas = {
  rooms: {
    logged: true,
    snapshot: z.array(roomSchema),
    events: { ...roomEvents, [HIDDEN_EVENT]: hiddenSchema, [VIEWERS_EVENT]: crowdsSchema },
  },
  'room:{roomId}': { logged: true, snapshot: roomSchema, events: { ...roomEvents, ...memberEventSchemas } },
  'live:{roomId}': { logged: false, snapshot: crowdSchema, events: { [VIEWERS_EVENT]: crowdSchema } },
} as const;

/** Whether an event's kept data is a room, which is shown with the addresses of whoever reads it. */
export function isRoomFacts(data: unknown): data is RoomFacts {
  return typeof data === 'object' && data !== null && 'playId' in data;
}
