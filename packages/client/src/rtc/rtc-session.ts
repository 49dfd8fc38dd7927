import { KaiboError, localError } from '../errors.ts';
import { deleteResource, postOffer } from './sdp-exchange.ts';
import type { SdpResource } from './sdp-exchange.ts';
import { StatsReport } from './stats-report.ts';
import { needsTrickle, trickle } from './trickle.ts';

export interface RtcSessionOptions {
  url: string;
  fetch?: typeof globalThis.fetch | undefined;
  RTCPeerConnection?: typeof globalThis.RTCPeerConnection | undefined;
  /** How long the server may take for its answer. */
  answerTimeoutMs: number;
  /** Adds what is to be negotiated. */
  prepare(connection: RTCPeerConnection): void;
  editOffer(sdp: string): string;
  editAnswer(sdp: string): string;
  /** How long the counter may stand still, although it is connected, until that is the end (`stalled`). */
  silenceMs: number;
  /** A counter of what comes from the server; undefined where the browser does not tell. */
  received(report: StatsReport): number | undefined;
  /** Once, after it was connected, unless it was closed here. Null: the server ended it. */
  onEnd(error: KaiboError | null): void;
}

/** From the answer to the first connection: a network that lets no UDP through is known after that. */
const CONNECT_TIMEOUT_MS = 5000;
/** ICE finds its way back from shorter interruptions by itself. */
const DISCONNECTED_MS = 3000;
/** How often the counter is looked at. */
const WATCH_MS = 250;

/**
 * One WebRTC connection by one HTTP exchange (RFC 9725; draft-ietf-wish-whep). The offer is sent before it is made the
 * local description: the answer brings the ICE servers, so that gathering begins with them, and nothing waits for it.
 * Used once.
 */
export class RtcSession {
  readonly connection: RTCPeerConnection;
  readonly #options: RtcSessionOptions;
  readonly #fetch: typeof globalThis.fetch;
  readonly #closing = new AbortController();
  #resource: SdpResource | undefined;
  #isConnected = false;
  #closed: Promise<void> | undefined;
  #disconnected: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setInterval> | undefined;

