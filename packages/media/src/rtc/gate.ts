import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { isLoopback } from '../cluster/connection-counter.ts';
import type { Directory } from '../cluster/directory.ts';
import { LinkClosedError } from '../cluster/link.ts';
import type { ThreadBook } from '../cluster/thread-book.ts';
import type { HopEnd, MainNotice } from '../cluster/messages.ts';
import type { Denial, MediaClient } from '../hooks/contract.ts';
import type { MediaLog } from '../hub/session-host.ts';
import { streamKeyOf } from '../hub/stream-name.ts';
import type { EndReason } from '../hub/subscriber.ts';
import type { MediaOptions } from '../options.ts';
import type { RtcAnswer, RtcDoor, RtcOpenCall, RtcPatchCall, RtcPatched } from './contract.ts';
import { type AnnouncedAddresses, candidateLines, type IceServer, iceServersFor } from './ice.ts';
import type { RtcIntent, RtcOpened, RtcTold } from './messages.ts';
import { RtcSupervisor, RtcUnavailableError } from './supervisor.ts';

/** The RTC process's number among the members of the cluster; threads count from 0. */
export const RTC_MEMBER = -1;

export interface GateDeps {
  options: MediaOptions;
  udpPort: number;
  directory: Directory;
  /** Told how the RTC process does. */
  threads?: ThreadBook;
  addresses: AnnouncedAddresses;
  log: MediaLog;
}

interface Session {
  sessionId: string;
  etag: string;
  client: MediaClient;
  intent: RtcIntent;
  iceUfrag: string | undefined;
  /** Publishers: the right that was used, and once they are the current one, their epoch. */
  credential?: string;
  epoch?: number;
}

/**
 * WebRTC as the main thread sees it: who may open a session, which sessions there are, and what the directory is told of
 * them. The sessions themselves live in the RTC process.
 */
export class RtcGate implements RtcDoor {
  #deps: GateDeps;
  #supervisor: RtcSupervisor;
  #sessions = new Map<string, Session>();
  #bySessionId = new Map<string, Session>();
  #listeners = new Set<(sessionId: string, reason: EndReason) => void>();
  /** Rises when the process dies: what was asked of the one before is void. */
  #generation = 0;

