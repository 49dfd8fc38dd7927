import { createHash } from 'node:crypto';
import type { Delivery, StateCenter, Unsubscribe } from '../../state/contract.ts';
import type { ErrorCode } from '../gateway/contract.ts';
import { MAX_PEERS, type Peer, type RelayRequest, type SignalingMessage } from './contract.ts';

/** One place is kept for the owner and the moderators while none of them is there. */
const KEPT_PLACES = 1;

export const signalGroup = (roomId: string): string => `signal:${roomId}`;

/** A peer whose connection, or whose right to come back, is on this node. */
export interface LocalPeer {
  peer: Peer;
  /** What the state center calls it, on every node that it comes back to. */
  member: string;
  /** The owner or a moderator has made it an offer. */
  isInvited: boolean;
  send(message: SignalingMessage): void;
  /** Another node has it now. */
  replaced(): void;
  /** The server takes it out of the room. */
  removed(code: ErrorCode): void;
}

/** What nodes tell each other about a room's peers. */
type Word =
  | { kind: 'joined'; peer: Peer }
  | { kind: 'left'; peerId: string }
  | { kind: 'taken'; peerId: string; nodeId: string }
  | { kind: 'relay'; from: string; invites: boolean; message: Pick<RelayRequest, 'type' | 'to' | 'payload'> };

interface Member {
  peer: Peer;
  /** Of the session's secret. */
  hash: string;
}

export function sessionHash(session: string): string {
  return createHash('sha256').update(session).digest('base64url').slice(0, 24);
}

export function memberText(member: Member): string {
  return JSON.stringify([member.peer, member.hash]);
}

function memberOf(text: string): Member {
  const [peer, hash] = JSON.parse(text) as [Peer, string];
  return { peer, hash };
}

/** One room's peers as this node sees them: its own, and by the state center those of the other nodes. */
export class SignalRoom {
  readonly id: string;
  /** Peers of this node. */
  readonly locals = new Map<string, LocalPeer>();
  readonly #state: StateCenter;
  readonly #known = new Map<string, Peer>();
  readonly #subscribed: Promise<Unsubscribe[]>;

  constructor({ id, state }: { id: string; state: StateCenter }) {
    this.id = id;
    this.#state = state;
    this.#subscribed = Promise.all([
      state.subscribe(signalGroup(id), {
        deliver: (delivery) => this.#heard(delivery.data as Word),
        reset: () => void this.reconcile().catch(() => {}),
      }),
      state.subscribe(`room:${id}`, { deliver: (delivery) => this.#roomSaid(delivery), reset: () => {} }),
    ]);
  }

  /** @throws StateUnavailableError */
  async ready(): Promise<void> {
    await this.#subscribed;
  }

  others(peerId: string): Peer[] {
    return [...this.#known.values()].filter(({ id }) => id !== peerId);
  }

  has(peerId: string): boolean {
    return this.#known.has(peerId);
  }

  /** The member, on whatever node, whose session this is. */
  async memberOfSession(session: string): Promise<{ peer: Peer; member: string } | undefined> {
    const hash = sessionHash(session);
    const members = await this.#state.members(signalGroup(this.id), MAX_PEERS * 2);
    const member = members.find((text) => memberOf(text).hash === hash);
    return member === undefined ? undefined : { peer: memberOf(member).peer, member };
  }

  /** False when there is no place. */
  async enter(local: LocalPeer): Promise<boolean> {
    const isHost = local.peer.role !== 'guest' || [...this.#known.values()].some(({ role }) => role !== 'guest');
    const limit = isHost ? MAX_PEERS : MAX_PEERS - KEPT_PLACES;
    if (!(await this.#state.enter(signalGroup(this.id), local.member, limit))) return false;
    this.locals.set(local.peer.id, local);
    await this.reconcile();
    await this.#say({ kind: 'joined', peer: local.peer });
    return true;
  }

  /** Takes the place of a peer that was on another node, or still is. */
  async take(local: LocalPeer): Promise<void> {
    await this.#state.enter(signalGroup(this.id), local.member);
    this.locals.set(local.peer.id, local);
    await this.reconcile();
    await this.#say({ kind: 'taken', peerId: local.peer.id, nodeId: this.#state.nodeId });
  }

  async leave({ peer, member }: LocalPeer): Promise<void> {
    this.locals.delete(peer.id);
    await this.#state.leave(signalGroup(this.id), member);
    await this.#say({ kind: 'left', peerId: peer.id });
  }

  async relay(from: Peer, message: Pick<RelayRequest, 'type' | 'to' | 'payload'>): Promise<void> {
    const invites = from.role !== 'guest' && message.type === 'offer';
    await this.#say({ kind: 'relay', from: from.id, invites, message });
  }

  /** Looks who is really there: a node may have died, or a word been lost. */
  async reconcile(): Promise<void> {
    const members = await this.#state.members(signalGroup(this.id), MAX_PEERS * 2);
    const there = new Map(members.map(memberOf).map(({ peer }) => [peer.id, peer]));
    for (const id of [...this.#known.keys()]) if (!there.has(id)) this.#departed(id);
    for (const peer of there.values()) this.#arrived(peer);
  }

  async close(): Promise<void> {
    const leave = await this.#subscribed;
    await Promise.all(leave.map(async (unsubscribe) => unsubscribe()));
  }

  async #say(word: Word): Promise<void> {
    await this.#state.publishEphemeral(signalGroup(this.id), word.kind, word);
  }

  #heard(word: Word): void {
    switch (word.kind) {
      case 'joined':
        return this.#arrived(word.peer);
      case 'left':
        return this.#departed(word.peerId);
      case 'taken': {
        if (word.nodeId === this.#state.nodeId) return;
        const local = this.locals.get(word.peerId);
        return local === undefined ? undefined : this.#taken(local);
      }
      case 'relay':
        return this.#relayed(word);
    }
  }

  /** The other node vouches for it now; only our own word for it ends. */
  #taken(local: LocalPeer): void {
    this.locals.delete(local.peer.id);
    local.replaced();
    // Found again by the next look at who is there, should it fail.
    this.#state.leave(signalGroup(this.id), local.member).catch(() => {});
  }

  #arrived(peer: Peer): void {
    if (this.#known.has(peer.id)) return;
    this.#known.set(peer.id, peer);
    this.#tellOthers(peer.id, { type: 'peer-joined', roomId: this.id, peer });
  }

  #departed(peerId: string): void {
    const peer = this.#known.get(peerId);
    if (peer === undefined) return;
    this.#known.delete(peerId);
    this.#tellOthers(peerId, { type: 'peer-left', roomId: this.id, peer });
  }

  #relayed({ from, invites, message: { type, to, payload } }: Extract<Word, { kind: 'relay' }>): void {
    const message = { type, roomId: this.id, from, to, payload } as SignalingMessage;
    if (to === undefined) return this.#tellOthers(from, message, invites);
    const local = this.locals.get(to);
    if (local === undefined) return;
    local.isInvited ||= invites;
    local.send(message);
  }

  #tellOthers(peerId: string, message: SignalingMessage, invites = false): void {
    for (const [id, local] of this.locals) {
      if (id === peerId) continue;
      local.isInvited ||= invites;
      local.send(message);
    }
  }

  #roomSaid({ event }: Delivery): void {
    if (event !== 'room.ended') return;
    for (const local of [...this.locals.values()]) local.removed('room_ended');
  }
}
