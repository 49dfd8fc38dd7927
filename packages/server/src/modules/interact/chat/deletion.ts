import { audit } from '../../../database/audit.ts';
import type { Outbox } from '../../../database/outbox.ts';
import { AppError, type Caller } from '../../gateway/contract.ts';
import type { Proof, RoomDirectory } from '../../live/contract.ts';
import { toModerators } from '../../moderation/contract.ts';
import { archived, type ChatStore, type MessageRow } from './store.ts';
import { chatChannelOf, type ArchivedMessage, type ChatArchive, type MessageState } from './contract.ts';
import type { Pins } from './pins.ts';
import { foldText } from './text.ts';
import { messageViews } from './view.ts';

/** How much of what somebody said is looked through for a phrase. */
const MAX_SAID = 500;

export interface DeletionDeps {
  store: ChatStore;
  outbox: Outbox;
  rooms: RoomDirectory;
  now: () => number;
  pins: Pins;
  /** A held message is shown after all. */
  onShown(row: MessageRow): void;
}

/** Who did it, for the audit trail. */
export function actorOf(by: Caller | 'system'): { actor: string; address?: string } {
  if (by === 'system') return { actor: 'system' };
  return { actor: by.account === undefined ? 'owner' : `user:${by.account.id}`, address: by.address };
}

/** What becomes of messages after they were said. */
export class ChatDeletion {
  readonly #deps: DeletionDeps;

  constructor(deps: DeletionDeps) {
    this.#deps = deps;
  }

  /** By its author, the owner, a moderator or an administrator. @throws AppError message_not_found, forbidden */
  async remove(
    caller: Caller,
    { roomId, messageId, proof }: { roomId: string; messageId: string; proof: Proof },
  ): Promise<void> {
    const { rooms, store } = this.#deps;
    const { room, isOwner, isModerator, person } = await rooms.standing(caller, roomId, proof);
    const row = await store.find(messageId);
    if (row === undefined || row.room_id !== room.id || row.state === 'deleted')
      throw new AppError('message_not_found');
    const isAuthor = person !== undefined && person === row.person;
    if (!isOwner && !isModerator && !isAuthor)
      throw new AppError(row.state === 'held' ? 'message_not_found' : 'forbidden');
    const from = row.state;
    if (!(await this.#move(row.id, { from, to: 'deleted', by: caller, isOwn: isAuthor })))
      throw new AppError('message_not_found');
  }

  /** All that one person said in the room; answers how much that was. @throws AppError forbidden */
  async clear(caller: Caller, roomId: string, person: string): Promise<number> {
    const { rooms, store, outbox, now, pins } = this.#deps;
    const { room, isOwner, isModerator } = await rooms.standing(caller, roomId);
    if (!isOwner && !isModerator) throw new AppError('forbidden');
    return outbox.transact(async ({ transaction, emit }) => {
      const deleted = await store.clear(transaction, room.id, person);
      await audit(transaction, {
        ...actorOf(caller),
        action: 'chat.cleared',
        subject: `room:${room.id}`,
        details: { person, deleted },
        atMs: now(),
      });
      await emit(
        { channel: chatChannelOf(room.id), event: 'chat.cleared', data: { person } },
        toModerators(room.id, 'held.cleared', { person }),
      );
      await pins.settle({ transaction, emit }, room.id);
      return deleted;
    });
  }

  /** What other modules use. */
  archive(listeners: Set<(message: ArchivedMessage) => void>): ChatArchive {
    const { store } = this.#deps;
    return {
      find: async (messageId) => {
        const row = await store.find(messageId);
        return row === undefined ? undefined : archived(row);
      },
      held: async (roomId, limit) => (await store.held(roomId, limit)).map(archived),
      setState: (messageId, change) => this.#move(messageId, { ...change, isOwn: false }),
      hasSaid: async (roomId, userId, { text, sinceMs }) => {
        const wanted = foldText(text);
        const said = await store.saidSince(roomId, userId, { sinceMs, limit: MAX_SAID });
        return said.some((line) => foldText(line) === wanted);
      },
      onMessage: (listener) => void listeners.add(listener),
    };
  }

  async #move(
    id: string,
    { from, to, by, isOwn }: { from: MessageState; to: MessageState; by: Caller | 'system'; isOwn: boolean },
  ): Promise<boolean> {
    const { store, outbox, now, onShown, pins } = this.#deps;
    const before = await store.find(id);
    const [view] = before === undefined ? [] : await messageViews(store, before.room_id, [{ ...before, state: to }]);
    const row = await outbox.transact(async ({ transaction, emit }) => {
      const moved = await store.move(transaction, { id, from, to });
      if (moved === undefined) return undefined;
      if (!isOwn)
        await audit(transaction, {
          ...actorOf(by),
          action: to === 'deleted' ? 'chat.message_deleted' : 'chat.message_shown',
          subject: `room:${moved.room_id}`,
          details: { message: id, person: moved.person },
          atMs: now(),
        });
      const channel = chatChannelOf(moved.room_id);
      if (to === 'deleted' && from === 'shown') {
        await emit({ channel, event: 'chat.deleted', data: { id } });
        await pins.settle({ transaction, emit }, moved.room_id);
      }
      if (to === 'shown' && view !== undefined) await emit({ channel, event: 'chat.message', data: view });
      if (from === 'held' && to !== 'held') await emit(toModerators(moved.room_id, 'held.resolved', { id, state: to }));
      return moved;
    });
    if (row === undefined) return false;
    if (to === 'shown') onShown(row);
    return true;
  }
}
