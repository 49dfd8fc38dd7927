/** REST calls for rooms, streams and viewer ids. */
export { KaiboClient } from './kaibo-client.ts';
export type { GetRoomOptions, KaiboClientOptions, OwnerOptions, RoomPage } from './kaibo-client.ts';
/** What the platform refuses, and what the network loses. */
export { KaiboError } from './errors.ts';
/** Channels over one WebSocket, resumed exactly after a drop. */
export { RealtimeClient } from './realtime/realtime-client.ts';
export type { RealtimeOptions, RealtimeStatus, SubscribeOptions } from './realtime/realtime-client.ts';
export type { ChannelEvent, ChannelListener, ChannelMessage, ChannelSnapshot } from './realtime/messages.ts';
/** How long to wait before the next attempt. */
export { Backoff } from './backoff.ts';
export type { BackoffOptions } from './backoff.ts';
/** The nouns of the REST API. */
export type {
  CreatedRoom,
  CreateRoomInput,
  ListRoomsQuery,
  PlayUrls,
  PublishUrls,
  PublishingInfo,
  Room,
  RoomStatus,
  UpdateRoomInput,
} from './types.ts';
