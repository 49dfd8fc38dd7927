import { randomUUID } from 'node:crypto';
import { audit } from '../../database/audit.ts';
import type { Outbox, Work } from '../../database/outbox.ts';
import type { EnginePush, MediaEngine } from '../../engine/contract.ts';
import { CONTROL_CHANNEL } from '../auth/contract.ts';
import { AppError, type Caller } from '../gateway/contract.ts';
import type { RoomDirectory, RoomFacts } from '../live/contract.ts';
import { RELAY_CHANGED, type CreateRelayInput, type Relay, type UpdateRelayInput } from './contract.ts';
import { statusOf } from './status.ts';
import type { RelayChanges, RelayRow, RelayStore } from './store.ts';
import { isTargetUrl, shownUrl } from './target-url.ts';

export interface RelayServiceDeps {
  store: RelayStore;
  outbox: Outbox;
  engine: MediaEngine;
  rooms: RoomDirectory;
  perRoom: number;
  now: () => number;
}

/** The rules of sending a room on: its owner and administrators name the targets. */
export class RelayService {
  readonly #deps: RelayServiceDeps;

  constructor(deps: RelayServiceDeps) {
    this.#deps = deps;
  }

  async list(caller: Caller, roomId: string): Promise<Relay[]> {
    const room = await this.#room(caller, roomId);
    const rows = await this.#deps.store.ofStream(room.playId);
    const pushes = await this.#pushes();
    return rows.map((row) => this.#view(row, pushes, caller));
  }

  /** @throws AppError invalid_relay_url, too_many_relays, not_supported */
  async add(caller: Caller, roomId: string, { name, url, enabled }: CreateRelayInput): Promise<Relay> {
    const { store, perRoom, now } = this.#deps;
    const room = await this.#room(caller, roomId);
    assertTarget(url);
    const row: RelayRow = {
      id: randomUUID(),
      play_id: room.playId,
      name: name ?? null,
      url,
      enabled: enabled ? 1 : 0,
      created_at: now(),
      updated_at: now(),
      report: null,
      reported_at: null,
    };
    await this.#note({ caller, room, action: 'relay.added' }, async (transaction) => {
      if (!(await store.insert(transaction, row, perRoom))) throw new AppError('too_many_relays');
      return row;
    });
    return this.#view(row, new Map(), caller);
  }

  /** @throws AppError relay_not_found, invalid_relay_url */
  async change(
    caller: Caller,
    { roomId, id }: { roomId: string; id: string },
    input: UpdateRelayInput,
  ): Promise<Relay> {
    const room = await this.#room(caller, roomId);
    if (input.url !== undefined) assertTarget(input.url);
    const target = { playId: room.playId, id, changes: changesOf(input) };
    const fields = Object.keys(target.changes);
    const row = await this.#note({ caller, room, action: 'relay.changed', details: { fields } }, (transaction) =>
      this.#deps.store.change(transaction, target),
    );
    return this.#view(row, await this.#pushes(), caller);
  }

  /** @throws AppError relay_not_found */
  async remove(caller: Caller, { roomId, id }: { roomId: string; id: string }): Promise<void> {
    const room = await this.#room(caller, roomId);
    await this.#note({ caller, room, action: 'relay.removed' }, (transaction) =>
      this.#deps.store.remove(transaction, { playId: room.playId, id }),
    );
  }

  async #room(caller: Caller, roomId: string): Promise<RoomFacts> {
    const { rooms, engine } = this.#deps;
    const { room, isOwner } = await rooms.standing(caller, roomId);
    if (!isOwner) throw new AppError('forbidden');
    if (room.mode === 'p2p' || engine.relay === undefined) throw new AppError('not_supported');
    return room;
  }

  /** The change, its place in the audit trail, and the word to whichever node carries the stream, in one commit. */
  async #note(
    {
      caller,
      room,
      action,
      details,
    }: { caller: Caller; room: RoomFacts; action: string; details?: Record<string, unknown> },
    change: (transaction: Work['transaction']) => Promise<RelayRow | undefined>,
  ): Promise<RelayRow> {
    return this.#deps.outbox.transact(async ({ transaction, emit }) => {
      const row = await change(transaction);
      if (row === undefined) throw new AppError('relay_not_found');
      const { account, address } = caller;
      await audit(transaction, {
        actor: account === undefined ? 'owner' : `user:${account.id}`,
        action,
        subject: `room:${room.id}`,
        details: {
          relay: row.id,
          server: shownUrl(row.url),
          ...details,
          ...(account !== undefined && account.id !== room.userId ? { as: 'admin' } : {}),
        },
        address,
        atMs: this.#deps.now(),
      });
      await emit({ channel: CONTROL_CHANNEL, event: RELAY_CHANGED, data: {} });
      return row;
    });
  }

  async #pushes(): Promise<ReadonlyMap<string, EnginePush>> {
    const pushes = (await this.#deps.engine.relay?.pushes()) ?? [];
    return new Map(pushes.map((push) => [push.id, push]));
  }

  #view(row: RelayRow, pushes: ReadonlyMap<string, EnginePush>, { language }: Caller): Relay {
    return {
      id: row.id,
      name: row.name ?? undefined,
      url: shownUrl(row.url),
      enabled: row.enabled === 1,
      createdAt: row.created_at,
      status: statusOf(row, pushes.get(row.id), { language, nowMs: this.#deps.now() }),
    };
  }
}

function assertTarget(url: string): void {
  if (!isTargetUrl(url)) throw new AppError('invalid_relay_url');
}

/** Only what was given; null clears. */
function changesOf({ name, url, enabled }: UpdateRelayInput): RelayChanges {
  return {
    ...(name === undefined ? {} : { name }),
    ...(url === undefined ? {} : { url }),
    ...(enabled === undefined ? {} : { enabled: enabled ? 1 : 0 }),
  };
}
