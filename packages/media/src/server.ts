import type { Transferable } from 'node:worker_threads';
import type { Logger } from 'pino';
import { MediaApi } from './api/media-api.ts';
import { type ConnectionCount, countConnections } from './cluster/connection-count.ts';
import { type AskingWorker, Directory } from './cluster/directory.ts';
import type { ClientRequest, WorkerNotice } from './cluster/messages.ts';
import { workerCount, WorkerPool } from './cluster/pool.ts';
import { clusterPost } from './cluster/post.ts';
import { resolvePorts, resolveUdpPort } from './cluster/ports.ts';
import { type StreamInfo, streamInfo } from './cluster/stream-info.ts';
import { ThreadBook } from './cluster/thread-book.ts';
import { FindingBook } from './doctor/finding-book.ts';
import type { MediaEvent, MediaHooks, PublicMediaClient } from './hooks/contract.ts';
import type { HlsCall, HlsNotice } from './hls/messages.ts';
import { HlsSessionBook } from './hls/session-book.ts';
import { streamKeyOf } from './hub/stream-name.ts';
import type { EndReason } from './hub/subscriber.ts';
import { serverIdentity } from './identity.ts';
import type { MediaOptions } from './options.ts';
import type { PushInfo } from './relay/push-book.ts';
import { Relays } from './relay/relays.ts';
import type { RtcCall } from './rtc/contract.ts';
import type { RecordingRequest, RecordingStatus } from './record/contract.ts';
import { Recordings } from './record/recordings.ts';
import { RtcGate } from './rtc/gate.ts';
import { resolveCandidates } from './rtc/ice.ts';
import { PosterBook, type PosterInfo } from './snapshot/poster-book.ts';
import { type Certificate, readCertificate } from './tls.ts';
import { LadderBook } from './transcode/ladder/ladder-book.ts';
import { makeableProfiles, type Rendition } from './transcode/ladder/profile.ts';
import { findFfmpeg } from './transcode/find-ffmpeg.ts';

export interface MediaPorts {
  rtmp: number;
  http: number;
  api: number;
  rtmps?: number;
  https?: number;
  /** UDP. */
  rtc: number;
}

export interface MediaServerDeps {
  options: MediaOptions;
  hooks: MediaHooks;
  logger: Logger;
}

/** What works together on the main thread. */
interface Parts {
  directory: Directory;
  ladder: LadderBook;
  relays: Relays;
  recordings: Recordings;
  hls: HlsSessionBook;
  rtc: RtcGate;
}

/**
 * The media server as a whole, on the main thread: workers carry the media, the directory here decides who publishes.
 * Start once, stop once.
 */
export class MediaServer {
  #deps: MediaServerDeps;
  #directory: Directory | undefined;
  #pool: WorkerPool | undefined;
  #relays: Relays | undefined;
  #recordings: Recordings | undefined;
  #ladder: LadderBook | undefined;
  #rtc: RtcGate | undefined;
  #hls: HlsSessionBook | undefined;
  #api: MediaApi | undefined;
  /** How its threads and the RTC process do. */
  readonly threads = new ThreadBook();
  readonly #findings = new FindingBook((key) => this.#directory?.entry(key));
  readonly #posters = new PosterBook({ entry: (key) => this.#directory?.entry(key) });

  constructor(deps: MediaServerDeps) {
    this.#deps = deps;
  }

