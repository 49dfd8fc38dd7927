import type { OutboxEvent } from '../../database/outbox.ts';
import type { StateCenter } from '../../state/contract.ts';
import type { Audience } from './audience.ts';
import { HIDDEN_EVENT, VIEWERS_EVENT, type RoomEvent } from './events.ts';
import type { RoomRow } from './store.ts';
import type { RoomView } from './view.ts';

export const roomChannel = (roomId: string): string => `room:${roomId}`;
export const liveChannel = (roomId: string): string => `live:${roomId}`;
export const ROOMS_CHANNEL = 'rooms';

/** What became of a room, as events: always on its own channel, on `rooms` when it is public. */
export class Announcer {
  readonly #state: StateCenter;
  readonly #view: RoomView;
  readonly #audience: Audience;

  constructor(deps: { state: StateCenter; view: RoomView; audience: Audience }) {
    this.#state = deps.state;
    this.#view = deps.view;
    this.#audience = deps.audience;
  }

  room(event: RoomEvent, row: RoomRow): OutboxEvent[] {
    const data = this.#view.facts(row);
    const own = { channel: roomChannel(row.id), event, data };
    return row.is_private === 0 ? [own, { channel: ROOMS_CHANNEL, event, data }] : [own];
  }

  /** A public room became private: the list is told no more than to drop it. */
  hidden(row: RoomRow): OutboxEvent {
    return { channel: ROOMS_CHANNEL, event: HIDDEN_EVENT, data: { id: row.id } };
  }

  async viewersOfRooms(roomIds: readonly string[]): Promise<void> {
    for (const id of roomIds) {
      const { count: viewerCount, peak: peakViewers } = this.#audience.known(id) ?? { count: 0, peak: 0 };
      await this.#state.publishEphemeral(liveChannel(id), VIEWERS_EVENT, { viewerCount, peakViewers });
    }
  }

  async viewersOfList(roomIds: readonly string[]): Promise<void> {
    if (roomIds.length === 0) return;
    const counts = Object.fromEntries(roomIds.map((id) => [id, this.#audience.known(id)?.count ?? 0]));
    await this.#state.publishEphemeral(ROOMS_CHANNEL, VIEWERS_EVENT, { counts });
  }
}
