import { Backoff } from '../backoff.ts';
import type { BackoffOptions } from '../backoff.ts';
import { localError } from '../errors.ts';
import { CLOSE } from '../realtime/transport.ts';
import { parseSignalingMessage } from './messages.ts';
import type { Peer, SignalingServerMessage } from './messages.ts';
import { PendingAnswers } from './pending-answers.ts';
import type { SignalingEvents, SignalingOptions, SignalingStatus } from './signaling-options.ts';

type Listeners = { [Name in keyof SignalingEvents]?: Set<(event: SignalingEvents[Name]) => void> };

const DEFAULT_BACKOFF: BackoffOptions = { minMs: 300, maxMs: 5_000 };
const JOIN_ID = 'join';
const PING_INTERVAL_MS = 20_000;
const PONG_TIMEOUT_MS = 10_000;
/** So long the server keeps the place of somebody who dropped. */
const SESSION_MS = 30_000;
/** A viewer may wait 30 s for somebody to publish. */
const ANSWER_TIMEOUT_MS = 40_000;

/**
 * A place among the peers of one room. After a drop it comes back by itself, within 30 s into the same place, so that
 * the others need not notice.
 */
export class SignalingClient {
  readonly #options: SignalingOptions;
  readonly #backoff: Backoff;
  readonly #listeners: Listeners = {};
  readonly #answers = new PendingAnswers();
  #peers = new Map<string, Peer>();
  #iceServers: readonly RTCIceServer[] = [];
  #socket: WebSocket | null = null;
  #status: SignalingStatus = 'idle';
  #session: { secret: string; lostAtMs: number | null } | null = null;
  #self: string | undefined;
  #attempt = 0;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #aliveTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SignalingOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.backoff ?? DEFAULT_BACKOFF);
  }

  get status(): SignalingStatus {
    return this.#status;
  }

  /** Our own id among the peers; undefined while not joined, and when all places were taken: counted as a viewer only. */
  get self(): string | undefined {
    return this.#status === 'joined' ? this.#self : undefined;
  }

  /** Everybody else who is there. */
  get peers(): readonly Peer[] {
    return [...this.#peers.values()];
  }

  /** STUN and TURN servers that the platform names, since we joined; the credentials are good for hours. */
  get iceServers(): readonly RTCIceServer[] {
    return this.#iceServers;
  }

  /** Returns the function that ends the watch. */
  on<Name extends keyof SignalingEvents>(name: Name, listener: (event: SignalingEvents[Name]) => void): () => void {
    const listeners = (this.#listeners[name] ??= new Set() as NonNullable<Listeners[Name]>);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Joins the room, and joins it again after every drop until `leave`. */
  connect(): void {
    if (this.#status === 'closed') throw localError('closed', 'client is closed');
    if (this.#status === 'connecting' || this.#status === 'joined') return;
    this.#connect();
  }

  /** To one peer or, without `to`, to everybody. False while not joined: it is not kept. */
  offer(payload: RTCSessionDescriptionInit, to?: string): boolean {
    return this.#send({ type: 'offer', payload, to });
  }

  answer(payload: RTCSessionDescriptionInit, to: string): boolean {
    return this.#send({ type: 'answer', payload, to });
  }

  /**
   * To the media server: publishes when the offer sends media, else plays, and takes the place of what was there of the
   * kind. Rejects with a KaiboError: the refusal, `closed` without a connection, or `timeout`.
   */
  offerToServer(payload: RTCSessionDescriptionInit): Promise<RTCSessionDescriptionInit> {
    return this.#answers.ask((id) => this.#send({ type: 'offer', id, to: 'server', payload }), ANSWER_TIMEOUT_MS);
  }

  /** Ends what we publish or play at the media server; without `intent` both. */
  hangUp(intent?: 'publish' | 'play'): boolean {
    return this.#send({ type: 'hangup', intent });
  }

  /** To a peer, to the media server (`server`), or to everybody. null says that no more candidates are coming. */
  candidate(payload: RTCIceCandidateInit | null, to?: string): boolean {
    return this.#send({ type: 'candidate', payload, to });
  }

  /** The same account has a newer token: it is told on the open connection. */
  async authenticate(): Promise<void> {
    const { token } = this.#options;
    const [attempt, value] = [this.#attempt, typeof token === 'function' ? await token() : token];
    if (value !== undefined && attempt === this.#attempt) this.#write({ type: 'auth', token: value });
  }

  /** Gives the place up. Idempotent; listeners hear nothing afterwards. */
  leave(): void {
    if (this.#status === 'closed') return;
    this.#send({ type: 'leave' });
    this.#drop(CLOSE.normal);
    this.#peers.clear();
    this.#setStatus('closed');
    for (const listeners of Object.values(this.#listeners)) listeners.clear();
  }

  #connect(): void {
    this.#setStatus('connecting');
    const attempt = ++this.#attempt;
    const { token } = this.#options;
    const open = (value: string | undefined): void => void (attempt === this.#attempt && this.#open(value));
    if (typeof token !== 'function') return open(token);
    void token().then(open, () => attempt === this.#attempt && this.#lost(0));
  }

  #open(token: string | undefined): void {
    const url = new URL(this.#options.url);
    if (token !== undefined) url.searchParams.set('token', token);
    const socket = new (this.#options.WebSocket ?? globalThis.WebSocket)(url.href);
    this.#socket = socket;
    socket.addEventListener('open', () => this.#socket === socket && this.#join());
    socket.addEventListener('message', ({ data }) => this.#socket === socket && this.#received(data));
    socket.addEventListener('close', ({ code }) => this.#socket === socket && this.#lost(code));
    // An error is always followed by `close`, which is where it is acted upon.
    socket.addEventListener('error', () => {});
    this.#aliveTimer = setTimeout(() => this.#lost(0), this.#options.pongTimeoutMs ?? PONG_TIMEOUT_MS);
  }

  #join(): void {
    const lostAtMs = this.#session?.lostAtMs ?? null;
    if (lostAtMs !== null && Date.now() - lostAtMs > SESSION_MS) this.#session = null;
    const { roomId, playToken, vid, name } = this.#options;
    this.#write({ type: 'join', id: JOIN_ID, roomId, session: this.#session?.secret, token: playToken, vid, name });
  }

  #received(text: unknown): void {
    this.#watchSilence();
    const message = parseSignalingMessage(text);
    if (message !== null) this.#dispatch(message);
  }

  #dispatch(message: SignalingServerMessage): void {
    switch (message.type) {
      case 'joined':
        return this.#joined(message);
      case 'peer-joined':
        return this.#arrived(message.peer);
      case 'peer-left':
        return this.#departed(message.peer);
      case 'media-closed': {
        const { intent, reason, error } = message;
        return this.#tell('mediaClosed', { intent, reason, error: localError('media_closed', error) });
      }
      case 'offer':
      case 'answer':
        if (message.type === 'answer' && this.#answers.answered(message)) return;
        return this.#tell(message.type, { from: message.from, payload: message.payload as RTCSessionDescriptionInit });
      case 'candidate':
        return this.#tell('candidate', { from: message.from, payload: message.payload as RTCIceCandidateInit | null });
      case 'error':
        return this.#refused(message);
      case 'ack':
      case 'left':
      case 'pong':
        return;
    }
  }

  #joined({
    self,
    session,
    peers,
    viewerCount,
    iceServers,
  }: Extract<SignalingServerMessage, { type: 'joined' }>): void {
    const resumed = this.#session !== null && session === this.#session.secret;
    this.#self = self;
    this.#iceServers = iceServers ?? [];
    this.#session = session === undefined ? null : { secret: session, lostAtMs: null };
    this.#backoff.reset();
    this.#setStatus('joined');
    const here = new Set(peers.map(({ id }) => id));
    // Without the old place the others have seen us go: nobody from before is still connected with us.
    for (const peer of this.peers) if (!resumed || !here.has(peer.id)) this.#departed(peer);
    const arrived = peers.filter(({ id }) => !this.#peers.has(id));
    for (const peer of arrived) this.#peers.set(peer.id, peer);
    this.#tell('joined', { peers, viewerCount, resumed });
  }

  #arrived(peer: Peer): void {
    if (this.#peers.has(peer.id)) return;
    this.#peers.set(peer.id, peer);
    this.#tell('peerJoined', peer);
  }

  #departed(peer: Peer): void {
    if (this.#peers.delete(peer.id)) this.#tell('peerLeft', peer);
  }

  #refused({ code, error, id, roomId }: Extract<SignalingServerMessage, { type: 'error' }>): void {
    const refusal = localError(code, error);
    if (this.#answers.refused(id, refusal)) return;
    // With the room and without a message that it answers: the server took us out of the room.
    if (id === JOIN_ID || (id === undefined && roomId !== undefined)) {
      this.#drop(CLOSE.normal);
      this.#setStatus('stopped');
    }
    this.#tell('error', refusal);
  }

  #lost(code: number): void {
    this.#drop(CLOSE.silent);
    if (code === CLOSE.revoked || code === CLOSE.replaced) {
      this.#setStatus('stopped');
      return this.#tell('error', localError(code === CLOSE.revoked ? 'revoked' : 'replaced', 'the server ended it'));
    }
    if (this.#session?.lostAtMs === null) this.#session.lostAtMs = Date.now();
    this.#setStatus('connecting');
    const attempt = ++this.#attempt;
    this.#retryTimer = setTimeout(() => {
      const again = (): void => void (attempt === this.#attempt && this.#connect());
      if (code !== CLOSE.expired || this.#options.renew === undefined) return again();
      void this.#options.renew().then(again, again);
    }, this.#backoff.nextMs());
  }

  #watchSilence(): void {
    clearTimeout(this.#aliveTimer);
    this.#aliveTimer = setTimeout(() => {
      this.#write({ type: 'ping' });
      this.#aliveTimer = setTimeout(() => this.#lost(0), this.#options.pongTimeoutMs ?? PONG_TIMEOUT_MS);
    }, this.#options.pingIntervalMs ?? PING_INTERVAL_MS);
  }

  #drop(code: number): void {
    this.#attempt++;
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#aliveTimer);
    const socket = this.#socket;
    this.#socket = null;
    this.#answers.close();
    socket?.close(code);
  }

  #send(message: object): boolean {
    return this.#status === 'joined' && this.#write({ roomId: this.#options.roomId, ...message });
  }

  #write(message: object): boolean {
    if (this.#socket?.readyState !== 1) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #tell<Name extends keyof SignalingEvents>(name: Name, event: SignalingEvents[Name]): void {
    for (const listener of [...(this.#listeners[name] ?? [])]) {
      try {
        listener(event);
      } catch (error) {
        // One listener's fault must not keep the others from hearing; it still reaches the page's error reporting.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  #setStatus(status: SignalingStatus): void {
    if (this.#status === status) return;
    this.#status = status;
    this.#tell('status', status);
  }
}
