import type { MediaPacket, Sdp } from '@kaibo/formats';
import type { HopSender } from '../../cluster/hop.ts';
import type { EndReason } from '../../hub/subscriber.ts';
import type { AnswerOptions, Negotiated } from './negotiation.ts';
import { PeerTransport, transportOf, type UdpOptions } from './peer-transport.ts';
import type { RtcPublisher } from './publisher.ts';
import type { RtcViewer } from './viewer.ts';

/** From the answer to the end of ICE and DTLS. */
const CONNECT_MS = 15_000;

export type SessionPeer = RtcPublisher | RtcViewer;

export interface NegotiatedSession {
  clientId: string;
  offer: Sdp;
  negotiated: Negotiated;
  candidates: readonly string[];
  sources?: AnswerOptions['sources'];
  udp: UdpOptions;
  onConnected(): void;
  onGone(reason: EndReason): void;
}

/** One peer: its transport, held here so that it is not collected, and what it does with it. */
export class PeerSession {
  readonly transport: PeerTransport;
  readonly peer: SessionPeer;
  /** A publisher's way to the stream, once it is the current one. */
  feed: HopSender | undefined;
  #session: NegotiatedSession;
  #early: MediaPacket[];
  #openedAtMs = Date.now();
  #isConnected = false;

  constructor(
    session: NegotiatedSession,
    makePeer: (transport: PeerTransport) => { peer: SessionPeer; early?: MediaPacket[] },
  ) {
    this.#session = session;
    this.transport = new PeerTransport({
      name: session.clientId,
      udp: session.udp,
      events: {
        packet: (bytes) => this.peer.receive(bytes),
        connected: () => this.#connected(),
        failed: () => session.onGone('closed'),
      },
    });
    const { peer, early = [] } = makePeer(this.transport);
    this.peer = peer;
    this.#early = early;
  }

  /** Throws FormatError. */
  async accept(): Promise<Sdp> {
    const { offer, negotiated, candidates, sources } = this.#session;
    const transport = await this.transport.accept(transportOf(offer));
    const id = Math.floor(Math.random() * 2 ** 52);
    return negotiated.answer(transport, { candidates, sources, origin: `- ${id} 1 IN IP4 127.0.0.1` });
  }

  startFeed(feed: HopSender): void {
    this.feed = feed;
    for (const packet of this.#early.splice(0)) feed.packet(packet);
  }

  tick(nowMs: number): void {
    if (!this.#isConnected && nowMs - this.#openedAtMs > CONNECT_MS) this.#session.onGone('closed');
  }

  close(): void {
    this.peer.close();
    this.transport.close();
    this.feed?.close();
    this.feed = undefined;
  }

  #connected(): void {
    if (this.#isConnected) return;
    this.#isConnected = true;
    this.peer.connected();
    this.#session.onConnected();
  }
}
