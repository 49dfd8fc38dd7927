import { z } from 'zod';
import { SECRET } from '../../http/secret-fields.ts';
import { noteSchema } from '../../http/plain-text.ts';
import { roomIdSchema } from '../live/contract.ts';

/** Most peers of a room that hear each other; whoever comes later is counted only. */
export const MAX_PEERS = 32;
/** Most rooms of one socket. */
export const MAX_JOINS = 8;
/** How long the place of a peer is kept that lost its connection. */
export const HOLD_MS = 30_000;

/** What `to` and `from` call the media engine. */
export const SERVER = 'server';

const intentSchema = z.enum(['publish', 'play']);
/** What a client does with the media engine. */
export type MediaIntent = z.output<typeof intentSchema>;

const id = z.union([z.string().max(100), z.number()]).optional();
const peerId = z.string().min(1).max(100);
const description = z.union([z.string(), z.looseObject({ sdp: z.string() })]);
const candidate = z.union([z.string(), z.looseObject({ candidate: z.string() }), z.null()]);
/** Clients may say who they think they are; it is never looked at. */
const claimed = { userId: z.string().max(100).optional() };
const relayed = {
  id,
  roomId: roomIdSchema,
  to: peerId.optional().describe('A peer, or `server`: the media engine. Left out, everybody else in the room'),
  ...claimed,
};

/** What a client says. */
export const clientMessageSchemas = {
  join: z.object({
    type: z.literal('join'),
    id,
    roomId: roomIdSchema,
    session: z.string().max(100).optional().describe('Takes the place again that it was given with, within 30 s'),
    token: z.string().max(4096).optional().describe('Play token or owner token of a private room').meta(SECRET),
    vid: z.string().max(500).optional().describe('Signed viewer id').meta(SECRET),
    name: noteSchema(50).optional().describe('Shown to the others'),
    ...claimed,
  }),
  leave: z.object({ type: z.literal('leave'), id, roomId: roomIdSchema, ...claimed }),
  offer: z.object({ type: z.literal('offer'), ...relayed, payload: description }),
  answer: z.object({ type: z.literal('answer'), ...relayed, payload: description }),
  candidate: z.object({ type: z.literal('candidate'), ...relayed, payload: candidate }),
  hangup: z
    .object({ type: z.literal('hangup'), id, roomId: roomIdSchema, intent: intentSchema.optional(), ...claimed })
    .describe('Ends what the caller publishes or plays by `to: server`; without `intent` both. The place stays'),
  auth: z.object({ type: z.literal('auth'), id, token: z.string().max(4096).meta(SECRET) }),
  ping: z.object({ type: z.literal('ping'), id }),
} as const;
export const clientMessageSchema = z.discriminatedUnion('type', [
  clientMessageSchemas.join,
  clientMessageSchemas.leave,
  clientMessageSchemas.offer,
  clientMessageSchemas.answer,
  clientMessageSchemas.candidate,
  clientMessageSchemas.hangup,
  clientMessageSchemas.auth,
  clientMessageSchemas.ping,
]);
export type SignalingRequest = z.output<typeof clientMessageSchema>;
export type JoinRequest = z.output<typeof clientMessageSchemas.join>;
export type RelayRequest = Extract<SignalingRequest, { type: 'offer' | 'answer' | 'candidate' }>;

const peer = z.object({
  id: peerId.describe(
    'What `to` and `from` say: the account’s id, for a second connection of it and for guests a made one',
  ),
  userId: z.string().optional(),
  username: z.string().optional(),
  name: z.string().optional(),
  role: z.enum(['owner', 'moderator', 'guest']),
});
/** A peer as everybody in the room knows it. */
export type Peer = z.output<typeof peer>;

const iceServer = z.object({
  urls: z.array(z.string()),
  username: z.string().optional(),
  credential: z.string().optional().meta(SECRET),
});

const heard = { roomId: z.string(), from: peerId, to: peerId.optional() };

/** What the server says. */
export const serverMessageSchemas = {
  joined: z
    .object({
      type: z.literal('joined'),
      id,
      roomId: z.string(),
      self: peerId.optional(),
      session: z.string().optional().describe('A secret: who has it takes this place'),
      peers: z.array(peer),
      viewerCount: z.int(),
      iceServers: z
        .array(iceServer)
        .optional()
        .describe(
          'For RTCPeerConnection, where the engine has WebRTC; credentials are the caller’s own, and for a time',
        ),
    })
    .describe('Without `session` and `self` there was no place among the peers: counted as a viewer only'),
  'peer-joined': z.object({ type: z.literal('peer-joined'), roomId: z.string(), peer }),
  'peer-left': z.object({ type: z.literal('peer-left'), roomId: z.string(), peer }),
  offer: z.object({ type: z.literal('offer'), ...heard, payload: description }),
  answer: z
    .object({ type: z.literal('answer'), id, ...heard, payload: description })
    .describe('From `server` with the `id` of the offer'),
  candidate: z.object({ type: z.literal('candidate'), ...heard, payload: candidate }),
  'media-closed': z
    .object({
      type: z.literal('media-closed'),
      roomId: z.string(),
      intent: intentSchema,
      reason: z.string().describe('A word of the engine'),
      error: z.string(),
    })
    .describe('The media engine ended what was published or played. The place in the room stays; offer again'),
  left: z.object({ type: z.literal('left'), id, roomId: z.string() }),
  ack: z.object({ type: z.literal('ack'), id, data: z.unknown().optional() }),
  pong: z.object({ type: z.literal('pong'), id }),
  error: z
    .object({ type: z.literal('error'), id, roomId: z.string().optional(), code: z.string(), error: z.string() })
    .describe('With `roomId` and without `id`: the server took us out of the room'),
} as const;
export type SignalingMessage = {
  [Type in keyof typeof serverMessageSchemas]: z.input<(typeof serverMessageSchemas)[Type]>;
}[keyof typeof serverMessageSchemas];
