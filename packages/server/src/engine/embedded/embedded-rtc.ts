import { randomUUID } from 'node:crypto';
import type { MediaServer } from '@kaibo/media';
import type { Denial, RtcOffer, RtcSignaling } from '../contract.ts';

const AWAY: Denial = { action: 'deny', status: 503, code: 'rtc_unavailable', message: 'WebRTC is not available now.' };

/** WebRTC sessions of the platform's own signaling, on the media server in this process. */
export class EmbeddedRtc implements RtcSignaling {
  readonly #server: () => MediaServer | undefined;
  readonly #listeners = new Set<(sessionId: string, reason: string) => void>();
  /** Sessions that were closed from here: nobody is told of their end. */
  readonly #own = new Set<string>();

  constructor(server: () => MediaServer | undefined) {
    this.#server = server;
  }

  /** Once for each server that was started. */
  follow(server: MediaServer): void {
    server.rtc?.onClosed((sessionId, reason) => {
      if (!this.#own.delete(sessionId)) for (const listener of this.#listeners) listener(sessionId, reason);
    });
  }

  async open({ intent, sdp, address, ...stream }: RtcOffer): ReturnType<RtcSignaling['open']> {
    const client = {
      ...stream,
      clientId: randomUUID(),
      protocol: 'webrtc',
      address,
      vhost: '__defaultVhost__',
      tcUrl: '',
      pageUrl: '',
    } as const;
    const answer = await this.#server()?.rtc?.open({ call: 'open', intent, client, sdp });
    if (answer === undefined) return AWAY;
    return answer.action === 'deny' ? answer : { action: 'answer', sessionId: answer.sessionId, sdp: answer.sdp };
  }

  async trickle(sessionId: string, candidate: { candidate: string } | null): Promise<boolean> {
    const rtc = this.#server()?.rtc;
    if (rtc === undefined) return false;
    return candidate === null ? rtc.has(sessionId) : rtc.trickle(sessionId, candidate.candidate);
  }

  async close(sessionId: string): Promise<boolean> {
    const rtc = this.#server()?.rtc;
    if (rtc?.has(sessionId) !== true) return false;
    this.#own.add(sessionId);
    return rtc.close(sessionId);
  }

  onClosed(listener: (sessionId: string, reason: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
