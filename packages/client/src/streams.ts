import type { Caller } from './caller.ts';
import type { OwnerOptions } from './rooms.ts';
import type { CreatedRoom, Room } from './types.ts';

/** The polling scheme's names for the operations on rooms. */
export class StreamsApi {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  start(input: { title: string }): Promise<CreatedRoom> {
    return this.#caller.json('/api/streams/start', { method: 'POST', body: input });
  }

  /** `since` is a vector for `events.poll`. */
  list(): Promise<{ rooms: Room[]; total: number; since: string }> {
    return this.#caller.json('/api/streams/list');
  }

  async end(roomId: string, { ownerToken }: OwnerOptions = {}): Promise<void> {
    await this.#caller.send('/api/streams/end', { method: 'POST', body: { roomId }, ownerToken });
  }
}
