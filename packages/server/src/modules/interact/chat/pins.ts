import { audit } from '../../../database/audit.ts';
import type { Database } from '../../../database/database.ts';
import type { Outbox, Work } from '../../../database/outbox.ts';
import { AppError, type Caller } from '../../gateway/contract.ts';
import type { RoomDirectory } from '../../live/contract.ts';
import { chatChannelOf, type ChatMessage } from './contract.ts';
import { actorOf } from './deletion.ts';
import type { ChatStore } from './store.ts';
import { messageViews } from './view.ts';

export interface PinsDeps {
  database: Database;
  store: ChatStore;
  outbox: Outbox;
  rooms: RoomDirectory;
  now: () => number;
}

/** The one message that stands above a room's chat. */
export class Pins {
  readonly #deps: PinsDeps;

  constructor(deps: PinsDeps) {
    this.#deps = deps;
  }

  /** Of a room, if there is one; by no means one that is not shown any more. */
  async of(roomId: string): Promise<ChatMessage | undefined> {
    const { database, store } = this.#deps;
    const row = await database
      .selectFrom('chat_pins')
      .innerJoin('chat_messages', 'chat_messages.id', 'chat_pins.message_id')
      .selectAll('chat_messages')
      .where('chat_pins.room_id', '=', roomId)
      .where('chat_messages.state', '=', 'shown')
      .executeTakeFirst();
    return row === undefined ? undefined : (await messageViews(store, roomId, [row]))[0];
  }

  /** In place of what was pinned before. @throws AppError forbidden, message_not_found */
  async pin(caller: Caller, roomId: string, messageId: string): Promise<ChatMessage> {
    const { store, outbox, now } = this.#deps;
    const room = await this.#managed(caller, roomId);
    const row = await store.find(messageId);
    if (row === undefined || row.room_id !== room) throw new AppError('message_not_found');
    const [message] = await messageViews(store, room, [row]);
    if (message === undefined) throw new AppError('message_not_found');
    return outbox.transact(async ({ transaction, emit }) => {
      // Changes nothing, but whoever deletes the message now waits, and then finds it pinned.
      const shown = await store.move(transaction, { id: messageId, from: 'shown', to: 'shown' });
      if (shown === undefined) throw new AppError('message_not_found');
      const pin = { message_id: messageId, pinned_at: now() };
      await transaction
        .insertInto('chat_pins')
        .values({ room_id: room, ...pin })
        .onConflict((conflict) => conflict.column('room_id').doUpdateSet(pin))
        .execute();
      await audit(transaction, {
        ...actorOf(caller),
        action: 'chat.pinned',
        subject: `room:${room}`,
        details: { message: messageId, person: row.person },
        atMs: now(),
      });
      await emit({ channel: chatChannelOf(room), event: 'chat.pinned', data: { message } });
      return message;
    });
  }

  /** When nothing is pinned, nothing happens. @throws AppError forbidden */
  async unpin(caller: Caller, roomId: string): Promise<void> {
    const { outbox, now } = this.#deps;
    const room = await this.#managed(caller, roomId);
    await outbox.transact(async ({ transaction, emit }) => {
      const gone = await transaction
        .deleteFrom('chat_pins')
        .where('room_id', '=', room)
        .returning('message_id')
        .executeTakeFirst();
      if (gone === undefined) return;
      await audit(transaction, {
        ...actorOf(caller),
        action: 'chat.unpinned',
        subject: `room:${room}`,
        details: { message: gone.message_id },
        atMs: now(),
      });
      await emit(unpinned(room));
    });
  }

  /** Messages were deleted in this transaction, of one room or of many: what is not shown is not pinned. */
  async settle({ transaction, emit }: Pick<Work, 'transaction' | 'emit'>, roomId?: string): Promise<void> {
    let hidden = transaction
      .deleteFrom('chat_pins')
      .where(({ exists, not, selectFrom }) =>
        not(
          exists(
            selectFrom('chat_messages')
              .select('chat_messages.id')
              .whereRef('chat_messages.id', '=', 'chat_pins.message_id')
              .where('chat_messages.state', '=', 'shown'),
          ),
        ),
      );
    if (roomId !== undefined) hidden = hidden.where('room_id', '=', roomId);
    const gone = await hidden.returning('room_id').execute();
    await emit(...gone.map(({ room_id: id }) => unpinned(id)));
  }

  async #managed(caller: Caller, roomId: string): Promise<string> {
    const { room, isOwner, isModerator } = await this.#deps.rooms.standing(caller, roomId);
    if (!isOwner && !isModerator) throw new AppError('forbidden');
    return room.id;
  }
}

const unpinned = (roomId: string) => ({
  channel: chatChannelOf(roomId),
  event: 'chat.pinned',
  data: { message: null },
});
