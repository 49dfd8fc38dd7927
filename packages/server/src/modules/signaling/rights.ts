import type { RoomFacts } from '../live/contract.ts';
import { AppError } from '../gateway/contract.ts';
import type { Peer, RelayRequest } from './contract.ts';

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

/** Whether a session description (RFC 8866) sends neither audio nor video. What cannot be read might. */
function receivesOnly(payload: RelayRequest['payload']): boolean {
  const sdp = typeof payload === 'object' && payload !== null ? payload.sdp : payload;
  if (typeof sdp !== 'string') return false;
  const [session = '', ...sections] = sdp.split(/^(?=m=)/m);
  const media = sections.filter((section) => /^m=(?:audio|video) (?!0 )/.test(section));
  const fallback = directionOf(session) ?? 'sendrecv';
  return (
    sections.length > 0 && media.every((section) => /^(?:recvonly|inactive)$/.test(directionOf(section) ?? fallback))
  );
}

function directionOf(section: string): string | undefined {
  return /^a=(sendrecv|sendonly|recvonly|inactive)\s*$/m.exec(section)?.[1];
}
