import { encodeSdp, parseSdp } from '@kaibo/formats';
import { HopSender, receiveHop } from '../../cluster/hop.ts';
import { Link, processChannel } from '../../cluster/link.ts';
import type { HopEnd, StreamReport, TrafficReply } from '../../cluster/messages.ts';
import { ThreadMeter } from '../../cluster/thread-meter.ts';
import type { MediaLog } from '../../hub/session-host.ts';
import type { StreamKey } from '../../hub/stream.ts';
import type { EndReason } from '../../hub/subscriber.ts';
import type { RtcNotice, RtcOpened, RtcRequest, RtcSeed, RtcTold } from '../messages.ts';
import { Broadcast } from './broadcast.ts';
import { HopServer } from './hop-server.ts';
import { negotiatePlay, negotiatePublish } from './negotiation.ts';
import { type NegotiatedSession, PeerSession, type SessionPeer } from './peer-session.ts';
import { ingestNowMs, RtcPublisher } from './publisher.ts';
import { refusalOf, refuse } from './refusal.ts';
import { RtcViewer } from './viewer.ts';
import { UdpPort } from './udp-port.ts';

const SECOND_MS = 1000;
/** Missing packets are asked for, and given up, at this grain. */
const INGEST_TICK_MS = 10;
/** Packets of a publisher that is not yet known to be the current one; a key frame is among the first. */
const MAX_EARLY_PACKETS = 500;

/**
 * The process that carries WebRTC: all peers on one UDP port. A member of the cluster like a media thread, which owns no
 * streams: what peers publish goes to a worker, what they play comes from one. Its death costs WebRTC sessions only.
 */
export class RtcProcess {
  #seed: RtcSeed;
  #link: Link<never, RtcTold, RtcRequest, RtcNotice>;
  #log: MediaLog;
  #hops = new HopServer();
  #sessions = new Map<string, PeerSession>();
  #publishers = new Map<RtcPublisher, StreamKey>();
  #broadcasts = new Map<StreamKey, Broadcast>();
  /** Mirrors that come in, by stream: how to drop each. */
  #mirrors = new Map<StreamKey, () => void>();
  /** Plays that wait for their stream; closing one ends its wait. */
  #opening = new Map<string, AbortController>();
  #udp: UdpPort;
  #meter = new ThreadMeter();
  /** Of each broadcast that has been counted. */
  #counted = new WeakMap<Broadcast, number>();
  #second: NodeJS.Timeout;
  #ingestTick: NodeJS.Timeout | undefined;

  constructor(seed: RtcSeed, channel: NodeJS.Process) {
    this.#seed = seed;
    const { host } = seed.options;
    this.#udp = new UdpPort({ port: seed.udpPort, bindAddress: isEverywhere(host) ? undefined : host });
    this.#link = new Link(processChannel(channel), {
      answer: async (request) => ({ reply: await this.#answer(request) }),
      notice: (notice) => this.#obey(notice),
    });
    const at = (level: 'debug' | 'info' | 'warn' | 'error') => (fields: object, message: string) =>
      this.#link.send({ type: 'log', level, fields, message });
    this.#log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
    this.#second = setInterval(() => this.#everySecond(), SECOND_MS);
  }

  async start(): Promise<void> {
    await this.#hops.listen(this.#seed.socketPath);
    this.#link.send({ type: 'ready' });
  }

