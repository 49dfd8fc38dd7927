import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { audit } from '../../database/audit.ts';
import type { Outbox } from '../../database/outbox.ts';
import { AppError, type Account, type Caller } from '../gateway/contract.ts';
import type { RoomDirectory } from '../live/contract.ts';
import type { UserDirectory } from '../user/contract.ts';
import {
  DEFAULT_SETTINGS,
  type CreatedOverlay,
  type CreateOverlayInput,
  type Goal,
  type Overlay,
  type OverlaySettings,
  type ShownOverlay,
  type UpdateOverlayInput,
} from './contract.ts';
import type { OverlayRow, OverlayStore } from './store.ts';

const TOKEN_PREFIX = 'kov_';
const TOKEN = /^kov_[A-Za-z0-9_-]{43}$/;
const MOST_OVERLAYS = 10;

export interface OverlaysDeps {
  store: OverlayStore;
  outbox: Outbox;
  rooms: RoomDirectory;
  users: UserDirectory;
  readGoal(channelId: string): Promise<Goal | null>;
  now: () => number;
}

/** Pages that a streamer's program shows over the picture, and the tokens that let them see the room. */
export class Overlays {
  readonly #deps: OverlaysDeps;

  constructor(deps: OverlaysDeps) {
    this.#deps = deps;
  }

  async list(account: Account): Promise<Overlay[]> {
    return (await this.#deps.store.ofUser(account.id)).map(overlayOf);
  }

  /** @throws AppError too_many_overlays */
  async create(caller: Caller, account: Account, { name, settings }: CreateOverlayInput): Promise<CreatedOverlay> {
    const { store, outbox, now } = this.#deps;
    const token = TOKEN_PREFIX + randomBytes(32).toString('base64url');
    const row: OverlayRow = {
      ...{ id: randomUUID(), user_id: account.id, name, token_hash: hashOf(token) },
      settings: JSON.stringify({ ...DEFAULT_SETTINGS, ...settings }),
      created_at: now(),
      updated_at: now(),
    };
    await outbox.transact(async ({ transaction }) => {
      if (!(await store.insert(transaction, row, MOST_OVERLAYS))) throw new AppError('too_many_overlays');
      await audit(transaction, this.#entry(caller, account, { id: row.id, action: 'overlay.created' }));
    });
    return { ...overlayOf(row), token };
  }

  /** @throws AppError overlay_not_found */
  async change(account: Account, id: string, { name, settings }: UpdateOverlayInput): Promise<Overlay> {
    const { store, outbox, now } = this.#deps;
    return outbox.transact(async ({ transaction }) => {
      const row = await store.lock(transaction, { id, userId: account.id });
      if (row === undefined) throw new AppError('overlay_not_found');
      const changes = {
        name: name ?? row.name,
        settings: JSON.stringify({ ...settingsOf(row), ...settings }),
        updated_at: now(),
      };
      await store.change(transaction, id, changes);
      return overlayOf({ ...row, ...changes });
    });
  }

  /** Its token is good for nothing from now on. @throws AppError overlay_not_found */
  async remove(caller: Caller, account: Account, id: string): Promise<void> {
    const { store, outbox } = this.#deps;
    await outbox.transact(async ({ transaction }) => {
      const isGone = await store.remove(transaction, { id, userId: account.id });
      if (!isGone) throw new AppError('overlay_not_found');
      await audit(transaction, this.#entry(caller, account, { id, action: 'overlay.removed' }));
    });
  }

  /** By the token that the caller brings. @throws AppError invalid_overlay_token */
  async show(caller: Caller): Promise<ShownOverlay> {
    const { store, rooms, users, readGoal } = this.#deps;
    const token = caller.tokens.find((given) => TOKEN.test(given));
    const row = token === undefined ? undefined : await store.findByHash(hashOf(token));
    if (row === undefined || (await users.find(row.user_id))?.isBanned !== false)
      throw new AppError('invalid_overlay_token');
    const open = await rooms.openRoomOf(row.user_id, caller.site);
    return {
      room: open?.room ?? null,
      playToken: open?.playToken,
      settings: settingsOf(row),
      goal: await readGoal(row.user_id),
    };
  }

  #entry(caller: Caller, account: Account, { id, action }: { id: string; action: string }) {
    const actor = `user:${account.id}`;
    return { actor, action, subject: `overlay:${id}`, address: caller.address, atMs: this.#deps.now() };
  }
}

export function overlayOf(row: OverlayRow): Overlay {
  return { id: row.id, name: row.name, settings: settingsOf(row), createdAt: row.created_at };
}

/** What it did not know when it was written is as by default. */
function settingsOf({ settings }: OverlayRow): OverlaySettings {
  return { ...DEFAULT_SETTINGS, ...(JSON.parse(settings) as Partial<OverlaySettings>) };
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
