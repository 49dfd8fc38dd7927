import type { Caller } from './caller.ts';
import { roomPath } from './rooms.ts';
import type { OwnerOptions } from './rooms.ts';

/** Who wrote: an account's, or a name that stays with somebody who has none. */
export interface ChatPerson {
  id?: string;
  username?: string;
  name: string;
  avatar?: string;
}

/** What somebody is in a room; `supporter` is their place this week. */
export interface ChatBadge {
  role?: 'owner' | 'moderator' | 'admin';
  level?: number;
  fanName?: string;
  supporter?: 1 | 2 | 3;
}

export interface DanmakuLook {
  /** `#rrggbb`. */
  color: string;
  position: 'scroll' | 'top' | 'bottom';
}

/** Ids are in the order of time; times are ms since the epoch. `text` is plain, never markup. */
export interface ChatMessage {
  id: string;
  roomId: string;
  /** `user:ID`, `viewer:ID`, or `owner:ROOM` in a room without account. */
  person: string;
  user: ChatPerson;
  text: string;
  at: number;
  /** When the picture was that its author saw. */
  mediaAt: number;
  /** It also flew over the picture. */
  danmaku?: DanmakuLook;
  replyTo?: { id: string; name: string; text: string };
  mentions?: { userId: string; username: string; name: string }[];
  badge?: ChatBadge;
  /** Words in it were replaced by `*`. */
  masked?: true;
  /** Only its author and moderators see it yet. */
  held?: true;
}

export interface ChatSettings {
  /** Between two messages of a person; 0 is off. */
  slowModeSeconds: number;
  /** How long one must have followed to write: 0 is any follower, null everybody. */
  followersOnlyMinutes: number | null;
  links: 'everybody' | 'trusted' | 'nobody';
  danmaku: boolean;
  guests: boolean;
}

export interface SendChatInput {
  text: string;
  /** Also over the picture. */
  danmaku?: boolean | Partial<DanmakuLook>;
  /** The id of a message. */
  replyTo?: string;
  mediaAt?: number;
  /** Sending the same again says it once. */
  clientId?: string;
  token?: string | undefined;
  vid?: string | undefined;
}

/** Written as `[code]`: of the channel with a `url`, or one that every channel has with an `icon` of Fluent Emoji Flat. */
export interface Emote {
  code: string;
  id?: string;
  url?: string;
  icon?: string;
  name?: { zh: string; en: string };
}

/** A play token or owner token opens private rooms. */
export interface ChatProof {
  token?: string | undefined;
  vid?: string | undefined;
}

/** What is said in rooms; what comes is heard on the channel `chat:ROOM`. */
export class ChatApi {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** The same as the command `chat` of the realtime connection. */
  async send(roomId: string, input: SendChatInput): Promise<ChatMessage> {
    const path = `${roomPath(roomId)}/chat`;
    return (await this.#caller.json<{ message: ChatMessage }>(path, { method: 'POST', body: input })).message;
  }

  /** The oldest first: the newest messages, or those before or after one. At most 200. */
  history(
    roomId: string,
    query: { before?: string; after?: string; limit?: number } & ChatProof = {},
  ): Promise<{ messages: ChatMessage[]; more: boolean }> {
    return this.#caller.json(`${roomPath(roomId)}/chat`, { query: { ...query } });
  }

  /** What was said while a recording was made, in the order of the picture; `next` begins the page after. */
  ofRecording(
    recordingId: string,
    query: { from?: number; to?: number; after?: string; limit?: number; token?: string | undefined } = {},
  ): Promise<{ messages: ChatMessage[]; next?: string }> {
    return this.#caller.json(`/api/recordings/${encodeURIComponent(recordingId)}/chat`, { query: { ...query } });
  }

  /**
   * How much was said at each place of a recording, cut into 10 to 200 parts of `stepMs`; empty where nothing could be
   * said. What was said while there was no picture counts nowhere.
   */
  densityOfRecording(
    recordingId: string,
    query: { buckets?: number; token?: string | undefined } = {},
  ): Promise<{ buckets: number[]; stepMs: number }> {
    return this.#caller.json(`/api/recordings/${encodeURIComponent(recordingId)}/chat/density`, {
      query: { ...query },
    });
  }

  /** One's own, or any for the owner and moderators. */
  async remove(
    roomId: string,
    messageId: string,
    { ownerToken, token, vid }: OwnerOptions & ChatProof = {},
  ): Promise<void> {
    const path = `${roomPath(roomId)}/chat/${encodeURIComponent(messageId)}`;
    await this.#caller.send(path, { method: 'DELETE', ownerToken, query: { token, vid } });
  }

  /** All that a person said in the room. */
  clear(roomId: string, person: string, { ownerToken }: OwnerOptions = {}): Promise<{ deleted: number }> {
    return this.#caller.json(`${roomPath(roomId)}/chat/clear`, { method: 'POST', body: { person }, ownerToken });
  }

  /** In place of what was pinned before; what stands above the chat comes with the snapshot and as `chat.pinned`. */
  async pin(roomId: string, messageId: string, { ownerToken }: OwnerOptions = {}): Promise<ChatMessage> {
    const path = `${roomPath(roomId)}/chat/pinned`;
    const body = { messageId };
    return (await this.#caller.json<{ message: ChatMessage }>(path, { method: 'PUT', body, ownerToken })).message;
  }

  async unpin(roomId: string, { ownerToken }: OwnerOptions = {}): Promise<void> {
    await this.#caller.send(`${roomPath(roomId)}/chat/pinned`, { method: 'DELETE', ownerToken });
  }

  settings(roomId: string, query: ChatProof = {}): Promise<ChatSettings> {
    return this.#caller.json(`${roomPath(roomId)}/chat/settings`, { query: { ...query } });
  }

  updateSettings(
    roomId: string,
    input: Partial<ChatSettings>,
    { ownerToken }: OwnerOptions = {},
  ): Promise<ChatSettings> {
    return this.#caller.json(`${roomPath(roomId)}/chat/settings`, { method: 'PATCH', body: input, ownerToken });
  }

  emotes(roomId: string, query: ChatProof = {}): Promise<Emote[]> {
    return this.#caller.json(`${roomPath(roomId)}/emotes`, { query: { ...query } });
  }

  /** `image` is a PNG, GIF or WebP in base64. */
  addEmote(roomId: string, input: { code: string; image: string }, { ownerToken }: OwnerOptions = {}): Promise<Emote> {
    return this.#caller.json(`${roomPath(roomId)}/emotes`, { method: 'POST', body: input, ownerToken });
  }

  async removeEmote(roomId: string, emoteId: string, { ownerToken }: OwnerOptions = {}): Promise<void> {
    const path = `${roomPath(roomId)}/emotes/${encodeURIComponent(emoteId)}`;
    await this.#caller.send(path, { method: 'DELETE', ownerToken });
  }
}
