import type { Outbox, Work } from '../../database/outbox.ts';
import type { MediaEngine } from '../../engine/contract.ts';
import { AppError, type Caller } from '../gateway/contract.ts';
import type { RoomDirectory } from '../live/contract.ts';
import type { UserDirectory } from '../user/contract.ts';
import { actorOf, auditRecording, NUDGE, recordingEvent } from './announcer.ts';
import type { Recording, RecordingsQuery, SignedAddress, UpdateRecordingInput } from './contract.ts';
import type { Keeper } from './keeper.ts';
import type { RecordingPass } from './pass.ts';
import type { PartRow, RecordingRow, RecordingStore } from './store.ts';
import { playableOf, recordingView } from './view.ts';

export interface RecordingServiceDeps {
  store: RecordingStore;
  outbox: Outbox;
  engine: MediaEngine;
  rooms: RoomDirectory;
  users: UserDirectory;
  keeper: Keeper;
  pass: RecordingPass;
  isEnabled: boolean;
  now: () => number;
}

interface Page {
  page: number;
  pageSize: number;
}

/** The rules of recordings: their owner and administrators see and change all, others see what is published where they may. */
export class RecordingService {
  readonly #deps: RecordingServiceDeps;

  constructor(deps: RecordingServiceDeps) {
    this.#deps = deps;
  }

  /** Says whether the broadcast is recorded. @throws AppError forbidden, room_ended, not_supported */
  async switch(caller: Caller, roomId: string, on: boolean): Promise<{ on: boolean }> {
    const { rooms, engine, store, outbox, isEnabled, now } = this.#deps;
    const { room, isOwner } = await rooms.standing(caller, roomId);
    if (!isOwner) throw new AppError('forbidden');
    if (room.mode === 'p2p' || engine.recorder === undefined || !isEnabled) throw new AppError('not_supported');
    await outbox.transact(async ({ transaction, emit }) => {
      if (!(await store.setWish(transaction, room.id, on))) throw new AppError('room_ended');
      await auditRecording(transaction, {
        row: { id: '', room_id: room.id },
        actor: actorOf(caller, room.userId),
        action: on ? 'recording.switched_on' : 'recording.switched_off',
        atMs: now(),
      });
      await emit(NUDGE);
    });
    return { on };
  }

