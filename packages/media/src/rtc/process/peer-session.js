import { PeerTransport, transportOf } from './peer-transport.ts';
/** From the answer to the end of ICE and DTLS. */
const CONNECT_MS = 15_000;
/** One peer: its transport, held here so that it is not collected, and what it does with it. */
export class PeerSession {
  transport;
  peer;
  /** A publisher's way to the stream, once it is the current one. */
  feed;
  #session;
  #early;
  #openedAtMs = Date.now();
  #isConnected = false;
  constructor(session, makePeer) {
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
  async accept() {
    const { offer, negotiated, candidates, sources } = this.#session;
    const transport = await this.transport.accept(transportOf(offer));
    const id = Math.floor(Math.random() * 2 ** 52);
    return negotiated.answer(transport, { candidates, sources, origin: `- ${id} 1 IN IP4 127.0.0.1` });
  }
  startFeed(feed) {
    this.feed = feed;
    for (const packet of this.#early.splice(0)) feed.packet(packet);
  }
  tick(nowMs) {
    if (!this.#isConnected && nowMs - this.#openedAtMs > CONNECT_MS) this.#session.onGone('closed');
  }
  close() {
    this.peer.close();
    this.transport.close();
    this.feed?.close();
    this.feed = undefined;
  }
  #connected() {
    if (this.#isConnected) return;
    this.#isConnected = true;
    this.peer.connected();
    this.#session.onConnected();
  }
}
