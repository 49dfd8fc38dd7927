import type { Socket } from 'node:net';
import type { MessagePort } from 'node:worker_threads';
import { FlvListener } from '../flv/listener.ts';
import { Doctors } from '../doctor/doctors.ts';
import type { Denial, MediaClient } from '../hooks/contract.ts';
import { createHlsShelf, type HlsShelf } from '../hls/shelf.ts';
import type { StreamCompanion } from '../hub/companion.ts';
import type { Publisher } from '../hub/publisher.ts';
import type { MediaLog, PlayTicket, PublishTicket, SessionHost } from '../hub/session-host.ts';
import type { StreamKey } from '../hub/stream.ts';
import { StreamHub } from '../hub/stream-hub.ts';
import type { EndReason, Subscriber } from '../hub/subscriber.ts';
import type { MediaOptions } from '../options.ts';
import { Recorder } from '../record/recorder.ts';
import { Pulls } from '../relay/pulls.ts';
import { Pushes } from '../relay/pushes.ts';
import type { RtcAnswer, RtcDoor, RtcPatched } from '../rtc/contract.ts';
import type { IceServer } from '../rtc/ice.ts';
import { RtmpListener } from '../rtmp/listener.ts';
import { Posters } from '../snapshot/posters.ts';
import type { Certificate } from '../tls.ts';
import { findFfmpeg } from '../transcode/find-ffmpeg.ts';
import { Ladders, type RenditionOrder } from '../transcode/ladder/ladders.ts';
import { AudioBridges } from './audio-bridges.ts';
import { ConnectionCounter } from './connection-counter.ts';
import { HopSender, receiveHop } from './hop.ts';
import { type HopPort, openHop } from './hop-port.ts';
import { Link, LinkClosedError } from './link.ts';
import type {
  ConnectReply,
  MainNotice,
  MainRequest,
  PlayReply,
  ProbeReply,
  PublishReply,
  TrafficReply,
  WorkerNotice,
  WorkerRequest,
  WorkerSeed,
} from './messages.ts';
import { receiveMirror, sendMirror } from './mirror.ts';
import { reportStream } from './report.ts';
import { ThreadMeter } from './thread-meter.ts';

const STATS_MS = 1000;
/** How long goodbyes may take before sockets are cut. */
const DRAIN_MS = 2000;

/** What a worker is told of a stream that becomes its own. */
interface Claim {
  key: StreamKey;
  bridged: boolean;
  resumeAfterMs?: number;
}

interface LocalClient {
  finish(reason: EndReason): void;
  readonly socket: Socket;
}

interface Listener {
  listen(): Promise<void>;
  renew(certificate: Certificate): void;
  /** Accepts nothing more. */
  close(): void;
}

/** One media thread: its listeners, its streams, and its line to the directory on the main thread. */
export class MediaWorker implements SessionHost {
  readonly options: MediaOptions;
  readonly log: MediaLog;
  readonly hls: HlsShelf;
  #link: Link<WorkerRequest, WorkerNotice, MainRequest, MainNotice>;
  #meter = new ThreadMeter();
  #hub: StreamHub;
  #connections: ConnectionCounter;
  #listeners: Listener[];
  #clients = new Map<string, LocalClient>();
  #sockets = new Set<Socket>();
  #owned = new Set<StreamKey>();
  #mirrors = new Map<StreamKey, HopPort>();
  #bridges: AudioBridges;
  #pushes: Pushes;
  #pulls: Pulls;
  #doctors: Doctors;
  #ladders: Ladders;
  #recorder: Recorder;
  #companions: readonly StreamCompanion[];
  #stats: NodeJS.Timeout;
  #asksConnect: boolean;

