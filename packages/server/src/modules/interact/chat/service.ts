import { audit } from '../../../database/audit.ts';
import type { Outbox } from '../../../database/outbox.ts';
import type { StateCenter } from '../../../state/contract.ts';
import { AppError, type Caller } from '../../gateway/contract.ts';
import { channelIdOf, type Proof, type RoomDirectory, type RoomStanding } from '../../live/contract.ts';
import type { Moderator } from '../../moderation/contract.ts';
import type { NewNotice } from '../../notice/contract.ts';
import type { RecordingLookup } from '../../recording/contract.ts';
import type { UserDirectory } from '../../user/contract.ts';
import type { Authors, Speaker } from './authors.ts';
import { actorOf } from './deletion.ts';
import {
  chatChannelOf,
  type ChatMessage,
  type ChatSettings,
  type ChatSnapshot,
  type DanmakuStyle,
  type ReplayQuery,
  type SendChatInput,
} from './contract.ts';
import type { ChatMetrics } from './metrics.ts';
import type { Pace } from './pace.ts';
import type { Pins } from './pins.ts';
import type { SettingsStore } from './settings.ts';
import type { ChatStore, MessageRow } from './store.ts';
import { mentionedNames, normalizeText, shorten } from './text.ts';
import { messageView, messageViews } from './view.ts';
import type { ChatWriter } from './writer.ts';

/** How far back the picture may be that a message is about. */
const MAX_DELAY_MS = 60_000;
/** Who is named with `@` is told when they wrote in the room within this. */
const MENTIONED_WITHIN_MS = 3_600_000;
const DANMAKU: DanmakuStyle = { color: '#ffffff', position: 'scroll' };
const NOTICE_CHARACTERS = 80;

export interface ChatServiceDeps {
  store: ChatStore;
  settings: SettingsStore;
  authors: Authors;
  pace: Pace;
  pins: Pins;
  writer: ChatWriter;
  moderator: Moderator;
  rooms: RoomDirectory;
  users: UserDirectory;
  recordings: () => RecordingLookup;
  outbox: Outbox;
  state: StateCenter;
  metrics: ChatMetrics;
  now: () => number;
}

/** The rules of saying something, and of reading what was said. */
export class ChatService {
  readonly #deps: ChatServiceDeps;

  constructor(deps: ChatServiceDeps) {
    this.#deps = deps;
  }

  /**
   * @throws AppError room_not_found, room_private, banned_from_room, room_ended, login_required, message_empty,
   * message_too_long, too_many_emoji, muted, followers_only, rate_limited, message_repeated, slow_mode, words_blocked,
   * links_forbidden, state_unavailable, overloaded
   */
  async send(caller: Caller, roomId: string, input: SendChatInput): Promise<ChatMessage> {
    const { metrics } = this.#deps;
    try {
      const message = await this.#send(caller, roomId, input);
      metrics.outcome(message.held === true ? 'held' : 'shown');
      return message;
    } catch (error) {
      metrics.outcome(error instanceof AppError ? error.code : 'failed');
      throw error;
    }
  }

