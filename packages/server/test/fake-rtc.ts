import type { Denial, RtcOffer, RtcSignaling } from '../src/engine/contract.ts';

/** What the fake engine does for a session: lets it in, and knows whether somebody publishes. */
export interface FakeRtcHost {
  publish(offer: RtcOffer): Promise<Denial | undefined>;
  /** `onKicked` is called when the engine cuts the viewer. */
  play(offer: RtcOffer, onKicked: () => void): Promise<Denial | { leave(): void }>;
  isPublishing(stream: string): boolean;
  drop(stream: string): void;
}

export interface FakeSession extends RtcOffer {
  candidates: ({ candidate: string; mid?: string } | null)[];
  leave(): void;
}

const KNOWN_CODEC = /^a=rtpmap:\d+ (?:H264|opus|VP8)\//im;

/** The WebRTC side of the fake engine: sessions that live and end, without media. */
export class FakeRtc implements RtcSignaling {
  readonly sessions = new Map<string, FakeSession>();
  /** How long a viewer waits for somebody to publish. */
  playWaitMs = 100;
  readonly #host: FakeRtcHost;
  readonly #listeners = new Set<(sessionId: string, reason: string) => void>();
  #wake = Promise.withResolvers<void>();
  #next = 1;

  constructor(host: FakeRtcHost) {
    this.#host = host;
  }

  async open(offer: RtcOffer): ReturnType<RtcSignaling['open']> {
    if (!offer.sdp.startsWith('v=0')) return deny(400, 'invalid_sdp');
    if (!KNOWN_CODEC.test(offer.sdp)) return deny(406, 'codec_unsupported');
    const sessionId = `rtc-${this.#next++}`;
    const entered = offer.intent === 'publish' ? await this.#publish(offer) : await this.#play(sessionId, offer);
    if ('action' in entered) return entered;
    this.sessions.set(sessionId, { ...offer, candidates: [], leave: () => entered.leave() });
    return { action: 'answer', sessionId, sdp: answerTo(offer.sdp) };
  }

  async trickle(sessionId: string, candidate: FakeSession['candidates'][number]): Promise<boolean> {
    return this.sessions.get(sessionId)?.candidates.push(candidate) !== undefined;
  }

  async close(sessionId: string): Promise<boolean> {
    const session = this.sessions.get(sessionId);
    this.sessions.delete(sessionId);
    session?.leave();
    return session !== undefined;
  }

  onClosed(listener: (sessionId: string, reason: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The peer vanished, or the engine ended it. */
  end(sessionId: string, reason: string): void {
    const session = this.sessions.get(sessionId);
    if (session === undefined) return;
    this.sessions.delete(sessionId);
    session.leave();
    for (const listener of this.#listeners) listener(sessionId, reason);
  }

  /** Whoever waits for this stream is let on. */
  published(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  /** The engine took the publisher away. */
  dropped(stream: string, reason: string): void {
    for (const [id, session] of this.sessions)
      if (session.stream === stream && session.intent === 'publish') this.end(id, reason);
  }

  async #publish(offer: RtcOffer): Promise<Denial | { leave(): void }> {
    const isTaken = [...this.sessions.values()].some(
      ({ intent, stream }) => intent === 'publish' && stream === offer.stream,
    );
    if (isTaken) return deny(409, 'already_publishing');
    return (await this.#host.publish(offer)) ?? { leave: () => this.#host.drop(offer.stream) };
  }

  async #play(sessionId: string, offer: RtcOffer): Promise<Denial | { leave(): void }> {
    const entered = await this.#host.play(offer, () => this.end(sessionId, 'kicked'));
    if ('action' in entered) return entered;
    const deadline = new Promise((resolve) => setTimeout(resolve, this.playWaitMs, 'late').unref());
    while (!this.#host.isPublishing(offer.stream)) {
      if ((await Promise.race([this.#wake.promise, deadline])) !== 'late') continue;
      entered.leave();
      return deny(404, 'stream_not_found');
    }
    return entered;
  }
}

function deny(status: Denial['status'], code: string): Denial {
  return { action: 'deny', status, code, message: 'words of the engine' };
}

/** Each section of the offer, turned round, with the engine's candidate. */
function answerTo(offer: string): string {
  const turned = { sendrecv: 'sendrecv', sendonly: 'recvonly', recvonly: 'sendonly', inactive: 'inactive' };
  return offer
    .split(/^(?=m=)/m)
    .map((section) =>
      section.startsWith('m=')
        ? `${section}a=ice-ufrag:srvr\r\na=candidate:1 1 udp 2130706431 192.0.2.1 8000 typ host\r\na=end-of-candidates\r\n`
        : section,
    )
    .join('')
    .replaceAll(/^a=ice-ufrag:(?!srvr).*\r\n/gm, '')
    .replaceAll(/^a=(sendrecv|sendonly|recvonly|inactive)/gm, (_, way: keyof typeof turned) => `a=${turned[way]}`);
}
