import { randomUUID } from 'node:crypto';
import type { Selectable } from 'kysely';
import { audit } from '../../../database/audit.ts';
import type { Database } from '../../../database/database.ts';
import { isUniqueViolation } from '../../../database/errors.ts';
import type { Outbox, Work } from '../../../database/outbox.ts';
import type { EmoteTable } from '../../../database/tables/chat.ts';
import { AppError, type Caller } from '../../gateway/contract.ts';
import { channelIdOf, type Proof, type RoomDirectory } from '../../live/contract.ts';
import { BUILT_IN_EMOTES } from './built-in-emotes.ts';
import { chatChannelOf, type Emote } from './contract.ts';
import { actorOf } from './deletion.ts';
import { pictureOf } from './picture.ts';
import type { ChatStore } from './store.ts';

const MAX_EMOTES = 50;
const MAX_BYTES = 128 * 1024;
/** Each way: few bytes may unpack to a picture that no phone can hold. */
const MAX_PIXELS = 1024;

type EmoteRow = Selectable<EmoteTable>;

export interface EmoteDeps {
  database: Database;
  store: ChatStore;
  outbox: Outbox;
  rooms: RoomDirectory;
  now: () => number;
}

/** Small pictures for the text: those built in, and each channel's own. */
export class Emotes {
  readonly #deps: EmoteDeps;

  constructor(deps: EmoteDeps) {
    this.#deps = deps;
  }

  /** @throws AppError room_not_found, room_private */
  async list(caller: Caller, roomId: string, proof: Proof): Promise<Emote[]> {
    const { database, rooms } = this.#deps;
    const { room } = await rooms.standing(caller, roomId, proof);
    return [...(await ownEmotes(database, channelIdOf(room))), ...BUILT_IN_EMOTES];
  }

  /** By the owner; told in every room of the channel that is open. @throws AppError forbidden, emote_invalid, emote_taken, too_many_emotes */
  async add(caller: Caller, roomId: string, { code, image }: { code: string; image: string }): Promise<Emote> {
    const { outbox, store, now } = this.#deps;
    const channelId = await this.#own(caller, roomId);
    const open = await store.openRooms(channelId);
    const bytes = Buffer.from(image, 'base64');
    const picture = pictureOf(bytes);
    if (picture === undefined || bytes.length > MAX_BYTES || Math.max(picture.width, picture.height) > MAX_PIXELS)
      throw new AppError('emote_invalid');
    if (BUILT_IN_EMOTES.some((emote) => emote.code === code)) throw new AppError('emote_taken');
    const row: EmoteRow = {
      ...{ id: randomUUID(), channel_id: channelId, code, mime: picture.mime, bytes: bytes.toString('base64') },
      ...{ created_by: caller.account?.id ?? null, created_at: now() },
    };
    try {
      await outbox.transact(async (work) => {
        const { transaction } = work;
        await transaction.insertInto('emotes').values(row).execute();
        // Of many at once a few too many may find a place, which does no harm.
        const { count } = await transaction
          .selectFrom('emotes')
          .select((builder) => builder.fn.countAll<number>().as('count'))
          .where('channel_id', '=', channelId)
          .executeTakeFirstOrThrow();
        if (Number(count) > MAX_EMOTES) throw new AppError('too_many_emotes');
        await audit(transaction, {
          ...actorOf(caller),
          action: 'emote.added',
          subject: `room:${roomId}`,
          details: { code },
          atMs: now(),
        });
        await tell(work, channelId, open);
      });
    } catch (error) {
      if (isUniqueViolation(error)) throw new AppError('emote_taken');
      throw error;
    }
    return { id: row.id, code, url: `/api/emotes/${row.id}` };
  }

  /** @throws AppError forbidden, emote_not_found */
  async remove(caller: Caller, roomId: string, emoteId: string): Promise<void> {
    const { outbox, store, now } = this.#deps;
    const channelId = await this.#own(caller, roomId);
    const open = await store.openRooms(channelId);
    await outbox.transact(async (work) => {
      const { transaction } = work;
      const removed = await transaction
        .deleteFrom('emotes')
        .where('id', '=', emoteId)
        .where('channel_id', '=', channelId)
        .returning('code')
        .executeTakeFirst();
      if (removed === undefined) throw new AppError('emote_not_found');
      await audit(transaction, {
        ...actorOf(caller),
        action: 'emote.removed',
        subject: `room:${roomId}`,
        details: removed,
        atMs: now(),
      });
      await tell(work, channelId, open);
    });
  }

  /** @throws AppError emote_not_found */
  async picture(id: string): Promise<{ mime: string; bytes: Buffer }> {
    const row = await this.#deps.database
      .selectFrom('emotes')
      .select(['mime', 'bytes'])
      .where('id', '=', id)
      .executeTakeFirst();
    if (row === undefined) throw new AppError('emote_not_found');
    return { mime: row.mime, bytes: Buffer.from(row.bytes, 'base64') };
  }

  async #own(caller: Caller, roomId: string): Promise<string> {
    const { room, isOwner } = await this.#deps.rooms.standing(caller, roomId);
    if (!isOwner) throw new AppError('forbidden');
    return channelIdOf(room);
  }
}

async function tell({ transaction, emit }: Work, channelId: string, rooms: readonly string[]): Promise<void> {
  const data = { own: await ownEmotes(transaction, channelId) };
  await emit(...rooms.map((id) => ({ channel: chatChannelOf(id), event: 'chat.emotes', data })));
}

async function ownEmotes(database: Database, channelId: string): Promise<Emote[]> {
  const rows = await database
    .selectFrom('emotes')
    .select(['id', 'code'])
    .where('channel_id', '=', channelId)
    .orderBy('code')
    .execute();
  return rows.map(({ id, code }) => ({ id, code, url: `/api/emotes/${id}` }));
}
