import { AppError, type Caller } from '../gateway/contract.ts';
import type { ArchivedMessage, ChatArchive } from '../interact/chat/contract.ts';
import type { RoomDirectory } from '../live/contract.ts';
import type { Held } from './contract.ts';
import { deskOf } from './desk.ts';

/** Messages that are shown at once in the queue. */
export const MOST_SHOWN = 200;

export interface HeldServiceDeps {
  chat(): ChatArchive;
  rooms: RoomDirectory;
}

/** Messages that wait for a moderator. */
export class HeldService {
  readonly #deps: HeldServiceDeps;

  constructor(deps: HeldServiceDeps) {
    this.#deps = deps;
  }

  /** The oldest first. */
  async list(caller: Caller, roomId: string): Promise<Held[]> {
    await deskOf(this.#deps.rooms, caller, roomId);
    const messages = await this.#deps.chat().held(roomId, MOST_SHOWN);
    return messages.map(heldOf);
  }

  /** @throws AppError message_not_found, message_not_held */
  async decide(
    caller: Caller,
    { roomId, messageId }: { roomId: string; messageId: string },
    action: 'show' | 'delete',
  ): Promise<void> {
    const { chat, rooms } = this.#deps;
    await deskOf(rooms, caller, roomId);
    const message = await chat().find(messageId);
    if (message?.roomId !== roomId) throw new AppError('message_not_found');
    const to = action === 'show' ? 'shown' : 'deleted';
    // The archive writes down who did it.
    if (!(await chat().setState(messageId, { from: 'held', to, by: caller }))) throw new AppError('message_not_held');
  }
}

export function heldOf({ id, person, name, text, at }: ArchivedMessage): Held {
  return { id, person, name, text, at };
}
