import type { OutboxEvent } from '../../database/outbox.ts';
import type { StateCenter } from '../../state/contract.ts';
import { VIEWERS_EVENT, type RoomEvent } from './events.ts';
import type { AudienceChange } from './audience.ts';
import type { RoomRow } from './store.ts';
import type { RoomView } from './view.ts';

export const roomChannel = (roomId: string): string => `room:${roomId}`;
export const liveChannel = (roomId: string): string => `live:${roomId}`;
export const ROOMS_CHANNEL = 'rooms';

/** What became of a room, as events: always on its own channel, on `rooms` when it is public. */
export class Announcer {
  readonly #state: StateCenter;
  readonly #view: RoomView;

  constructor(deps: { state: StateCenter; view: RoomView }) {
    this.#state = deps.state;
    this.#view = deps.view;
  }

  room(event: RoomEvent, row: RoomRow): OutboxEvent[] {
    const data = this.#view.facts(row);
    const own = { channel: roomChannel(row.id), event, data };
    return row.is_private === 0 ? [own, { channel: ROOMS_CHANNEL, event, data }] : [own];
  }

  /** A public room became private: the list is told no more than to drop it. */
  hidden(row: RoomRow): OutboxEvent {
    return { channel: ROOMS_CHANNEL, event: 'room.hidden', data: { id: row.id } };
  }

  async viewersOfRooms(changes: readonly AudienceChange[]): Promise<void> {
    for (const { room, viewerCount, peakViewers } of changes) {
      await this.#state.publishEphemeral(liveChannel(room.id), VIEWERS_EVENT, { viewerCount, peakViewers });
    }
  }

  async viewersOfList(changes: readonly AudienceChange[]): Promise<void> {
    const counts = Object.fromEntries(
      changes.filter(({ room }) => !room.isPrivate).map(({ room, viewerCount }) => [room.id, viewerCount]),
    );
    if (Object.keys(counts).length > 0) await this.#state.publishEphemeral(ROOMS_CHANNEL, VIEWERS_EVENT, { counts });
  }
}