  constructor(seed: WorkerSeed, port: MessagePort) {
    this.options = seed.options;
    this.#asksConnect = seed.asksConnect;
    this.#hub = new StreamHub(seed.options, this.#meter.totals);
    const { workerId, connections, options } = seed;
    this.#connections = new ConnectionCounter({ shared: connections, workerId, limits: options.limits });
    this.#link = new Link(port, {
      answer: () => Promise.resolve({ reply: this.#traffic() }),
      notice: (notice) => this.#obey(notice),
    });
    this.log = postLog((notice) => this.#link.send(notice));
    this.#bridges = new AudioBridges(this.log);
    this.#pushes = new Pushes({
      hub: this.#hub,
      options: this.options,
      log: this.log,
      report: (id, status) => this.#link.send({ type: 'push', id, status }),
    });
    this.#pulls = new Pulls(this);
    this.hls = createHlsShelf(seed, { link: this.#link, log: this.log, totals: this.#meter.totals });
    this.#doctors = new Doctors(this.options);
    this.#ladders = new Ladders({
      options: this.options.transcode,
      findFfmpeg,
      log: this.log,
      report: (key, end) => this.#link.send({ type: 'rendition', key, end }),
    });
    this.#recorder = new Recorder({
      options: this.options.record,
      findFfmpeg,
      tell: (id, news) => this.#link.send({ type: 'record', id, news }),
      askForRoom: (question) => this.#link.request({ type: 'room', ...question }),
      log: this.log,
    });
    this.#companions = [
      this.#recorder,
      this.hls,
      this.#ladders,
      this.#doctors,
      new Posters({
        options: this.options.snapshot,
        findFfmpeg,
        log: this.log,
        post: (poster) => this.#link.send({ type: 'poster', poster }),
      }),
    ];
    this.#listeners = [new RtmpListener(this), new FlvListener(this)];
    if (seed.tls) this.#listeners.push(new RtmpListener(this, seed.tls), new FlvListener(this, seed.tls));
    this.#stats = setInterval(() => this.#report(), STATS_MS);
  }

  async start(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.listen()));
    this.#link.send({ type: 'ready' });
  }

  admit(socket: Socket, address = socket.remoteAddress ?? ''): boolean {
    const refusal = this.#connections.add(address);
    if (refusal) {
      this.log.warn({ address, limit: refusal }, 'connection refused');
      socket.destroy();
      return false;
    }
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#connections.remove(address);
    });
    return true;
  }

  connect(client: MediaClient, socket: Socket): Promise<Denial | undefined> | undefined {
    return this.#asksConnect ? this.#askConnect(client, socket) : undefined;
  }

  async #askConnect(client: MediaClient, socket: Socket): Promise<Denial | undefined> {
    const reply = await this.#ask<ConnectReply>({ type: 'connect', client });
    if (reply.action === 'deny') return reply;
    const { param: _secret, ...known } = client;
    const tell = (): void =>
      this.#link.send({ type: 'closed', client: known, sendBytes: socket.bytesWritten, recvBytes: socket.bytesRead });
    if (socket.destroyed) tell();
    else socket.once('close', tell);
    return undefined;
  }

  publish(client: MediaClient, publisher: Publisher): Promise<PublishTicket | Denial> {
    return this.#publish('publish', client, publisher);
  }

  publishRelay(client: MediaClient, publisher: Publisher): Promise<PublishTicket | Denial> {
    return this.#publish('relay', client, publisher);
  }

  pullOver(key: StreamKey): void {
    this.#link.send({ type: 'pull-over', key });
  }

  async #publish(
    type: 'publish' | 'relay',
    client: MediaClient,
    publisher: Publisher,
  ): Promise<PublishTicket | Denial> {
    const reply = await this.#ask<PublishReply>({ type, client });
    if (reply.action === 'deny') return reply;
    const { key, epoch, port } = reply;
    this.#clients.set(client.clientId, publisher);
    const feed = port ? this.#forward(openHop(port)) : this.#own(reply);
    let open = true;
    return {
      action: 'publish',
      push: feed.push,
      close: (reason) => {
        if (!open) return;
        open = false;
        feed.close();
        this.#clients.delete(client.clientId);
        const lastDtsMs = this.#hub.find(key)?.lastDtsMs;
        this.#link.send({ type: 'unpublish', key, epoch, clientId: client.clientId, reason, lastDtsMs });
      },
    };
  }

  async play(client: MediaClient, subscriber: Subscriber): Promise<PlayTicket | Denial> {
    const reply = await this.#ask<PlayReply>({ type: 'play', client });
    if (reply.action === 'deny') return reply;
    const stream = this.#hub.open(reply.key);
    const sink = stream.subscribe(subscriber, Date.now());
    this.#clients.set(client.clientId, subscriber);
    let open = true;
    return {
      action: 'play',
      pause: () => {
        if (sink.state === 'flowing' || sink.state === 'skipping') sink.state = 'paused';
      },
      resume: () => {
        if (sink.state === 'paused') sink.state = 'skipping';
      },
      close: (reason) => {
        if (!open) return;
        open = false;
        stream.unsubscribe(sink);
        this.#clients.delete(client.clientId);
        this.#link.send({ type: 'stop', clientId: client.clientId, reason });
      },
    };
  }

  probe(client: MediaClient): Promise<ProbeReply> {
    return this.#ask<ProbeReply>({ type: 'probe', client });
  }

  /** WebRTC's HTTP side, as the listeners ask it of the main thread. */
  get rtc(): RtcDoor {
    return {
      open: (call) => this.#ask<RtcAnswer>({ type: 'rtc', call }),
      patch: (call) => this.#link.request<RtcPatched>({ type: 'rtc', call }),
      close: (sessionId) => this.#link.request<boolean>({ type: 'rtc', call: { call: 'close', sessionId } }),
      ice: (intent, client) => this.#ask<IceServer[]>({ type: 'rtc', call: { call: 'ice', intent, client } }),
      abandon: (clientId) => this.#link.send({ type: 'rtc-abandon', clientId }),
    };
  }

  async #ask<Reply>(request: WorkerRequest): Promise<Reply | Denial> {
    try {
      return await this.#link.request<Reply>(request);
    } catch (error) {
      if (!(error instanceof LinkClosedError)) throw error;
      return { action: 'deny', status: 503, code: 'server_stopping', message: 'This server is stopping.' };
    }
  }

  #own({ key, bridged, resumeAfterMs }: Claim): { push: PublishTicket['push']; close(): void } {
    const stream = this.#hub.open(key, resumeAfterMs);
    if (!this.#owned.has(key)) for (const companion of this.#companions) companion.own(stream);
    this.#owned.add(key);
    if (bridged) this.#bridges.ensure(stream);
    const feed = stream.attach({ placed: false, bridged });
    return { push: (packet) => feed.publish(packet), close: () => feed.interrupt() };
  }

  #forward(port: HopPort): { push: PublishTicket['push']; close(): void } {
    const hop = new HopSender(port);
    return { push: (packet) => hop.packet(packet), close: () => hop.close() };
  }

  #obey(notice: MainNotice): void {
    switch (notice.type) {
      case 'kick':
        this.#clients.get(notice.clientId)?.finish(notice.reason);
        return;
      case 'tls':
        for (const listener of this.#listeners) listener.renew(notice.certificate);
        return;
      case 'end':
        this.#end(notice.key, notice.reason);
        return;
      case 'ingest-in':
        this.#receiveIngest(notice, openHop(notice.port));
        return;
      case 'mirror-out':
        this.#sendMirror(notice.key, openHop(notice.port));
        return;
      case 'mirror-in':
        this.#receiveMirror(notice.key, openHop(notice.port));
        return;
      case 'mirror-drop':
        this.#dropMirror(notice.key);
        return;
      case 'push-start':
        this.#pushes.start(notice.order);
        return;
      case 'push-stop':
        this.#pushes.stop(notice.id);
        return;
      case 'pull-start':
        this.#pulls.start(notice.order);
        return;
      case 'pull-stop':
        this.#pulls.stop(notice.key);
        return;
      case 'rendition':
        this.#startRendition(notice.order);
        return;
      case 'hls':
        this.hls.obey(notice);
        return;
      case 'record-start':
        this.#recorder.start(notice.order);
        return;
      case 'record-stop':
        this.#recorder.stop(notice.id, notice.reason);
        return;
      case 'refuse':
        for (const listener of this.#listeners) listener.close();
        return;
      case 'stop':
        void this.#stop();
        return;
      default:
        notice satisfies never;
    }
  }

  #end(key: StreamKey, reason: EndReason): void {
    this.#pushes.ended(key);
    this.#bridges.close(key);
    this.#hub.find(key)?.end(reason);
    this.#hub.remove(key);
    if (this.#owned.delete(key)) for (const companion of this.#companions) companion.ended(key);
  }

  /** A source that has ended meanwhile ends its renditions, on the main thread. */
  #startRendition(order: RenditionOrder): void {
    const source = this.#hub.find(order.source);
    if (source === undefined) return;
    const target = this.#hub.open(order.key, order.resumeAfterMs);
    target.isClaimed = true;
    if (!this.#owned.has(order.key))
      for (const companion of this.#companions) if (companion.isForRenditions === true) companion.own(target);
    this.#owned.add(order.key);
    this.#ladders.start(order, { source, target });
  }

  #receiveIngest(claim: Claim, port: HopPort): void {
    const { push, close } = this.#own(claim);
    receiveHop(port, { packet: push, interrupted: close, ended: close, lost: close });
  }

  #sendMirror(key: StreamKey, port: HopPort): void {
    sendMirror(this.#hub.open(key), port);
  }

  #receiveMirror(key: StreamKey, port: HopPort): void {
    const stream = this.#hub.open(key);
    this.#mirrors.get(key)?.close();
    this.#mirrors.set(key, port);
    receiveMirror(stream, port, () => {
      if (this.#mirrors.get(key) === port) this.#mirrors.delete(key);
    });
  }

  /** Nobody here watches any more: the stream is forgotten, so that its time is not taken for a later broadcast's. */
  #dropMirror(key: StreamKey): void {
    this.#mirrors.get(key)?.close();
    if (this.#hub.find(key)?.viewers === 0) this.#hub.remove(key);
  }

  #report(): void {
    const streams = [...this.#hub.values()].map((stream) =>
      reportStream(stream, {
        owner: this.#owned.has(stream.key),
        notices: this.#bridges.notices(stream.key),
        findings: this.#doctors.examine(stream.key),
        keyIntervalMs: this.#doctors.keyIntervalMs(stream.key),
      }),
    );
    this.#link.send({ type: 'stats', atMs: Date.now(), streams, thread: this.#meter.read() });
  }

  #traffic(): TrafficReply {
    return [...this.#clients].map(([clientId, { socket }]) => ({
      clientId,
      sendBytes: socket.bytesWritten,
      recvBytes: socket.bytesRead,
    }));
  }

  async #stop(): Promise<void> {
    for (const listener of this.#listeners) listener.close();
    this.#pulls.close();
    this.#pushes.close();
    for (const client of [...this.#clients.values()]) client.finish('server_stopping');
    for (const stream of this.#hub.values()) stream.end('server_stopping');
    const kept = Promise.all(this.#companions.map((companion) => companion.close()));
    this.#bridges.closeAll();
    this.#hub.close();
    clearInterval(this.#stats);
    this.#meter.close();
    const deadline = Date.now() + DRAIN_MS;
    while (this.#sockets.size > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    for (const socket of this.#sockets) socket.destroy();
    await kept;
    this.#link.send({ type: 'drained' });
  }
}

function postLog(post: (notice: WorkerNotice) => void): MediaLog {
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => (fields: object, message: string) =>
    post({ type: 'log', level, fields, message });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