  async #send(caller: Caller, roomId: string, input: SendChatInput): Promise<ChatMessage> {
    const { rooms, settings: all, authors, pace, writer, moderator, state } = this.#deps;
    const text = normalizeText(input.text);
    const standing = await rooms.standing(caller, roomId, input);
    const { room } = standing;
    if (room.status === 'ended') throw new AppError('room_ended');
    const channelId = channelIdOf(room);
    const settings = await all.of(channelId);
    const speaker = await authors.speaker(caller, standing, settings);
    const said = await this.#saidBefore(room.id, speaker.person, input.clientId);
    if (said !== undefined) return this.#sentAgain(said);
    // Nothing is taken that could not be told at once.
    if (!state.health().ok) throw new AppError('state_unavailable');
    if ((await moderator.mutedUntil(channelId, speaker.person)) !== undefined) throw new AppError('muted');
    await this.#assertFollows(channelId, speaker, settings);
    await pace.take({ roomId: room.id, person: speaker.person, text, isTrusted: speaker.isTrusted });
    const slowSeconds = speaker.isTrusted ? 0 : settings.slowModeSeconds;
    const giveBack = await pace.takeTurn(channelId, speaker.person, slowSeconds);
    try {
      const judgement = await moderator.judge({ room, author: speaker, text, mayLink: mayLink(speaker, settings) });
      const draft = { text: judgement.text, isMasked: judgement.isMasked, state: judgement.verdict, input, settings };
      return await this.#write(caller, { standing, speaker, draft, writer });
    } catch (error) {
      await giveBack().catch(() => {});
      throw error;
    }
  }

  /** Shown messages. @throws AppError room_not_found, room_private, banned_from_room */
  async history(
    caller: Caller,
    roomId: string,
    { before, after, limit, ...proof }: { before?: string; after?: string; limit: number } & Proof,
  ): Promise<{ messages: ChatMessage[]; more: boolean }> {
    const { rooms, store } = this.#deps;
    const { room } = await rooms.standing(caller, roomId, proof);
    const rows = await store.page(room.id, { before, after, limit: limit + 1 });
    const page = after === undefined ? rows.slice(-limit) : rows.slice(0, limit);
    return { messages: await messageViews(store, room.id, page), more: rows.length > limit };
  }

  /** What was said while a recording was made, by the time of the picture. @throws AppError recording_not_found, room_private */
  async replay(
    caller: Caller,
    recordingId: string,
    { from, to, after, limit, token }: ReplayQuery,
  ): Promise<{ messages: ChatMessage[]; next?: string }> {
    const { recordings, store } = this.#deps;
    const roomId = await recordings().roomOf(caller, recordingId, token);
    // What was uploaded has no room in which anybody could have said anything.
    if (roomId === undefined) return { messages: [] };
    const [mediaAt = '', id = ''] = after?.split('-') ?? [];
    const behind = after === undefined ? undefined : { mediaAt: Number(mediaAt), id };
    const rows = await store.byMediaTime(roomId, { from, to, after: behind, limit: limit + 1 });
    const page = rows.slice(0, limit);
    const last = rows.length > limit ? page.at(-1) : undefined;
    return {
      messages: await messageViews(store, roomId, page),
      ...(last === undefined ? {} : { next: `${last.media_at}-${last.id}` }),
    };
  }

  /** What a channel shows to those who come. */
  async snapshot(roomId: string, channelId: string, limit: number): Promise<ChatSnapshot> {
    const { store, settings, pins } = this.#deps;
    const rows = await store.page(roomId, { limit });
    const pinned = await pins.of(roomId);
    return {
      messages: await messageViews(store, roomId, rows),
      settings: await settings.of(channelId),
      ...(pinned === undefined ? {} : { pinned }),
    };
  }

  async settingsOf(caller: Caller, roomId: string, proof: Proof): Promise<ChatSettings> {
    const { room } = await this.#deps.rooms.standing(caller, roomId, proof);
    return this.#deps.settings.of(channelIdOf(room));
  }

  /** Told in every room of the channel that is open. @throws AppError forbidden */
  async changeSettings(caller: Caller, roomId: string, changes: Partial<ChatSettings>): Promise<ChatSettings> {
    const { rooms, settings, outbox, store, now } = this.#deps;
    const { room, isOwner, isModerator } = await rooms.standing(caller, roomId);
    if (!isOwner && !isModerator) throw new AppError('forbidden');
    const channelId = channelIdOf(room);
    const open = await store.openRooms(channelId);
    const changed = await outbox.transact(async ({ transaction, emit }) => {
      const after = await settings.change(transaction, channelId, changes);
      await audit(transaction, {
        ...actorOf(caller),
        action: 'chat.settings_changed',
        subject: `room:${room.id}`,
        details: changes,
        atMs: now(),
      });
      await emit(...open.map((id) => ({ channel: chatChannelOf(id), event: 'chat.settings', data: after })));
      return after;
    });
    settings.forget(channelId);
    return changed;
  }

  async #saidBefore(roomId: string, person: string, clientId: string | undefined): Promise<MessageRow | undefined> {
    if (clientId === undefined) return undefined;
    return this.#deps.store.said(roomId, person, clientId);
  }

  /** The owner of a channel does not follow it, and its moderators are trusted. */
  async #assertFollows(channelId: string, speaker: Speaker, { followersOnlyMinutes }: ChatSettings): Promise<void> {
    if (followersOnlyMinutes === null || speaker.isTrusted) return;
    const since =
      speaker.userId === undefined ? undefined : await this.#deps.store.followingSince(speaker.userId, channelId);
    const enough = since !== undefined && since + followersOnlyMinutes * 60_000 <= this.#deps.now();
    if (!enough) throw new AppError('followers_only', { minutes: String(followersOnlyMinutes) });
  }

  async #write(
    caller: Caller,
    {
      standing,
      speaker,
      draft: { text, isMasked, state, input, settings },
      writer,
    }: {
      standing: RoomStanding;
      speaker: Speaker;
      draft: {
        text: string;
        isMasked: boolean;
        state: 'shown' | 'held';
        input: SendChatInput;
        settings: ChatSettings;
      };
      writer: ChatWriter;
    },
  ): Promise<ChatMessage> {
    const { store, authors, now } = this.#deps;
    const { room } = standing;
    const quotes = input.replyTo === undefined ? undefined : await store.quotable(room.id, [input.replyTo]);
    const quote = input.replyTo === undefined ? undefined : quotes?.get(input.replyTo);
    const mentions = await this.#mentions(text);
    const told = state === 'shown' ? await this.#mentioned(room, speaker, mentions) : [];
    const badge = await authors.badge(speaker, standing, caller);
    const style = input.danmaku === undefined || !settings.danmaku ? undefined : { ...DANMAKU, ...input.danmaku };
    const nowMs = now();
    const row = await writer.write({
      row: {
        ...{ room_id: room.id, channel_id: channelIdOf(room), person: speaker.person, user_id: speaker.userId ?? null },
        ...{ username: speaker.username ?? null, name: speaker.name, avatar: speaker.avatar ?? null },
        kind: style === undefined ? 'text' : 'danmaku',
        style: style === undefined ? null : JSON.stringify(style),
        ...{ text, state, masked: isMasked ? 1 : 0, reply_to: quote?.id ?? null, client_id: input.clientId ?? null },
        mentions: mentions.length === 0 ? null : JSON.stringify(mentions),
        badge: badge === undefined ? null : JSON.stringify(badge),
        media_at: Math.max(input.mediaAt ?? nowMs, nowMs - MAX_DELAY_MS),
      },
      quote,
      notices: (messageId) =>
        told.map((userId) => mentionNotice(userId, { roomId: room.id, messageId, speaker, text })),
    });
    return messageView(row, quote);
  }

  async #mentions(text: string): Promise<{ userId: string; username: string; name: string }[]> {
    const found = await Promise.all(mentionedNames(text).map((name) => this.#deps.users.findByUsername(name)));
    return found.flatMap((user) =>
      user === undefined || user.isBanned ? [] : [{ userId: user.id, username: user.username, name: user.name }],
    );
  }

  /** Of those who are named, whom it concerns: the owner, and who was there; nobody is called from elsewhere. */
  async #mentioned(
    room: RoomStanding['room'],
    speaker: Speaker,
    mentions: readonly { userId: string }[],
  ): Promise<string[]> {
    const ids = [...new Set(mentions.map(({ userId }) => userId))].filter((id) => id !== speaker.userId);
    const wrote = await this.#deps.store.whoWrote(room.id, ids, this.#deps.now() - MENTIONED_WITHIN_MS);
    return ids.filter((id) => id === room.userId || wrote.has(id));
  }

  async #sentAgain(row: MessageRow): Promise<ChatMessage> {
    await this.#deps.writer.tellAgain(row);
    const [view] = await messageViews(this.#deps.store, row.room_id, [row]);
    return view ?? messageView(row, undefined);
  }
}

function mayLink({ isOwner, isTrusted }: Speaker, { links }: ChatSettings): boolean {
  return isOwner || links === 'everybody' || (links === 'trusted' && isTrusted);
}

function mentionNotice(
  userId: string,
  { roomId, messageId, speaker, text }: { roomId: string; messageId: string; speaker: Speaker; text: string },
): NewNotice {
  return {
    userId,
    kind: 'mention',
    data: { roomId, messageId, userId: speaker.userId, name: speaker.name, text: shorten(text, NOTICE_CHARACTERS) },
    group: `mention:${roomId}:${speaker.person}`,
  };
}