  constructor(options: RtcSessionOptions) {
    this.#options = options;
    this.#fetch = options.fetch ?? ((...args: Parameters<typeof globalThis.fetch>) => globalThis.fetch(...args));
    const Connection = options.RTCPeerConnection ?? globalThis.RTCPeerConnection;
    this.connection = new Connection({ bundlePolicy: 'max-bundle' });
    globalThis.addEventListener?.('pagehide', this.#onPageHide);
  }

  /** Resolves when media can flow; rejects with a KaiboError, and is closed then. Codes made here: `ice_timeout`, `ice_failed`. */
  async connect(): Promise<void> {
    try {
      await this.#exchange();
      await this.#connected();
      this.#watch();
    } catch (error) {
      await this.close();
      throw error instanceof KaiboError ? error : localError('webrtc', 'WebRTC failed', error);
    }
  }

  /**
   * Tells the server and hangs up, in this order: a server that saw the connection end first knows no session to end.
   * Idempotent; resolves when it is done.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** The way to the server may have changed: what does not work now is not waited for. */
  networkChanged(): void {
    if (this.#isConnected && this.connection.connectionState !== 'connected') {
      this.#end(localError('disconnected', 'the connection was interrupted'));
    }
  }

  async #exchange(): Promise<void> {
    const { url, answerTimeoutMs, prepare, editOffer, editAnswer } = this.#options;
    const { connection } = this;
    const { signal } = this.#closing;
    prepare(connection);
    const offer = await connection.createOffer();
    const sdp = editOffer(offer.sdp ?? '');
    const resource = await postOffer({ url, sdp, fetch: this.#fetch, timeoutMs: answerTimeoutMs, signal });
    if (signal.aborted) {
      await deleteResource(resource, { fetch: this.#fetch });
      throw localError('closed', 'closed');
    }
    this.#resource = resource;
    if (resource.iceServers.length > 0) {
      // Firefox before 119 has no such call, and goes without.
      connection.setConfiguration?.({ bundlePolicy: 'max-bundle', iceServers: resource.iceServers });
    }
    if (needsTrickle(resource.answer)) trickle(connection, { resource, fetch: this.#fetch, signal });
    await connection.setLocalDescription({ type: 'offer', sdp });
    await connection.setRemoteDescription({ type: 'answer', sdp: editAnswer(resource.answer) });
  }

  #connected(): Promise<void> {
    const { connection } = this;
    const { signal } = this.#closing;
    let forget = (): void => {};
    const connected = new Promise<void>((resolve, reject) => {
      const check = (): void => {
        if (signal.aborted) reject(localError('closed', 'closed'));
        else if (connection.connectionState === 'connected') resolve();
        else if (connection.connectionState === 'failed') {
          reject(localError('ice_failed', 'no way to the server was found'));
        }
      };
      const late = (): void => reject(localError('ice_timeout', 'no way to the server was found in time'));
      const timer = setTimeout(late, CONNECT_TIMEOUT_MS);
      signal.addEventListener('abort', check);
      connection.addEventListener('connectionstatechange', check);
      forget = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', check);
        connection.removeEventListener('connectionstatechange', check);
      };
      check();
    });
    return connected.finally(forget);
  }

  #watch(): void {
    this.#isConnected = true;
    this.connection.onconnectionstatechange = this.#check;
    const transport = this.connection.getTransceivers()[0]?.sender.transport;
    if (transport) transport.onstatechange = () => transport.state === 'closed' && this.#end(null);
    this.#watchSilence();
    this.#check();
  }

  /** Sooner than ICE, which takes eight seconds to miss a server that is gone. */
  #watchSilence(): void {
    const { silenceMs, received } = this.#options;
    let [before, changedAtMs] = [0, performance.now()];
    this.#silence = setInterval(() => {
      const look = (stats: RTCStatsReport): void => {
        const now = received(new StatsReport(stats));
        if (now !== before || now === undefined) changedAtMs = performance.now();
        before = now ?? 0;
        if (performance.now() - changedAtMs > silenceMs) this.#end(localError('stalled', 'nothing comes any more'));
      };
      // A connection that was closed meanwhile has no statistics.
      this.connection.getStats().then(look, () => {});
    }, WATCH_MS);
  }

  readonly #check = (): void => {
    const { connectionState } = this.connection;
    if (connectionState === 'disconnected') {
      this.#disconnected ??= setTimeout(
        () => this.#end(localError('disconnected', 'the connection was interrupted')),
        DISCONNECTED_MS,
      );
      return;
    }
    clearTimeout(this.#disconnected);
    this.#disconnected = undefined;
    if (connectionState === 'failed') this.#end(localError('ice_failed', 'the way to the server was lost'));
    else if (connectionState === 'closed') this.#end(null);
  };

  #end(error: KaiboError | null): void {
    if (this.#closing.signal.aborted) return;
    void this.close();
    this.#options.onEnd(error);
  }

  async #close(): Promise<void> {
    this.#mute();
    if (this.#resource !== undefined) await deleteResource(this.#resource, { fetch: this.#fetch });
    this.connection.close();
  }

  /** A page that the browser keeps, and may show again, is told: what went on in it has ended. */
  readonly #onPageHide = ({ persisted }: PageTransitionEvent): void => {
    this.#closed ??= Promise.resolve();
    this.#mute();
    if (this.#resource !== undefined) void deleteResource(this.#resource, { fetch: this.#fetch, keepalive: true });
    this.connection.close();
    if (persisted && this.#isConnected) this.#options.onEnd(localError('disconnected', 'the page was left'));
  };

  /** Nothing that happens from now on is told. */
  #mute(): void {
    this.#closing.abort();
    globalThis.removeEventListener?.('pagehide', this.#onPageHide);
    clearTimeout(this.#disconnected);
    clearInterval(this.#silence);
    this.connection.onconnectionstatechange = null;
  }
}
