import { z } from 'zod';
import { chatBadgeSchema, danmakuStyleSchema, mentionSchema, type ChatMessage } from './contract.ts';
import type { ChatStore, MessageRow } from './store.ts';
import { shorten } from './text.ts';

/** Of a message that is answered to. */
const QUOTED_CHARACTERS = 80;
const mentionsSchema = z.array(mentionSchema);

export type Quote = Pick<MessageRow, 'id' | 'name' | 'text'>;

/** A kept message as everybody reads it. */
export function messageView(row: MessageRow, quote: Quote | undefined): ChatMessage {
  const { id, person, name, text, at } = row;
  return {
    ...{ id, roomId: row.room_id, person },
    user: {
      ...(row.user_id === null ? {} : { id: row.user_id }),
      ...(row.username === null ? {} : { username: row.username }),
      name,
      ...(row.avatar === null ? {} : { avatar: row.avatar }),
    },
    ...{ text, at, mediaAt: row.media_at },
    ...(row.style === null ? {} : { danmaku: danmakuStyleSchema.parse(JSON.parse(row.style)) }),
    ...(quote === undefined
      ? {}
      : { replyTo: { id: quote.id, name: quote.name, text: shorten(quote.text, QUOTED_CHARACTERS) } }),
    ...(row.mentions === null ? {} : { mentions: mentionsSchema.parse(JSON.parse(row.mentions)) }),
    ...(row.badge === null ? {} : { badge: chatBadgeSchema.parse(JSON.parse(row.badge)) }),
    ...(row.masked === 1 ? { masked: true } : {}),
    ...(row.state === 'held' ? { held: true } : {}),
  };
}

/** A list of one room's messages, with what they answer to as far as it may still be seen. */
export async function messageViews(
  store: ChatStore,
  roomId: string,
  rows: readonly MessageRow[],
): Promise<ChatMessage[]> {
  const quotes = await store.quotable(
    roomId,
    rows.flatMap(({ reply_to: id }) => (id === null ? [] : [id])),
  );
  return rows.map((row) => messageView(row, row.reply_to === null ? undefined : quotes.get(row.reply_to)));
}
