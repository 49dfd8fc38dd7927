import type { Caller } from './caller.ts';
import { readJson } from './http.ts';
import type { GetRoomOptions, OwnerOptions } from './rooms.ts';
import { roomPath } from './rooms.ts';
import type { Room } from './types.ts';

export type GoalKind = 'coins' | 'followers';

/** What a channel collects for. The event `goal.updated` on `room:ID` is `{ goal: Goal | null }`. */
export interface Goal {
  title: string;
  kind: GoalKind;
  target: number;
  /** Coins given since it was set, or followers in all; may be above the target. */
  progress: number;
  /** ms since the epoch. */
  startedAt: number;
}

export interface GoalInput {
  title: string;
  kind: GoalKind;
  target: number;
  /** Count coins from now on. */
  restart?: boolean;
}

/** What an overlay page shows. */
export interface OverlaySettings {
  danmaku: boolean;
  gifts: boolean;
  /** Gifts of less coins are not announced. */
  minCoins: number;
  lottery: boolean;
  goal: boolean;
  /** Of texts and pictures, 0.5 to 3. */
  scale: number;
  /** 0.1 to 1. */
  opacity: number;
  /** Part of the picture's height, from above, that danmaku use; 0.1 to 1. */
  area: number;
  language: 'zh-CN' | 'en';
}

export interface Overlay {
  id: string;
  name: string;
  settings: OverlaySettings;
  createdAt: number;
}

export interface CreatedOverlay extends Overlay {
  /** `kov_…`, shown this once: the fragment of `/overlay#TOKEN`. */
  token: string;
}

/** What the page of an overlay is told. */
export interface ShownOverlay {
  /** The broadcast of now; null between two. */
  room: Room | null;
  /** Opens a room that is not everybody's. */
  playToken?: string;
  settings: OverlaySettings;
  goal: Goal | null;
}

/** An answer, and by what to ask for a newer one. */
export interface OverlayAnswer {
  overlay: ShownOverlay;
  etag: string | undefined;
}

/** Goals, and pages that a streaming program shows over the picture. */
export class OverlaysApi {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Of the caller; without their tokens. */
  list(): Promise<Overlay[]> {
    return this.#caller.json('/api/overlays');
  }

  create(input: { name?: string; settings?: Partial<OverlaySettings> } = {}): Promise<CreatedOverlay> {
    return this.#caller.json('/api/overlays', { method: 'POST', body: input });
  }

  /** What is left out stays as it is. */
  update(id: string, input: { name?: string; settings?: Partial<OverlaySettings> }): Promise<Overlay> {
    return this.#caller.json(overlayPath(id), { method: 'PUT', body: input });
  }

  /** Its token is good for nothing from now on. */
  async remove(id: string): Promise<void> {
    await this.#caller.send(overlayPath(id), { method: 'DELETE' });
  }

  /**
   * What the page with this token shows, whoever is logged in; with the `etag` of the last answer undefined when
   * nothing has changed. Refused with `invalid_overlay_token` once the overlay was removed.
   */
  async show(
    token: string,
    { etag, signal }: { etag?: string | undefined; signal?: AbortSignal } = {},
  ): Promise<OverlayAnswer | undefined> {
    const response = await this.#caller.anonymous('/api/overlay', { bearer: token, ifNoneMatch: etag, signal });
    if (response.status === 304) return undefined;
    return { overlay: await readJson(response), etag: response.headers.get('etag') ?? undefined };
  }

  /** Null when the channel of the room has none. */
  async goal(roomId: string, { ownerToken, playToken, signal }: GetRoomOptions = {}): Promise<Goal | null> {
    const query = { token: playToken };
    const { goal } = await this.#caller.json<GoalAnswer>(goalPath(roomId), { ownerToken, signal, query });
    return goal;
  }

  /** It goes on counting from where it began, unless it is of another kind or is to restart. */
  async setGoal(roomId: string, input: GoalInput, { ownerToken }: OwnerOptions = {}): Promise<Goal | null> {
    const request = { method: 'PUT', body: input, ownerToken } as const;
    const { goal } = await this.#caller.json<GoalAnswer>(goalPath(roomId), request);
    return goal;
  }

  async removeGoal(roomId: string, { ownerToken }: OwnerOptions = {}): Promise<void> {
    await this.#caller.send(goalPath(roomId), { method: 'DELETE', ownerToken });
  }
}

interface GoalAnswer {
  goal: Goal | null;
}

function goalPath(roomId: string): string {
  return `${roomPath(roomId)}/goal`;
}

function overlayPath(id: string): string {
  return `/api/overlays/${encodeURIComponent(id)}`;
}
