import type { RoomFacts } from '../live/contract.ts';
import { AppError } from '../gateway/contract.ts';
import type { Peer, RelayRequest } from './contract.ts';
import { receivesOnly } from './descriptions.ts';

/** What decides who may offer media. */
export interface Offerer {
  peer: Peer;
  room: Pick<RoomFacts, 'mode' | 'isPrivate'>;
  /** The owner or a moderator has made this peer an offer. */
  isInvited: boolean;
  access: 'members' | 'open';
}

/**
 * Who may make which offer (docs/signaling.md):
 * the owner and moderators any; everybody else one to a single peer, either to receive only, or, in a peer-to-peer
 * room, also to send, when they are invited (a private room's guests all are) and known by an account (`access: open`
 * asks for none).
 * @throws AppError publish_forbidden
 */
export function assertMayOffer({ to, payload }: RelayRequest, { peer, room, isInvited, access }: Offerer): void {
  if (peer.role !== 'guest') return;
  if (to === undefined) throw new AppError('publish_forbidden');
  if (receivesOnly(payload)) return;
  const isKnown = peer.userId !== undefined || access === 'open';
  if (room.mode !== 'p2p' || !isKnown || !(room.isPrivate || isInvited)) throw new AppError('publish_forbidden');
}