  async ofRoom(
    caller: Caller,
    roomId: string,
    { token, ...page }: Page & { token?: string },
  ): Promise<{ recordings: Recording[]; total: number }> {
    const { room, isOwner } = await this.#deps.rooms.standing(caller, roomId, { token });
    const { rows, total } = await this.#deps.store.list({ roomId: room.id, all: isOwner }, page);
    return { recordings: await this.#views(rows, token), total };
  }

  /** Published ones of public rooms; all of one account, when it is the caller's or an administrator asks. */
  async list(
    { account }: Caller,
    { userId, ...page }: RecordingsQuery,
  ): Promise<{ recordings: Recording[]; total: number }> {
    const all = userId !== undefined && (userId === account?.id || isAdministrator({ account }));
    const { rows, total } = await this.#deps.store.list({ userId, all }, page);
    return { recordings: await this.#views(rows, undefined), total };
  }

  /** Those that everybody may see whose title has it in it. */
  async search(q: string, limit: number): Promise<Recording[]> {
    return this.#views(await this.#deps.store.search(q, { limit, nowMs: this.#deps.now() }), undefined);
  }

  /** @throws AppError recording_not_found, room_private, banned_from_room */
  async get(caller: Caller, id: string, token?: string): Promise<Recording> {
    const { row } = await this.#find(caller, id, token);
    return this.#view(row, token);
  }

  /** Of a recording that the caller may see. @throws AppError as `get` */
  async roomOf(caller: Caller, id: string, token?: string): Promise<string | undefined> {
    return (await this.#find(caller, id, token)).row.room_id ?? undefined;
  }

  /** @throws AppError recording_not_found, forbidden */
  async change(caller: Caller, id: string, input: UpdateRecordingInput): Promise<Recording> {
    const { store, now } = this.#deps;
    const { row } = await this.#own(caller, id);
    const { title, published } = input;
    const changes = {
      ...(title === undefined ? {} : { title }),
      ...(published === undefined ? {} : { published: published ? (1 as const) : (0 as const) }),
    };
    const changed = await this.#deps.outbox.transact(async ({ transaction, emit }) => {
      const after = await store.change(transaction, { id, changes });
      if (after === undefined) throw new AppError('recording_not_found');
      await this.#note(transaction, { caller, row, action: actionOf(row, after), atMs: now() });
      await emit(recordingEvent('recording.updated', after));
      return after;
    });
    return this.#view(changed, undefined);
  }

  /** @throws AppError recording_not_found, forbidden, recording_active */
  async remove(caller: Caller, id: string): Promise<void> {
    const { row } = await this.#own(caller, id);
    if (await this.#deps.keeper.delete(row, { actor: actorOf(caller, row.user_id) })) return;
    throw new AppError((await this.#deps.store.find(id)) === undefined ? 'recording_not_found' : 'recording_active');
  }

  /** What a player asks for. @throws AppError as `get`; recording_not_ready */
  async replay(caller: Caller, id: string, token?: string): Promise<{ row: RecordingRow; parts: PartRow[] }> {
    const row = await this.#playable(caller, id, token);
    if (row.state === 'failed') throw new AppError('recording_not_found');
    if (row.state !== 'ready') throw new AppError('recording_not_ready');
    return { row, parts: playableOf(await this.#deps.store.wholeParts(id)) };
  }

  /** One file of it. @throws AppError as `replay` */
  async part(
    caller: Caller,
    { id, n, token }: { id: string; n: number; token?: string },
  ): Promise<{ row: RecordingRow; part: PartRow }> {
    const row = await this.#playable(caller, id, token);
    if (row.state !== 'ready' && row.state !== 'failed') throw new AppError('recording_not_ready');
    const part = await this.#deps.store.part(id, n);
    if (part === undefined || (part.head_bytes ?? 0) === 0) throw new AppError('recording_not_found');
    return { row, part };
  }

  /** @throws AppError as `get` */
  async poster(caller: Caller, id: string, token?: string): Promise<RecordingRow> {
    const row = await this.#playable(caller, id, token);
    if (row.poster !== 1) throw new AppError('recording_not_found');
    return row;
  }

  /** An address of its first file, which opens it for a while to whoever has it. @throws AppError as `replay` */
  async address(caller: Caller, id: string): Promise<SignedAddress> {
    const { row, parts } = await this.replay(caller, id);
    const [first] = parts;
    if (first === undefined) throw new AppError('recording_not_found');
    const { token, expiresAt } = this.#deps.pass.issue(id, row.duration_ms);
    return { url: `/replay/${id}/${first.n}.mp4?token=${token}`, expiresAt };
  }

  /** Its bytes are also for whoever was given a signed address. @throws AppError as `get`; address_invalid, address_expired */
  async #playable(caller: Caller, id: string, token?: string): Promise<RecordingRow> {
    if (!this.#deps.pass.opens(id, token)) return (await this.#find(caller, id, token)).row;
    const row = await this.#deps.store.find(id);
    if (row === undefined) throw new AppError('recording_not_found');
    return row;
  }

  async #find(caller: Caller, id: string, token?: string): Promise<{ row: RecordingRow; isOwner: boolean }> {
    const row = await this.#deps.store.find(id);
    if (row === undefined) throw new AppError('recording_not_found');
    const isOwner = await this.#isOwner(caller, row, token);
    if (!isOwner && (row.published === 0 || row.state !== 'ready')) throw new AppError('recording_not_found');
    return { row, isOwner };
  }

  /** What was uploaded has no room that could say so. */
  async #isOwner(
    caller: Caller,
    { room_id: roomId, user_id: userId }: RecordingRow,
    token: string | undefined,
  ): Promise<boolean> {
    if (roomId !== null) return (await this.#deps.rooms.standing(caller, roomId, { token })).isOwner;
    return caller.account?.id === userId || isAdministrator(caller);
  }

  async #own(caller: Caller, id: string): Promise<{ row: RecordingRow }> {
    const { row, isOwner } = await this.#find(caller, id);
    if (!isOwner) throw new AppError('forbidden');
    return { row };
  }

  async #note(
    transaction: Work['transaction'],
    { caller, row, action, atMs }: { caller: Caller; row: RecordingRow; action: string; atMs: number },
  ): Promise<void> {
    await auditRecording(transaction, { row, actor: actorOf(caller, row.user_id), action, atMs });
  }

  async #view(row: RecordingRow, token: string | undefined): Promise<Recording> {
    const [view] = await this.#views([row], token);
    if (view === undefined) throw new AppError('recording_not_found');
    return view;
  }

  async #views(rows: readonly RecordingRow[], token: string | undefined): Promise<Recording[]> {
    const { store, users, engine } = this.#deps;
    const isRunning = rows.some(({ state }) => state === 'recording');
    const live = isRunning ? ((await engine.recorder?.list()) ?? []) : [];
    const parts = await store.parts(rows.map(({ id }) => id));
    const owners = await users.findMany(rows.map((row) => row.user_id).filter((id) => id !== null));
    return rows.map((row) =>
      recordingView(row, {
        parts: parts.filter((part) => part.recording_id === row.id),
        owner: row.user_id === null ? undefined : owners.get(row.user_id),
        live: row.state === 'recording' ? live.find(({ id }) => id === row.id) : undefined,
        token,
      }),
    );
  }
}

function isAdministrator({ account }: Pick<Caller, 'account'>): boolean {
  return account?.role === 'admin' && account.scopes?.includes('admin') !== false;
}

function actionOf(before: RecordingRow, after: RecordingRow): string {
  if (before.published === after.published) return 'recording.renamed';
  return after.published === 1 ? 'recording.published' : 'recording.unpublished';
}
