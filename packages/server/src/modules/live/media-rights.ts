import { AppError, type Account, type Caller } from '../gateway/contract.ts';
import { LIVE_APP, type MediaAccess, type MediaRequest } from './contract.ts';
import { assertMayEnter, mayManage, type Standing } from './rights.ts';
import type { RoomService } from './service.ts';
import type { Signer } from './signer.ts';
import type { RoomRow } from './store.ts';

/** A token that the platform shows the engine at once; the engine may ask again when a waiting viewer begins to play. */
const TOKEN_MS = 120_000;

/** What the platform shows the media engine for somebody whom it knows by other means than a media URL. */
export class MediaRights {
  readonly #rooms: RoomService;
  readonly #signer: Signer;
  readonly #now: () => number;

  constructor(deps: { rooms: RoomService; signer: Signer; now: () => number }) {
    this.#rooms = deps.rooms;
    this.#signer = deps.signer;
    this.#now = deps.now;
  }

  /** @throws AppError as `RoomDirectory.mediaAccess` says */
  async access(caller: Caller, roomId: string, request: MediaRequest): Promise<MediaAccess> {
    const { row, standing } = await this.#rooms.look(caller, roomId, request);
    assertMayEnter(row, standing);
    if (row.status === 'ended') throw new AppError('room_ended');
    if (row.mode === 'p2p') throw new AppError('not_supported');
    const query =
      request.intent === 'publish'
        ? await this.#toPublish(caller, { row, standing })
        : this.#toPlay(row, { standing, request });
    const param = new URLSearchParams(query).toString();
    return { app: LIVE_APP, stream: row.play_id, param: param === '' ? '' : `?${param}` };
  }

  async #toPublish(
    { account }: Caller,
    { row, standing }: { row: RoomRow; standing: Standing },
  ): Promise<Record<string, string>> {
    if (!mayManage(standing)) throw new AppError('publish_forbidden');
    if (!mayWrite(account)) throw new AppError('key_scope');
    return { key: await this.#rooms.secretOf(row) };
  }

  /** Only who is entitled gets a token: it outlives the room's becoming private. */
  #toPlay(
    row: RoomRow,
    { standing, request: { token, person } }: { standing: Standing; request: MediaRequest },
  ): Record<string, string> {
    const { isInvited, isModerator, hasPass } = standing;
    const isPreview = row.status === 'preparing' && row.auto_live === 0;
    const isEntitled = mayManage(standing) || isInvited || isModerator || hasPass;
    if (isPreview && !isEntitled) throw new AppError('room_not_live');
    const query: Record<string, string> = {};
    const vid = person === undefined ? undefined : this.#signer.viewerIdFor(person);
    if (vid !== undefined) query['vid'] = vid;
    if (hasPass && token !== undefined) query['token'] = token;
    else if (isEntitled) query['token'] = this.#signer.playToken(row.id, { untilMs: this.#now() + TOKEN_MS });
    return query;
  }
}

/** An API key publishes only with the scope for it. */
function mayWrite(account: Account | undefined): boolean {
  const scopes = account?.scopes;
  return scopes === undefined || scopes.includes('rooms:write') || scopes.includes('admin');
}
