/** Somebody else in the room with whom media can be exchanged. */
export interface Peer {
  /** What `to` and `from` say: the account's id; a made one for its second connection and for guests. */
  id: string;
  userId?: string;
  username?: string;
  name?: string;
  role?: 'owner' | 'moderator' | 'guest';
}

/** What is relayed: a session description, or an ICE candidate (null: no more are coming). */
export interface Relayed<Payload> {
  from: string;
  payload: Payload;
}

export type SignalingServerMessage =
  | {
      type: 'joined';
      roomId: string;
      session?: string;
      peers: Peer[];
      viewerCount: number;
      self?: string;
      iceServers?: RTCIceServer[];
      id?: string;
    }
  | { type: 'peer-joined' | 'peer-left'; roomId: string; peer: Peer; viewerCount?: number }
  | { type: 'offer' | 'answer' | 'candidate'; roomId: string; from: string; payload: unknown; id?: string }
  | { type: 'media-closed'; roomId: string; intent: 'publish' | 'play'; reason: string; error: string }
  | { type: 'error'; code: string; error: string; id?: string; roomId?: string }
  | { type: 'ack' | 'left' | 'pong'; id?: string };

const MAX_MESSAGE_CHARS = 1024 * 1024;

/** The message in a text frame, or null when it is not one that this client knows. */
export function parseSignalingMessage(text: unknown): SignalingServerMessage | null {
  if (typeof text !== 'string' || text.length > MAX_MESSAGE_CHARS) return null;
  let fields: Record<string, unknown>;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return null;
    fields = value as Record<string, unknown>;
  } catch {
    return null;
  }
  switch (fields.type) {
    case 'joined':
      return Array.isArray(fields.peers) ? (fields as SignalingServerMessage) : null;
    case 'peer-joined':
    case 'peer-left':
      return isPeer(fields.peer) ? (fields as SignalingServerMessage) : null;
    case 'offer':
    case 'answer':
    case 'candidate':
      return typeof fields.from === 'string' ? (fields as SignalingServerMessage) : null;
    case 'media-closed':
      return fields.intent === 'publish' || fields.intent === 'play' ? (fields as SignalingServerMessage) : null;
    case 'error':
    case 'ack':
    case 'left':
    case 'pong':
      return fields as SignalingServerMessage;
    default:
      return null;
  }
}

function isPeer(value: unknown): value is Peer {
  return typeof value === 'object' && value !== null && typeof (value as Peer).id === 'string';
}
