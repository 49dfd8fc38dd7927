import type { Denial, EngineClient, PlayVerdict, PublishVerdict } from '../../engine/contract.ts';
import { AppError, type ErrorCode } from '../gateway/contract.ts';
import type { Audience } from './audience.ts';
import { LIVE_APP } from './contract.ts';
import { equalInConstantTime, type Signer } from './signer.ts';
import type { RoomStore } from './store.ts';

/** Who may publish and who may play: the answers to the engine's questions. */
export class Admission {
  readonly #store: RoomStore;
  readonly #audience: Audience;
  readonly #signer: Signer;

  constructor(deps: { store: RoomStore; audience: Audience; signer: Signer }) {
    this.#store = deps.store;
    this.#audience = deps.audience;
    this.#signer = deps.signer;
  }

  async publish({ app, stream, param }: EngineClient): Promise<PublishVerdict> {
    if (app !== LIVE_APP) return deny('unknown_app');
    const room = await this.#store.findByPlayId(stream);
    if (room === undefined) return deny('room_not_found');
    const key = new URLSearchParams(param).get('key');
    if (key === null || key === '') return deny('key_required');
    if (!equalInConstantTime(key, room.stream_secret)) return deny('wrong_key');
    if (room.status === 'ended') return deny('room_ended');
    return { action: 'publish', credential: `room:${room.id}` };
  }

  async play({ app, stream, param, clientId }: EngineClient): Promise<PlayVerdict> {
    if (app !== LIVE_APP) return deny('unknown_app');
    const room = await this.#store.findByPlayId(stream);
    if (room === undefined || room.status === 'ended') return deny('room_not_found');
    const query = new URLSearchParams(param);
    const hasToken = this.#signer.isPlayToken(room.id, query.get('token') ?? undefined);
    const isPreview = room.status === 'preparing' && room.auto_live === 0;
    if (!hasToken && room.is_private === 1) return deny('room_private');
    if (!hasToken && isPreview) return deny('room_not_live');
    const viewer = this.#signer.viewerOf(query.get('vid') ?? undefined);
    const seat = { id: room.id, playId: stream, isPrivate: room.is_private === 1, maxViewers: room.max_viewers };
    if (!this.#audience.admit(seat, { clientId, person: viewer ?? clientId })) return deny('room_full');
    return { action: 'play', viewer };
  }
}

/** In the default language: a media connection names none. */
function deny(code: ErrorCode): Denial {
  const refusal = new AppError(code);
  return { action: 'deny', status: refusal.status as Denial['status'], code, message: refusal.words('zh') };
}
