// The tables of migrations/0005-chat.ts as rows.
import type { Flag } from '../schema.ts';

export interface ChatTables {
  chat_messages: ChatMessageTable;
  chat_settings: ChatSettingsTable;
  chat_pins: ChatPinTable;
  emotes: EmoteTable;
}

/** Something that was said in a room. What was deleted keeps its row, which nobody is shown. */
export interface ChatMessageTable {
  /** In the order of time. */
  id: string;
  room_id: string;
  channel_id: string;
  /** `user:ID`, `viewer:ID`, or `owner:ROOM` where the room has no account. */
  person: string;
  user_id: string | null;
  /** As they were when it was said. */
  username: string | null;
  name: string;
  avatar: string | null;
  kind: 'text' | 'danmaku';
  text: string;
  /** JSON `{color, position}` of danmaku. */
  style: string | null;
  /** Another message of the room. */
  reply_to: string | null;
  /** JSON `[{userId, username, name}]`. */
  mentions: string | null;
  /** JSON. */
  badge: string | null;
  /** When the picture was that its author saw. */
  media_at: number;
  at: number;
  state: 'shown' | 'held' | 'deleted';
  masked: Flag;
  /** What its author's program calls it, so that sending it again does not say it twice. */
  client_id: string | null;
}

/** How a channel's chat is kept in order; without a row by the defaults. */
export interface ChatSettingsTable {
  channel_id: string;
  slow_mode_seconds: number;
  /** null: everybody. 0: any follower. */
  followers_only_minutes: number | null;
  links: 'everybody' | 'trusted' | 'nobody';
  danmaku: Flag;
  guests: Flag;
  updated_at: number;
}

/** What stands above a room's chat; only what is shown stands there. */
export interface ChatPinTable {
  room_id: string;
  message_id: string;
  pinned_at: number;
}

/** A channel's own small picture for the text. */
export interface EmoteTable {
  id: string;
  channel_id: string;
  /** Written as `[code]`. */
  code: string;
  mime: string;
  /** base64. */
  bytes: string;
  created_by: string | null;
  created_at: number;
}