  /** Throws PortInUseError when a port is taken, and whatever reading the certificate throws. */
  async start(): Promise<MediaPorts> {
    const { options } = this.#deps;
    const tls = options.tls && (await readCertificate(options.tls));
    const { ports, resolved, release } = await resolveOptions(options, tls !== undefined);
    try {
      return { ...ports, api: await this.#startOn(resolved, { tls, udpPort: ports.rtc }) };
    } finally {
      await release();
    }
  }

  /** Answers the port of the API. */
  async #startOn(resolved: MediaOptions, { tls, udpPort }: { tls?: Certificate; udpPort: number }): Promise<number> {
    const { options, logger } = this.#deps;
    const ladder = (this.#ladder = this.#makeLadder(resolved));
    const relays = (this.#relays = this.#makeRelays(resolved));
    const recordings = (this.#recordings = this.#makeRecordings(resolved));
    const directory = (this.#directory = this.#makeDirectory(resolved, { ladder, relays, recordings }));
    const hls = (this.#hls = this.#makeHls(resolved, { directory, ladder }));
    const rtc = (this.#rtc = new RtcGate({
      options: resolved,
      directory,
      threads: this.threads,
      log: logger,
      udpPort,
      addresses: await resolveCandidates(options.rtc.candidates, { host: options.host, log: logger }),
    }));
    this.#pool = this.#makePool(resolved, { tls, directory, ladder, relays, recordings, hls, rtc });
    this.#api = new MediaApi({ server: this, rtc, identity: serverIdentity(), options: resolved, logger, tls });
    try {
      const [api] = await Promise.all([this.#api.listen(), this.#pool.start()]);
      relays.start();
      return api;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  #makeRecordings({ record }: MediaOptions): Recordings {
    const { hooks, logger } = this.#deps;
    return new Recordings({
      options: record,
      hooks,
      log: logger,
      send: (workerId, notice) => this.#pool?.send(workerId, notice),
      entry: (key) => this.#directory?.entry(key),
    });
  }

  #makeDirectory(
    options: MediaOptions,
    { ladder, relays, recordings }: Pick<Parts, 'ladder' | 'relays' | 'recordings'>,
  ): Directory {
    const { hooks, logger } = this.#deps;
    const hear = (event: MediaEvent): void => {
      recordings.heard(event);
      this.#findings.heard(event);
      this.#posters.heard(event);
      if (event.type === 'published') this.#rtc?.warm();
    };
    return new Directory({
      options,
      // Renditions are streams to HLS, and to nobody further in.
      hooks: heardBy(ladder.under(heardBy(relays.under(hooks), hear)), (event) => this.#hls?.heard(event)),
      log: logger,
      post: clusterPost({ pool: () => this.#pool, rtc: () => this.#rtc, hls: () => this.#hls }),
    });
  }

  #makePool(
    options: MediaOptions,
    { tls, directory, ladder, relays, recordings, hls, rtc }: Parts & { tls?: Certificate },
  ): WorkerPool {
    const { hooks, logger } = this.#deps;
    return new WorkerPool({
      options,
      tls,
      asksConnect: hooks.authorizeConnect !== undefined,
      tellsSegments: hooks.notifySegment !== undefined,
      size: workerCount(options.workers),
      log: logger,
      peer: {
        answer: async (workerId, request, alive) => {
          if (request.type === 'rtc') return { reply: await answerRtc(rtc, request.call) };
          if (request.type === 'hls') return answerHls(hls, { workerId, alive }, request);
          if (request.type === 'room') return { reply: await recordings.book.makeRoom(request) };
          return answer({ directory, ladder }, { workerId, alive }, request);
        },
        notice: (workerId, notice) => this.#notice(workerId, notice),
        lost: (workerId) => {
          this.threads.lost(`worker-${workerId}`);
          directory.workerLost(workerId);
          relays.workerLost(workerId);
          ladder.workerLost(workerId);
          recordings.book.workerLost(workerId);
        },
      },
    });
  }

  #makeHls(options: MediaOptions, { directory, ladder }: { directory: Directory; ladder: LadderBook }): HlsSessionBook {
    return new HlsSessionBook({
      options,
      directory,
      ladder,
      send: (workerId, notice, transfer) => this.#pool?.send(workerId, notice, transfer),
      workers: () => this.#pool?.upIds ?? [],
    });
  }

  #makeLadder({ transcode }: MediaOptions): LadderBook {
    const { options, logger } = this.#deps;
    const lacksFfmpeg = transcode.profiles.length < options.transcode.profiles.length;
    if (lacksFfmpeg) logger.warn({}, 'there is no ffmpeg: renditions that need it are not offered');
    return new LadderBook({
      options: transcode,
      lacksFfmpeg,
      log: logger,
      entry: (key) => this.#directory?.entry(key),
      claim: (workerId, client) => this.#directory?.claim(workerId, client, 'transcode').reply,
      send: (workerId, notice) => this.#pool?.send(workerId, notice),
      end: (key, reason) => this.#directory?.end(key, reason),
      isDemanded: (key) => this.#hls?.demands(key) ?? false,
    });
  }

  #makeRelays(options: MediaOptions): Relays {
    const { hooks, logger } = this.#deps;
    return new Relays({
      options,
      log: logger,
      findOrigin: hooks.findOrigin && ((stream) => hooks.findOrigin?.(stream) ?? Promise.resolve('none')),
      send: (workerId, notice) => this.#pool?.send(workerId, notice),
      workers: () => this.#pool?.upIds ?? [],
      entry: (key) => this.#directory?.entry(key),
      renditionViewers: (key) => this.#ladder?.viewersOf(key) ?? 0,
      end: (key) => this.#directory?.end(key, 'ended'),
    });
  }

  streams(): StreamInfo[] {
    return [...(this.#directory?.entries() ?? [])].map((entry) =>
      streamInfo(entry, { ladder: this.#ladder, isForeign: this.#relays?.isForeign(entry.key) ?? false }),
    );
  }

  /** What a stream can be played as beside itself; nothing unless it is published. */
  renditions(app: string, stream: string): Rendition[] {
    return this.#ladder?.renditions(streamKeyOf({ app, stream })) ?? [];
  }

  /** Every connection that publishes or plays, with the bytes of the moment. */
  async clients(): Promise<ClientInfo[]> {
    const [threads, rtc] = await Promise.all([this.#pool?.traffic(), this.#rtc?.traffic()]);
    const hls = this.#hls?.traffic();
    return [...(this.#directory?.clients() ?? [])].map(([clientId, { client, kind, sinceMs }]) => {
      const { sendBytes = 0, recvBytes = 0 } = threads?.get(clientId) ?? rtc?.get(clientId) ?? hls?.get(clientId) ?? {};
      return { ...client, kind, sinceMs, sendBytes, recvBytes };
    });
  }

  /** Who is connected: how many publish, play, or pass on to another node, by protocol. */
  connections(): ConnectionCount[] {
    return countConnections(this.#directory?.clients() ?? []);
  }

  /** WebRTC sessions for whoever has a signaling of its own. Valid after `start`. */
  get rtc(): RtcGate | undefined {
    return this.#rtc;
  }

  /** False when there is no such client. */
  kickClient(clientId: string, reason: EndReason = 'kicked'): boolean {
    return this.#directory?.kick(clientId, reason) ?? false;
  }

  /** The stream becomes interrupted and its grace runs. False when nobody publishes it. */
  kickPublisher(app: string, stream: string, reason: EndReason = 'kicked'): boolean {
    return this.#directory?.kickPublisher(streamKeyOf({ app, stream }), reason) ?? false;
  }

  /** Kicks a publisher that fell silent, so that one with the same credential may come in its place on another node. */
  yieldStream(app: string, stream: string, credential: string): boolean {
    return this.#directory?.yieldTo(streamKeyOf({ app, stream }), credential) ?? false;
  }

  /** At once: the publisher is kicked, viewers are told and closed. False when there is no such stream. */
  endStream(app: string, stream: string, reason: EndReason = 'ended'): boolean {
    return this.#directory?.end(streamKeyOf({ app, stream }), reason) ?? false;
  }

  /**
   * Sends a stream on to an RTMP server until it ends. `url` holds a key: it is told to nobody. One with the same id is
   * replaced. False when nobody has published the stream, or there are too many.
   */
  startPush(stream: { app: string; stream: string }, push: { id: string; url: string }): boolean {
    return this.#relays?.pushes.start(stream, push) ?? false;
  }

  /** False when there is none. */
  stopPush(id: string): boolean {
    return this.#relays?.pushes.stop(id) ?? false;
  }

  pushes(): PushInfo[] {
    return this.#relays?.pushes.list() ?? [];
  }

  /**
   * Writes a stream to fragmented MP4 files until it ends. False when nobody has published the stream, the id is none or
   * is taken, the folder is not absolute, or there are too many. How it goes is told by `MediaHooks.notify`.
   */
  startRecording(stream: { app: string; stream: string }, recording: RecordingRequest): boolean {
    return this.#recordings?.book.start(stream, recording) ?? false;
  }

  /** Its last file is closed soon after; until then it is listed. False when there is none. */
  stopRecording(id: string): boolean {
    return this.#recordings?.book.stop(id) ?? false;
  }

  recordings(): RecordingStatus[] {
    return this.#recordings?.book.list() ?? [];
  }

  /** The last picture of a stream; undefined before the first, and without ffmpeg. */
  poster(app: string, stream: string): PosterInfo | undefined {
    return this.#posters.get(streamKeyOf({ app, stream }));
  }

  health(): { ok: boolean; workers: number; workersUp: number } {
    const workers = this.#pool?.size ?? 0;
    const workersUp = this.#pool?.up ?? 0;
    return { ok: workersUp > 0, workers, workersUp };
  }

  /** Reads the certificate's files again; new RTMPS, HTTPS and API connections get it. One that cannot be used changes nothing and is thrown. */
  async reloadTls(): Promise<void> {
    const { tls } = this.#deps.options;
    if (tls === undefined) return;
    const certificate = await readCertificate(tls);
    this.#pool?.renewCertificate(certificate);
    this.#api?.renewCertificate(certificate);
  }

  /** Accepts nothing new; what runs goes on. */
  prepareStop(): void {
    this.#pool?.refuse();
  }

  /** Tells publishers and viewers, then closes; at most 4 s. */
  async stop(): Promise<void> {
    await Promise.all([this.#pool?.stop(), this.#rtc?.stop(), this.#api?.close()]);
    this.#ladder?.close();
    this.#relays?.close();
    this.#hls?.close();
    this.#directory?.close();
    this.threads.close();
  }

  #segmentMade({ key, segment }: Extract<HlsNotice, { notice: 'segment' }>): void {
    const entry = this.#directory?.entry(key);
    if (!entry?.publisher) return;
    this.#deps.hooks.notifySegment?.({
      client: entry.publisher.client,
      durationMs: segment.durationMs,
      msn: segment.msn,
      url: `${key}/${segment.uri}`,
      playlistUrl: `${key}.m3u8`,
    });
  }

  #notice(workerId: number, notice: WorkerNotice): void {
    switch (notice.type) {
      case 'unpublish':
        this.#directory?.unpublished(notice);
        return;
      case 'stop':
        this.#directory?.stopped(notice.clientId, notice.reason);
        return;
      case 'closed':
        this.#deps.hooks.notifyClosed?.(notice);
        return;
      case 'stats':
        this.#directory?.report(workerId, notice.atMs, notice.streams);
        this.threads.report(`worker-${workerId}`, notice.thread);
        this.#ladder?.reported(notice.streams);
        for (const event of this.#findings.take(notice.streams, notice.atMs)) this.#deps.hooks.notify(event);
        return;
      case 'poster':
        for (const event of this.#posters.take(notice.poster)) this.#deps.hooks.notify(event);
        return;
      case 'log':
        this.#deps.logger[notice.level](notice.fields, notice.message);
        return;
      case 'push':
        this.#relays?.pushes.report(workerId, notice.id, notice.status);
        return;
      case 'record':
        this.#recordings?.book.news(workerId, notice.id, notice.news);
        return;
      case 'pull-over':
        this.#relays?.pullOver(workerId, notice.key);
        return;
      case 'rendition':
        this.#ladder?.gaveUp(notice.key, notice.end);
        return;
      case 'hls':
        this.#hls?.notice(workerId, notice);
        if (notice.notice === 'segment') this.#segmentMade(notice);
        return;
      case 'rtc-abandon':
        this.#rtc?.abandon(notice.clientId);
        return;
      case 'ready':
      case 'drained':
        return; // the pool's own
      default:
        notice satisfies never;
    }
  }
}

function answerHls(
  book: HlsSessionBook,
  asker: AskingWorker,
  call: HlsCall,
): Promise<{ reply: unknown; transfer?: Transferable[] }> {
  return call.call === 'find' ? book.find(asker, call) : book.open(call.client).then((reply) => ({ reply }));
}

export interface ClientInfo extends PublicMediaClient {
  kind: 'publish' | 'play';
  /** ms since the epoch. */
  sinceMs: number;
  sendBytes: number;
  recvBytes: number;
}

async function answer(
  { directory, ladder }: { directory: Directory; ladder: LadderBook },
  asker: AskingWorker,
  { type, client }: ClientRequest,
): Promise<{ reply: unknown; transfer?: Transferable[] }> {
  switch (type) {
    case 'publish':
      return directory.publish(asker, client);
    case 'relay': {
      const refusal = ladder.refusePublish(client);
      return refusal === undefined ? directory.claim(asker.workerId, client, client.protocol) : { reply: refusal };
    }
    case 'play':
      return { reply: await directory.play(asker, client) };
    case 'probe':
      return { reply: await directory.probe(client) };
    case 'connect':
      return { reply: await directory.connect(client) };
    default:
      return type satisfies never;
  }
}

/** Ports that are really free, and options that say so. */
async function resolveOptions(
  options: MediaOptions,
  isSecure: boolean,
): Promise<{ ports: Omit<MediaPorts, 'api'>; resolved: MediaOptions; release(): Promise<void> }> {
  const plain = { rtmp: options.rtmp.port, http: options.http.port };
  const secure = { rtmps: options.rtmps.port, https: options.https.port };
  const { enabled, port } = options.rtc;
  const rtc = enabled ? await resolveUdpPort(options.host, port) : port;
  // Last, for what it holds has to be released.
  const { ports: tcp, release } = await resolvePorts<Omit<MediaPorts, 'api' | 'rtc'>>(
    options.host,
    isSecure ? { ...plain, ...secure } : plain,
  );
  const ports = { ...tcp, rtc };
  const resolved: MediaOptions = {
    ...options,
    rtmp: { ...options.rtmp, port: ports.rtmp },
    http: { port: ports.http },
    rtc: { ...options.rtc, port: ports.rtc },
    rtmps: { port: ports.rtmps ?? options.rtmps.port },
    https: { port: ports.https ?? options.https.port },
    transcode: { ...options.transcode, profiles: makeableProfiles(options.transcode.profiles, findFfmpeg()) },
  };
  return { ports, resolved, release };
}

/** Hooks whose events somebody else hears first. */
function heardBy(hooks: MediaHooks, hear: (event: MediaEvent) => void): MediaHooks {
  return {
    ...hooks,
    notify: (event) => {
      hear(event);
      hooks.notify(event);
    },
  };
}

function answerRtc(rtc: RtcGate, call: Exclude<RtcCall, { call: 'abandon' }>): Promise<unknown> {
  switch (call.call) {
    case 'open':
      return rtc.open(call);
    case 'patch':
      return rtc.patch(call);
    case 'close':
      return rtc.close(call.sessionId);
    case 'ice':
      return rtc.ice(call.intent, call.client);
    default:
      return call satisfies never;
  }
}
