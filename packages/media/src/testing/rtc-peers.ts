// WebRTC peers for tests, in a process of their own (two users of node-datachannel in one may abort). Does only what needs
// the library: ICE, DTLS and SRTP. What the peers say and hear is their parent's (test/support/rtc-client.ts).
import nodeDataChannel, { type PeerConnection, type Track } from 'node-datachannel';

export type RtcPeersOrder =
  | { type: 'open'; id: number; ssrc: number }
  | { type: 'accept'; id: number; sdp: string }
  | { type: 'send'; id: number; packets: Uint8Array[] }
  | { type: 'close'; id: number };

export type RtcPeersNews =
  | { type: 'ready' }
  | { type: 'local'; id: number; sdp: string }
  | { type: 'state'; id: number; state: string }
  | { type: 'refused'; id: number; error: string }
  | { type: 'packets'; id: number; packets: Uint8Array[] };

/** Of this machine, by which the peers send. */
const ADDRESS = process.argv[2] ?? '127.0.0.1';
/** The one line of the library's descriptions; all of a peer's packets go through it. */
const MID = '0';
const peers = new Map<number, { connection: PeerConnection; track: Track }>();
const heard = new Map<number, Uint8Array[]>();

const tell = (news: RtcPeersNews): void => void process.send?.(news);

function open({ id, ssrc }: Extract<RtcPeersOrder, { type: 'open' }>): void {
  const connection = new nodeDataChannel.PeerConnection(`peer ${id}`, {
    iceServers: [],
    bindAddress: ADDRESS,
    forceMediaTransport: true,
  });
  const video = new nodeDataChannel.Video(MID, 'SendRecv');
  video.addH264Codec(96);
  video.addSSRC(ssrc, 'test');
  const track = connection.addTrack(video);
  track.onMessage((bytes) => hear(id, bytes));
  track.onOpen(() => tell({ type: 'state', id, state: 'open' }));
  connection.onStateChange((state) => tell({ type: 'state', id, state }));
  connection.onGatheringStateChange((state) => {
    if (state === 'complete') tell({ type: 'local', id, sdp: connection.localDescription()?.sdp ?? '' });
  });
  peers.set(id, { connection, track });
  connection.setLocalDescription('offer');
}

/** What comes together goes on together: a message between processes costs more than a packet. */
function hear(id: number, bytes: Uint8Array): void {
  if (heard.size === 0) setTimeout(flush, 5);
  const packets = heard.get(id) ?? [];
  packets.push(bytes);
  heard.set(id, packets);
}

function flush(): void {
  for (const [id, packets] of heard) tell({ type: 'packets', id, packets });
  heard.clear();
}

/** SRTP refuses what is far behind the newest; a test that tries has lost nothing. */
function send(track: Track, bytes: Uint8Array): void {
  try {
    if (track.isOpen()) track.sendMessageBinary(Buffer.from(bytes));
  } catch {
    // Not sent.
  }
}

process.on('message', (order: RtcPeersOrder) => {
  if (order.type === 'open') return open(order);
  const peer = peers.get(order.id);
  if (!peer) return;
  switch (order.type) {
    case 'accept':
      try {
        peer.connection.setRemoteDescription(order.sdp, 'answer');
      } catch (error) {
        tell({ type: 'refused', id: order.id, error: String(error) });
      }
      return;
    case 'send':
      for (const bytes of order.packets) send(peer.track, bytes);
      return;
    case 'close':
      peers.delete(order.id);
      peer.connection.close();
      return;
    default:
      order satisfies never;
  }
});
process.once('disconnect', () => process.exit(0));
tell({ type: 'ready' });
