import { setTimeout as delay } from 'node:timers/promises';
import type { Denial, EngineClient, PlayVerdict, PublicEngineClient, PublishVerdict } from '../../engine/contract.ts';
import { StateUnavailableError } from '../../state/contract.ts';
import { AppError } from '../gateway/contract.ts';
import type { UserDirectory } from '../user/contract.ts';
import type { Audience } from './audience.ts';
import { LIVE_APP, type OtherNodes } from './contract.ts';
import type { RoomOpening } from './opening.ts';
import { roomOnChannel } from './permanent-channel.ts';
import { assertMayEnter, ownerPersonOf, type RoomRights } from './rights.ts';
import { equalInConstantTime, type Signer } from './signer.ts';
import type { RoomRow, RoomStore } from './store.ts';
import type { Streams } from './streams.ts';

export interface AdmissionDeps {
  store: RoomStore;
  audience: Audience;
  rights: RoomRights;
  streams: Streams;
  users: UserDirectory;
  opening: RoomOpening;
  signer: Signer;
  nodes: Pick<OtherNodes, 'takeOver'>;
}

/** How long a node that let its publisher go may take to let the stream go. */
const LET_GO_MS = 2000;
const LET_GO_EVERY_MS = 100;

/** Who may publish and who may play: the answers to the engine's questions. */
export class Admission {
  readonly #deps: AdmissionDeps;

  constructor(deps: AdmissionDeps) {
    this.#deps = deps;
  }

  async publish(client: EngineClient): Promise<PublishVerdict> {
    return refusing(async () => {
      if (client.app !== LIVE_APP) throw new AppError('unknown_app');
      const room = await this.#deps.store.findByPlayId(client.stream);
      const key = new URLSearchParams(client.param).get('key') ?? '';
      const hasOwnKey = room !== undefined && room.stream_secret !== '';
      const credential = hasOwnKey
        ? await this.#byRoom(room, key)
        : await this.#byChannel(client.stream, { room, key });
      if (client.isTrial !== true && !(await this.#claim(client.stream, credential)))
        throw new AppError('already_publishing');
      return { action: 'publish', credential };
    });
  }

  async play(client: EngineClient): Promise<PlayVerdict> {
    return refusing(async () => {
      if (client.app !== LIVE_APP) throw new AppError('unknown_app');
      const { store, rights, audience, signer, streams } = this.#deps;
      const query = new URLSearchParams(client.param);
      const token = query.get('token') ?? undefined;
      if (signer.isNodeToken(client.stream, token)) {
        // One that has it from another node itself is no origin: so no circle can come about.
        if (!(await streams.isHeldHere(client.stream))) throw new AppError('not_publishing');
        return { action: 'play', passesOn: true };
      }
      const room = await store.findByPlayId(client.stream);
      if (room === undefined || room.status === 'ended') throw new AppError('room_not_found');
      const proof = { token, vid: query.get('vid') ?? undefined };
      const standing = await rights.judge(room, proof);
      const { person, hasPass } = standing;
      const isOwner = person !== undefined && person === ownerPersonOf(room);
      assertMayEnter(room, standing);
      const isPreview = room.status === 'preparing' && room.auto_live === 0;
      if (isPreview && !hasPass) throw new AppError('room_not_live');
      if (!isOwner && client.isTrial !== true) {
        const { clientId } = client;
        const seat = { clientId, person: person ?? `client:${clientId}`, isEntitled: hasPass };
        const isLetIn = await audience.reserve({ id: room.id, maxViewers: room.max_viewers }, seat);
        if (!isLetIn) throw new AppError('room_full');
      }
      return { action: 'play', viewer: person, restricted: room.is_private === 1 || isPreview };
    });
  }

  /** Somebody plays who was let in before this process knew; what they showed then is not known any more. */
  async adopt(client: PublicEngineClient): Promise<{ viewer?: string } | undefined> {
    if (client.app !== LIVE_APP) return undefined;
    const { store, audience } = this.#deps;
    const room = await store.findByPlayId(client.stream);
    if (room === undefined || room.status === 'ended') return undefined;
    const seat = { clientId: client.clientId, person: `client:${client.clientId}`, isEntitled: room.is_private === 1 };
    // They are in: a room that is full is not emptied by counting them.
    return (await audience.reserve({ id: room.id, maxViewers: 0 }, seat)) ? {} : undefined;
  }

  /** On another node it may be a publisher that is dead and nobody knows yet. */
  async #claim(playId: string, credential: string): Promise<boolean> {
    const { streams, nodes } = this.#deps;
    if (await streams.claim(playId)) return true;
    const nodeId = await streams.holderOf(playId);
    if (nodeId !== undefined && !(await nodes.takeOver({ nodeId, playId, credential }))) return false;
    const deadlineMs = performance.now() + LET_GO_MS;
    while (!(await streams.claim(playId))) {
      if (performance.now() > deadlineMs) return false;
      await delay(LET_GO_EVERY_MS);
    }
    return true;
  }

  async #byRoom(room: RoomRow, key: string): Promise<string> {
    assertKey(key, room.stream_secret);
    if (room.status === 'ended') throw new AppError('room_ended');
    if (room.mode === 'p2p') throw new AppError('publish_forbidden');
    const owner = room.user_id === null ? undefined : await this.#deps.users.find(room.user_id);
    if (owner?.isBanned === true) throw new AppError('account_banned');
    return `room:${room.id}`;
  }

  /** The name may be that of a user's channel, whose room is opened when there is none. */
  async #byChannel(playId: string, { room, key }: { room: RoomRow | undefined; key: string }): Promise<string> {
    const { users, opening } = this.#deps;
    const channel = await users.channelByPlayId(playId);
    if (channel === undefined) throw new AppError(room === undefined ? 'room_not_found' : 'room_ended');
    assertKey(key, channel.streamSecret);
    if (channel.owner.isBanned) throw new AppError('account_banned');
    if (room === undefined || room.status === 'ended') await roomOnChannel(channel, opening);
    return `channel:${channel.owner.id}`;
  }
}

function assertKey(given: string, expected: string): void {
  if (given === '') throw new AppError('key_required');
  if (!equalInConstantTime(given, expected)) throw new AppError('wrong_key');
}

/** Refusals in the default language: a media connection names none. */
async function refusing<Verdict>(decide: () => Promise<Verdict>): Promise<Verdict | Denial> {
  try {
    return await decide();
  } catch (error) {
    const refusal = error instanceof StateUnavailableError ? new AppError('state_unavailable') : error;
    if (!(refusal instanceof AppError)) throw error;
    const { code, status } = refusal;
    return { action: 'deny', status: status as Denial['status'], code, message: refusal.words('zh') };
  }
}