  #answer(request: RtcRequest): Promise<RtcOpened | TrafficReply> {
    return request.type === 'open' ? this.#open(request) : Promise.resolve(this.#traffic());
  }

  async #open(request: Extract<RtcRequest, { type: 'open' }>): Promise<RtcOpened> {
    if (this.#sessions.size + this.#opening.size >= this.#seed.options.rtc.maxPeers)
      return refuse(503, 'too_many_peers', 'This server carries as many WebRTC peers as it may.');
    try {
      this.#udp.hold();
      return request.intent === 'publish' ? await this.#openPublisher(request) : await this.#openViewer(request);
    } catch (error) {
      return refusalOf(error);
    }
  }

  async #openPublisher({ clientId, key, sdp, candidates }: Extract<RtcRequest, { type: 'open' }>): Promise<RtcOpened> {
    const offer = parseSdp(sdp);
    const negotiated = negotiatePublish(offer);
    return this.#accept({ clientId, offer, negotiated, candidates }, (transport) => {
      const early: Parameters<HopSender['packet']>[0][] = [];
      const publisher = new RtcPublisher({
        clientId,
        transport,
        lines: negotiated.lines,
        limits: this.#seed.options.limits,
        onPacket: (packet) => {
          const feed = this.#sessions.get(clientId)?.feed;
          if (feed) feed.packet(packet);
          else if (early.length < MAX_EARLY_PACKETS) early.push(packet); // not the first ones go: all others need them
        },
        onEnd: (reason) => this.#gone(clientId, reason),
      });
      this.#publishers.set(publisher, key);
      this.#ingestTick ??= setInterval(() => this.#tickIngest(), INGEST_TICK_MS);
      return { peer: publisher, early };
    });
  }

  async #openViewer(request: Extract<RtcRequest, { type: 'open' }>): Promise<RtcOpened> {
    const { clientId, key, sdp, candidates } = request;
    const offer = parseSdp(sdp);
    negotiatePlay(offer, { video: undefined }); // what can never be played is refused at once
    const broadcast = this.#broadcast(key);
    const gone = new AbortController();
    this.#opening.set(clientId, gone);
    try {
      const isReady = await broadcast.ready(this.#seed.options.limits.playWaitMs, gone.signal);
      if (!isReady || gone.signal.aborted) return refuse(404, 'stream_not_found', 'Nobody is publishing this stream.');
    } finally {
      this.#opening.delete(clientId);
      this.#forgetIfUnused(broadcast);
    }
    // A codec without a picture is that of a publisher before.
    const { codec, h264Profile, hasEntry } = broadcast.video;
    const video = hasEntry ? codec : undefined;
    const negotiated = negotiatePlay(offer, { video, h264Profile });
    const ssrcs = new Map(negotiated.lines.map(({ index }) => [index, 1 + Math.floor(Math.random() * 0xffff_fffe)]));
    const sources = new Map([...ssrcs].map(([index, ssrc]) => [index, { ssrc, msid: `kaibo ${index}` }]));
    this.#broadcasts.set(key, broadcast);
    return this.#accept({ clientId, offer, negotiated, candidates, sources }, (transport) => ({
      peer: new RtcViewer({
        clientId,
        broadcast,
        transport,
        lines: negotiated.lines,
        ssrcs,
        onEnd: (reason) => this.#gone(clientId, reason),
      }),
    }));
  }

  async #accept(
    request: Omit<NegotiatedSession, 'udp' | 'onConnected' | 'onGone'>,
    makePeer: ConstructorParameters<typeof PeerSession>[1],
  ): Promise<RtcOpened> {
    const { clientId } = request;
    const session = new PeerSession(
      {
        ...request,
        udp: this.#udp.options,
        onConnected: () => this.#link.send({ type: 'connected', clientId }),
        onGone: (reason) => this.#gone(clientId, reason),
      },
      makePeer,
    );
    this.#sessions.set(clientId, session);
    try {
      return { action: 'answer', sdp: encodeSdp(await session.accept()) };
    } catch (error) {
      this.#forget(clientId);
      throw error;
    }
  }

  #obey(notice: RtcNotice): void {
    switch (notice.type) {
      case 'feed':
        void this.#feed(notice.clientId, notice.port);
        return;
      case 'candidate':
        this.#sessions.get(notice.clientId)?.transport.addCandidate(notice.candidate);
        return;
      case 'close':
        this.#opening.get(notice.clientId)?.abort();
        this.#forget(notice.clientId);
        return;
      case 'kick':
        this.#sessions.get(notice.clientId)?.peer.finish(notice.reason);
        return;
      case 'end':
        this.#endBroadcast(notice.key, notice.reason);
        return;
      case 'mirror-in':
        void this.#receiveMirror(notice.key, notice.port);
        return;
      case 'mirror-drop':
        this.#mirrors.get(notice.key)?.();
        return;
      case 'stop':
        this.#stop();
        return;
      default:
        notice satisfies never;
    }
  }

  /** The publisher is the stream's current one. */
  async #feed(clientId: string, end: HopEnd): Promise<void> {
    const port = 'ticket' in end ? await this.#hops.take(end.ticket) : undefined;
    const session = this.#sessions.get(clientId);
    if (!port || !session) {
      port?.close();
      if (session) session.peer.finish('engine_failure');
      return;
    }
    port.listen({ message: () => undefined, closed: () => session.peer.finish('engine_failure') });
    session.startFeed(new HopSender(port));
  }

  async #receiveMirror(key: StreamKey, end: HopEnd): Promise<void> {
    const port = 'ticket' in end ? await this.#hops.take(end.ticket) : undefined;
    if (!port) return;
    const broadcast = this.#broadcast(key);
    this.#mirrors.get(key)?.();
    const drop = (): void => port.close();
    this.#mirrors.set(key, drop);
    let isFed = false;
    const interrupted = (): void => {
      isFed = false;
      broadcast.interrupted();
    };
    receiveHop(port, {
      published: () => {
        isFed = true;
        broadcast.published();
      },
      packet: (packet) => {
        if (isFed) broadcast.packet(packet);
      },
      interrupted,
      ended: interrupted,
      lost: () => {
        if (this.#mirrors.get(key) !== drop) return;
        this.#mirrors.delete(key);
        interrupted();
        this.#forgetIfUnused(broadcast);
      },
    });
  }

  #broadcast(key: StreamKey): Broadcast {
    let broadcast = this.#broadcasts.get(key);
    if (!broadcast) {
      broadcast = new Broadcast({
        key,
        bframes: this.#seed.options.rtc.bframes,
        ffmpeg: this.#seed.ffmpeg,
        log: this.#log,
        onKeyframeWanted: () => {
          for (const [publisher, published] of this.#publishers) if (published === key) publisher.requestKeyframe();
        },
      });
      this.#broadcasts.set(key, broadcast);
    }
    return broadcast;
  }

  #forgetIfUnused(broadcast: Broadcast): void {
    if (!broadcast.isUnused || this.#mirrors.has(broadcast.key)) return;
    if (this.#broadcasts.get(broadcast.key) !== broadcast) return;
    // Those that connect now belong to it already.
    for (const { peer } of this.#sessions.values())
      if (peer instanceof RtcViewer && peer.broadcast === broadcast) return;
    this.#broadcasts.delete(broadcast.key);
    this.#count(broadcast);
  }

  /** What its viewers were sent since the last time. */
  #count(broadcast: Broadcast): void {
    const { sentBytes } = broadcast;
    this.#meter.totals.sentBytes += sentBytes - (this.#counted.get(broadcast) ?? 0);
    this.#counted.set(broadcast, sentBytes);
  }

  #endBroadcast(key: StreamKey, reason: EndReason): void {
    const broadcast = this.#broadcasts.get(key);
    this.#mirrors.get(key)?.();
    this.#mirrors.delete(key);
    this.#broadcasts.delete(key);
    if (broadcast) this.#count(broadcast);
    broadcast?.ended(reason);
  }

  /** The peer is gone, or the server ended it. */
  #gone(clientId: string, reason: EndReason): void {
    if (!this.#sessions.has(clientId)) return;
    this.#forget(clientId);
    this.#link.send({ type: 'gone', clientId, reason });
  }

  #forget(clientId: string): void {
    const session = this.#sessions.get(clientId);
    if (!session) return;
    this.#sessions.delete(clientId);
    session.close();
    const { peer } = session;
    if (peer instanceof RtcPublisher) this.#publishers.delete(peer);
    else this.#forgetIfUnused(peer.broadcast);
    if (this.#publishers.size > 0) return;
    clearInterval(this.#ingestTick);
    this.#ingestTick = undefined;
  }

  #tickIngest(): void {
    const nowMs = ingestNowMs();
    for (const publisher of [...this.#publishers.keys()]) publisher.tick(nowMs);
  }

  #everySecond(): void {
    const nowMs = Date.now();
    for (const broadcast of this.#broadcasts.values()) {
      broadcast.tick(nowMs);
      this.#count(broadcast);
    }
    for (const session of [...this.#sessions.values()]) session.tick(nowMs);
    const streams = [...this.#broadcasts.values()].map(reportBroadcast);
    const publishers = [...this.#publishers].flatMap(([{ clientId, rttMs }, key]) =>
      rttMs === undefined ? [] : [{ key, clientId, rttMs }],
    );
    this.#link.send({ type: 'stats', atMs: nowMs, streams, publishers, thread: this.#meter.read() });
  }

  #traffic(): TrafficReply {
    return [...this.#sessions].map(([clientId, { peer }]) => ({ clientId, ...bytesOf(peer) }));
  }

  #stop(): void {
    clearInterval(this.#second);
    this.#meter.close();
    for (const session of [...this.#sessions.values()]) session.peer.finish('server_stopping');
    this.#hops.close();
    this.#link.send({ type: 'drained' });
  }
}

function bytesOf(peer: SessionPeer): { sendBytes: number; recvBytes: number } {
  return peer instanceof RtcPublisher
    ? { sendBytes: 0, recvBytes: peer.recvBytes }
    : { sendBytes: peer.sentBytes, recvBytes: 0 };
}

function reportBroadcast(broadcast: Broadcast): StreamReport {
  return {
    key: broadcast.key,
    owner: false,
    viewers: broadcast.viewers.size,
    sentBytes: broadcast.sentBytes,
    notices: broadcast.notices,
    recvBytes: 0,
    recvBps: 0,
    frames: 0,
    fps: 0,
    lastPacketAtMs: 0,
    lastDtsMs: 0,
  };
}

function isEverywhere(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}