  constructor(deps: GateDeps) {
    this.#deps = deps;
    const { options, udpPort, log } = deps;
    this.#supervisor = new RtcSupervisor({
      options,
      udpPort,
      log,
      told: (message) => this.#told(message),
      lost: () => this.#lost(),
    });
  }

  /** Of the RTC process, while it runs. */
  get pid(): number | undefined {
    return this.#supervisor.pid;
  }

  /** Somebody publishes: viewers are near, and the first of them should not wait for a process to start. */
  warm(): void {
    if (!this.#deps.options.rtc.enabled) return;
    this.#supervisor.start().catch((error: unknown) => {
      if (!isAway(error)) this.#deps.log.error({ err: String(error) }, 'the WebRTC process did not start');
    });
  }

  hop(): HopEnd {
    return this.#supervisor.hop();
  }

  /** What a member of the cluster is told. */
  send(notice: MainNotice): void {
    if (notice.type === 'kick' || notice.type === 'end' || notice.type === 'mirror-in' || notice.type === 'mirror-drop')
      this.#supervisor.send(notice);
  }

  async open({ intent, client, sdp }: RtcOpenCall): Promise<RtcAnswer | Denial> {
    if (!this.#deps.options.rtc.enabled) return deny(404, 'not_supported', 'WebRTC is turned off on this server.');
    const session: Session = {
      sessionId: randomBytes(16).toString('base64url'),
      etag: `"${randomBytes(6).toString('base64url')}"`,
      client,
      intent,
      iceUfrag: /^a=ice-ufrag:(\S+)/m.exec(sdp)?.[1],
    };
    this.#sessions.set(client.clientId, session);
    const refusal = intent === 'publish' ? await this.#mayPublish(session) : await this.#enterViewer(session);
    if (refusal) {
      this.#ended(client.clientId, 'closed');
      return refusal;
    }
    const opened = await this.#askProcess(session, sdp);
    if (opened.action === 'deny') {
      this.#ended(client.clientId, 'closed');
      return opened;
    }
    // Whoever asked may have gone meanwhile.
    if (!this.#isAwaited(session)) return deny(404, 'session_ended', 'This session has ended.');
    this.#bySessionId.set(session.sessionId, session);
    const { sessionId, etag } = session;
    return { action: 'answer', sessionId, etag, sdp: opened.sdp, iceServers: this.iceServers(client.clientId) };
  }

  patch({ sessionId, ifMatch, fragment }: RtcPatchCall): Promise<RtcPatched> {
    const session = this.#bySessionId.get(sessionId);
    if (!session) return Promise.resolve(refused(404, 'session_not_found', 'There is no such session.'));
    if (ifMatch !== undefined && ifMatch !== session.etag && ifMatch !== '*')
      return Promise.resolve(refused(412, 'ice_session_changed', 'This is not the current ICE session.'));
    if (fragment.iceUfrag !== undefined && fragment.iceUfrag !== session.iceUfrag)
      return Promise.resolve(refused(422, 'ice_restart_unsupported', 'Open a new session instead of restarting ICE.'));
    for (const { candidate } of fragment.candidates) this.#candidate(session, candidate);
    return Promise.resolve({ action: 'patched' });
  }

  close(sessionId: string): Promise<boolean> {
    const session = this.#bySessionId.get(sessionId);
    if (session) this.abandon(session.client.clientId);
    return Promise.resolve(session !== undefined);
  }

  abandon(clientId: string): void {
    this.#supervisor.send({ type: 'close', clientId });
    this.#ended(clientId, 'closed');
  }

  async ice(intent: RtcIntent, client: MediaClient): Promise<IceServer[] | Denial> {
    const { directory } = this.#deps;
    const verdict = intent === 'publish' ? await directory.authorizePublish(client) : await directory.probe(client);
    return verdict.action === 'deny' ? verdict : this.iceServers(client.clientId);
  }

  has(sessionId: string): boolean {
    return this.#bySessionId.has(sessionId);
  }

  /** False when there is no such session. */
  trickle(sessionId: string, candidate: string): boolean {
    const session = this.#bySessionId.get(sessionId);
    if (session) this.#candidate(session, candidate);
    return session !== undefined;
  }

  /** Hears of every session that ended, whoever ended it. */
  onClosed(listener: (sessionId: string, reason: EndReason) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async traffic(): Promise<Map<string, { sendBytes: number; recvBytes: number }>> {
    const traffic = new Map<string, { sendBytes: number; recvBytes: number }>();
    if (this.#supervisor.pid === undefined) return traffic;
    try {
      const reply = await this.#supervisor.request<{ clientId: string; sendBytes: number; recvBytes: number }[]>({
        type: 'traffic',
      });
      for (const { clientId, ...bytes } of reply) traffic.set(clientId, bytes);
    } catch (error) {
      if (!isAway(error)) throw error;
    }
    return traffic;
  }

  async stop(): Promise<void> {
    this.#deps.addresses.close();
    await this.#supervisor.stop();
  }

  async #mayPublish(session: Session): Promise<Denial | undefined> {
    const verdict = await this.#deps.directory.authorizePublish(session.client);
    if (verdict.action === 'deny') return verdict;
    session.credential = verdict.credential;
    return this.#isAwaited(session) ? undefined : UNAVAILABLE;
  }

  /** False when whoever asked has gone, or the process died, while a hook was asked. */
  #isAwaited({ client }: Session): boolean {
    return this.#sessions.has(client.clientId);
  }

  async #enterViewer(session: Session): Promise<Denial | undefined> {
    const { directory } = this.#deps;
    const { client } = session;
    const verdict = await directory.authorizePlay(client);
    if (verdict.action === 'deny') return verdict;
    // The directory leads the stream to the process at once, so it has to be there.
    try {
      await this.#supervisor.start();
    } catch (error) {
      if (isAway(error)) return UNAVAILABLE;
      throw error;
    }
    if (!this.#isAwaited(session)) return UNAVAILABLE;
    const generation = this.#generation;
    const asker = { workerId: RTC_MEMBER, alive: () => generation === this.#generation };
    const reply = directory.enter(asker, client, verdict);
    return reply.action === 'deny' ? reply : undefined;
  }

  async #askProcess({ client, intent }: Session, sdp: string): Promise<RtcOpened | Denial> {
    try {
      return await this.#supervisor.request<RtcOpened>({
        type: 'open',
        clientId: client.clientId,
        intent,
        key: streamKeyOf(client),
        sdp,
        candidates: this.#candidates(client.address),
      });
    } catch (error) {
      if (!isAway(error)) throw error;
      return UNAVAILABLE;
    }
  }

  /** Somebody on this very machine is best reached by its own loopback, whatever the network is. */
  #candidates(address: string): string[] {
    const { addresses, udpPort, options } = this.#deps;
    const own = isLoopback(address) && isEverywhere(options.host) ? [address === '::1' ? '::1' : '127.0.0.1'] : [];
    return candidateLines([...new Set([...addresses.current, ...own])], udpPort);
  }

  /** What one user's browser is told; with credentials for a time, where there is a shared secret. */
  iceServers(user: string): IceServer[] {
    const { iceServers, iceTtlSeconds } = this.#deps.options.rtc;
    return iceServersFor({ servers: iceServers, user, nowMs: Date.now(), ttlSeconds: iceTtlSeconds });
  }

  #candidate({ client }: Session, candidate: string): void {
    this.#supervisor.send({ type: 'candidate', clientId: client.clientId, candidate });
  }

  #told(message: Exclude<RtcTold, { type: 'ready' | 'drained' | 'log' }>): void {
    switch (message.type) {
      case 'connected':
        this.#connected(message.clientId);
        return;
      case 'gone':
        this.#ended(message.clientId, message.reason);
        return;
      case 'stats':
        this.#deps.directory.report(RTC_MEMBER, message.atMs, message.streams);
        this.#deps.threads?.report('rtc', message.thread);
        for (const { key, clientId, rttMs } of message.publishers)
          this.#deps.directory.roundTrip(key, { clientId, rttMs });
        return;
      default:
        message satisfies never;
    }
  }

  /** Media can come now: the publisher becomes the stream's, if the place is still free. */
  #connected(clientId: string): void {
    const session = this.#sessions.get(clientId);
    if (session?.credential === undefined) return;
    const { reply } = this.#deps.directory.claim(RTC_MEMBER, session.client, session.credential);
    if (reply.action === 'deny' || !reply.port) {
      this.abandon(clientId);
      return;
    }
    session.epoch = reply.epoch;
    this.#supervisor.send({ type: 'feed', clientId, port: reply.port });
  }

  #ended(clientId: string, reason: EndReason): void {
    const session = this.#sessions.get(clientId);
    if (!session) return;
    this.#sessions.delete(clientId);
    this.#bySessionId.delete(session.sessionId);
    const { directory, log } = this.#deps;
    if (session.intent === 'play') directory.stopped(clientId, reason);
    else if (session.epoch !== undefined)
      directory.unpublished({ key: streamKeyOf(session.client), epoch: session.epoch, clientId, reason });
    for (const listener of this.#listeners) {
      try {
        listener(session.sessionId, reason);
      } catch (error) {
        log.error({ err: String(error) }, 'a listener of WebRTC sessions failed');
      }
    }
  }

  #lost(): void {
    this.#generation++;
    this.#deps.threads?.lost('rtc');
    this.#deps.directory.workerLost(RTC_MEMBER);
    for (const clientId of [...this.#sessions.keys()]) this.#ended(clientId, 'engine_failure');
  }
}

function isAway(error: unknown): boolean {
  return error instanceof RtcUnavailableError || error instanceof LinkClosedError;
}

const UNAVAILABLE = deny(503, 'rtc_unavailable', 'WebRTC is not available at this moment. Try again.');

function isEverywhere(host: string): boolean {
  return isIP(host) === 0 || host === '0.0.0.0' || host === '::';
}

function deny(status: Denial['status'], code: string, message: string): Denial {
  return { action: 'deny', status, code, message };
}

function refused(status: 404 | 412 | 422, code: string, message: string): RtcPatched {
  return { action: 'refused', status, code, message };
}
