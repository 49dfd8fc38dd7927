import type { Peer } from './messages.ts';
import { PeerLink } from './peer-link.ts';
import type { SignalingClient } from './signaling-client.ts';

export interface PeerCallOptions {
  signaling: SignalingClient;
  /** What the others get; tracks may be added and taken away later. */
  stream?: MediaStream;
  /** Left out, the ICE servers that the platform names. */
  configuration?: RTCConfiguration;
  /** Browsers have it; a test or Node gives its own. */
  RTCPeerConnection?: typeof globalThis.RTCPeerConnection;
  /** A peer's tracks came. */
  onStream?: (peer: Peer, stream: MediaStream) => void;
  onPeerLeft?: (peer: Peer) => void;
  onState?: (peer: Peer, state: RTCPeerConnectionState) => void;
  /** A description or candidate that could not be used. */
  onError?: (peer: Peer, error: unknown) => void;
}

/**
 * A WebRTC call between everybody in a signaling room, each with each, by perfect negotiation (W3C WebRTC 1.0, example
 * 10.7): the newcomer offers first, then both sides may at any time, and when two offers meet, the one who was there first
 * gives way.
 */
export class PeerCall {
  readonly #options: PeerCallOptions;
  readonly #links = new Map<string, PeerLink>();
  readonly #leave: (() => void)[];

  constructor(options: PeerCallOptions) {
    this.#options = options;
    const { signaling } = options;
    this.#leave = [
      signaling.on('joined', ({ peers, resumed }) => {
        if (resumed) for (const link of this.#links.values()) link.resume();
        this.#linkAll(peers);
      }),
      signaling.on('peerJoined', (peer) => this.#link(peer, { polite: true })),
      signaling.on('peerLeft', (peer) => this.#unlink(peer)),
      signaling.on('offer', ({ from, payload }) => this.#links.get(from)?.description(payload)),
      signaling.on('answer', ({ from, payload }) => this.#links.get(from)?.description(payload)),
      signaling.on('candidate', ({ from, payload }) => this.#links.get(from)?.candidate(payload)),
    ];
    if (signaling.status === 'joined') this.#linkAll(signaling.peers);
    else if (signaling.status === 'idle') signaling.connect();
  }

  /** Of one peer, for statistics and data channels. */
  connection(peerId: string): RTCPeerConnection | undefined {
    return this.#links.get(peerId)?.connection;
  }

  /** Sends another track to everybody. */
  addTrack(track: MediaStreamTrack, stream: MediaStream): void {
    for (const link of this.#links.values()) link.addTrack(track, stream);
  }

  /** Hangs up. The signaling client stays as it is. Idempotent. */
  close(): void {
    for (const leave of this.#leave.splice(0)) leave();
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  /** Whoever is there already has heard of us too, and waits for our offer. */
  #linkAll(peers: readonly Peer[]): void {
    if (this.#options.signaling.self === undefined) return;
    for (const peer of peers) this.#link(peer, { polite: false });
  }

  #link(peer: Peer, { polite }: { polite: boolean }): void {
    if (this.#links.has(peer.id)) return;
    const { signaling, stream, configuration, onStream, onState, onError } = this.#options;
    const Connection = this.#options.RTCPeerConnection ?? globalThis.RTCPeerConnection;
    const link = new PeerLink({
      connection: new Connection(configuration ?? { iceServers: [...signaling.iceServers] }),
      polite,
      sendDescription: (description) => {
        if (description.type === 'offer') signaling.offer(description, peer.id);
        else signaling.answer(description, peer.id);
      },
      sendCandidate: (candidate) => signaling.candidate(candidate, peer.id),
      onStream: (remote) => onStream?.(peer, remote),
      onState: (state) => onState?.(peer, state),
      onError: (error) => onError?.(peer, error),
    });
    this.#links.set(peer.id, link);
    const tracks = stream?.getTracks() ?? [];
    if (stream === undefined || tracks.length === 0) link.receiveOnly();
    else for (const track of tracks) link.addTrack(track, stream);
  }

  #unlink(peer: Peer): void {
    this.#links.get(peer.id)?.close();
    if (this.#links.delete(peer.id)) this.#options.onPeerLeft?.(peer);
  }
}
