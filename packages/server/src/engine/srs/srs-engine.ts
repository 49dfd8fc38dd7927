import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { StateCenter } from '../../state/contract.ts';
import type {
  Denial,
  EngineCallbacks,
  EngineCapabilities,
  EngineClient,
  EngineEvent,
  EngineHandler,
  EngineHealth,
  EngineStream,
  MediaEngine,
  PlayUrls,
  IceServer,
  PublicEngineClient,
  PublishUrls,
  Site,
  StreamName,
  UrlTarget,
} from '../contract.ts';
import { flvPlayUrls, hlsPlayUrls, mediaOrigin, rtcPlayUrls, rtcPublishUrls, rtmpPublishUrl } from '../urls.ts';
import { SrsCarried, keyOf, type Look } from './carried.ts';
import { isOfServer, srsIdOf } from './client-id.ts';
import { SrsDuty } from './duty.ts';
import { hookCodeOf, sameSecret, takeHeartbeat, takeHook, type SrsHookTarget } from './hooks.ts';
import { measureSrs } from './metrics.ts';
import { carrierOf, originOf, playServerOf } from './place.ts';
import { SrsRtcExchange, type RtcNews } from './rtc-exchange.ts';
import { SrsRtcHttp } from './rtc-http.ts';
import type { SrsServer } from './server.ts';

const LOOK_EVERY_MS = 10_000;
/** How old lists may be that are shown. */
const FRESH_MS = 500;
/** After somebody was let in to publish: when they are looked for in SRS's lists. */
const CONFIRM_AFTER_MS = [150, 300, 600, 1200, 2500, 5000];
/** Viewers that are known; more are refused. */
const MAX_VIEWERS = 200_000;
/** Kicks under way at one time. */
const KICKS = 8;
/** For who comes second. */
const BUSY: Denial = {
  ...{ action: 'deny', status: 409, code: 'already_publishing' },
  message: 'Somebody publishes this stream already.',
};
const UNAVAILABLE = 503;

export interface SrsEngineOptions {
  servers: readonly SrsServer[];
  /** In the path of the hooks. */
  hooksSecret: string;
  graceMs: number;
  /** Of SRS's proxy, where one stands before the origins and decides which of them gets a stream. */
  proxyApiUrl?: string;
  /** Whether public rooms are offered by HLS. */
  hls: boolean;
  /** STUN and TURN for one user's browser. */
  iceServers(user: string): IceServer[];
  state: StateCenter;
  logger: Logger;
  now(): number;
}

/**
 * An SRS server or cluster (https://ossrs.io) over its HTTP API and its hooks. What it carries is told by the hooks, and
 * compared with its lists every 10 s and whenever something is doubtful.
 */
export class SrsEngine implements MediaEngine {
  readonly capabilities: EngineCapabilities;
  readonly callbacks: EngineCallbacks;
  readonly rtc: SrsRtcExchange;
  readonly rtcHttp: SrsRtcHttp;
  readonly #options: SrsEngineOptions;
  readonly #carried: SrsCarried;
  readonly #duty: SrsDuty;
  readonly #edges: ReadonlySet<string>;
  /** Per stream, who asks to publish it: one after the other. */
  readonly #asking = new Map<string, Promise<number>>();
  readonly #startedAt = new Map<string, number>();
  readonly #confirming = new Set<NodeJS.Timeout>();
  readonly #refused = { publish: 0, play: 0 };
  #handler: EngineHandler | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #lookedAtMs = -Infinity;
  readonly #away = new Set<SrsServer>();
  #isStopping = false;
  #hasLooked = false;

  constructor(options: SrsEngineOptions) {
    this.#options = options;
    const { servers, hls, graceMs, now, state, logger } = options;
    this.capabilities = {
      ...{ rtmp: true, httpFlv: true, takeover: true, webrtc: true, hls, shared: true },
      ...{ httpFlvPublish: false, wsFlv: false, wsFlvPublish: false, llHls: false },
    };
    this.#edges = new Set(
      servers.map(({ options: { address } }) => address).filter((address) => address !== undefined),
    );
    this.#carried = new SrsCarried({ emit: (event) => this.#tell(event), now, graceMs });
    const target = this.#target();
    this.#duty = new SrsDuty({
      ...{ state, logger, secret: options.hooksSecret },
      answer: (body) => takeHook(body, target),
      onChange: () => this.#changeDuty(),
      onNews: (news) => this.rtc.told(news as RtcNews),
    });
    this.callbacks = {
      knows: (secret) => sameSecret(secret, options.hooksSecret),
      hook: (body) => this.#duty.ask(body),
      heartbeat: async (body) => takeHeartbeat(body, target),
    };
    this.rtc = new SrsRtcExchange({
      handler: () => (this.#isStopping ? undefined : this.#handler),
      apiOf: (intent, stream) =>
        options.proxyApiUrl ??
        (intent === 'publish' ? originOf(this.#origins(), stream) : carrierOf(servers, stream)).options.api.url,
      kick: (clientId) => this.kickClient(clientId),
      tell: (news) => this.#duty.tell(news),
      ...{ secret: options.hooksSecret, authorization: servers[0]?.options.api.authorization, now },
    });
    this.rtcHttp = new SrsRtcHttp(this.rtc);
  }

  /** Whether this node reports what SRS carries; another does otherwise. */
  get isOnDuty(): boolean {
    return this.#duty.isOnDuty;
  }

  async start(handler: EngineHandler): Promise<void> {
    this.#handler = handler;
    await this.#duty.start();
    // An SRS that is away now is there later; what it carries goes on without us.
    await this.#lookAround();
    this.#schedule();
  }

  prepareStop(): void {
    this.#isStopping = true;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#timer);
    for (const timer of this.#confirming) clearTimeout(timer);
    this.#confirming.clear();
    await this.#duty.stop();
    this.#carried.forget();
  }

  /** Not well when no origin answers; those who watch may still watch. */
  health(): EngineHealth {
    const { servers } = this.#options;
    const workersUp = servers.filter(({ isUp }) => isUp).length;
    return { ok: this.#origins().some(({ isUp }) => isUp), workers: servers.length, workersUp };
  }

  playUrls(target: UrlTarget): PlayUrls {
    const { servers, hls } = this.#options;
    const { options } = playServerOf(servers, target);
    const here = { ...target, host: options.publicHost ?? target.host };
    const { wsFlv: _none, ...flv } = flvPlayUrls(options.ports, here);
    const carrier = carrierOf(servers, target).options;
    const there = { ...target, host: carrier.publicHost ?? target.host };
    // A token says that not everybody may watch: SRS's segments would be there for everybody.
    const isOpen = hls && target.query['token'] === undefined;
    return {
      ...flv,
      ...(isOpen ? hlsPlayUrls(carrier.ports, there) : {}),
      ...rtcPlayUrls(carrier.ports, there),
    };
  }

  publishUrls(target: UrlTarget): PublishUrls {
    const origin = originOf(this.#origins(), target).options;
    const there = { ...target, host: origin.publicHost ?? target.host };
    return { rtmp: rtmpPublishUrl(origin.ports, there), ...rtcPublishUrls(origin.ports, there) };
  }

  connectOrigins(site: Site): string[] {
    const origins = this.#options.servers.map(({ options: { ports, publicHost } }) => {
      const { http } = mediaOrigin(ports, { ...site, host: publicHost ?? site.host });
      return http;
    });
    return [...new Set(origins)];
  }

  iceServers(user: string): IceServer[] {
    return this.#options.iceServers(user);
  }

  addresses(host: string): string[] {
    return this.#options.servers.map(({ options: { name, role, publicHost, ports } }) => {
      const at = publicHost ?? host;
      return `SRS    ${role} ${name}: rtmp://${at}:${ports.rtmp}/live, http://${at}:${ports.http}/live/STREAM.flv`;
    });
  }

  /**
   * Those that it carries; on a node that is not on duty none. Of a server that does not answer what its lists said last,
   * until it is lost.
   */
  async streams(): Promise<EngineStream[]> {
    if (!this.#duty.isOnDuty) return [];
    const origins = this.#origins();
    // Who asks is not kept waiting for one that is away.
    if (this.#options.now() - this.#lookedAtMs >= FRESH_MS && origins.some(({ isUp }) => isUp))
      await this.#lookAround();
    return origins.flatMap(({ seen, isLost }) =>
      isLost
        ? []
        : seen.flatMap(({ clientId, ...stream }): EngineStream[] => {
            const publisher = this.#carried.publisherOf(stream);
            if (clientId === undefined || publisher === undefined) return [];
            const viewers = this.#carried.viewersOf(stream).length;
            const startedAtMs = this.#startedAt.get(keyOf(stream)) ?? this.#options.now();
            return [{ ...stream, state: 'publishing', startedAtMs, publisher, viewers }];
          }),
    );
  }

  /** Names of all streams that somebody publishes, as far as is known; undefined before any server has answered. */
  published(): ReadonlySet<string> | undefined {
    if (!this.#hasLooked) return undefined;
    const publishing = this.#origins()
      .filter(({ isLost }) => !isLost)
      .flatMap(({ seen }) => seen.filter(({ clientId }) => clientId !== undefined));
    return new Set(publishing.map(keyOf));
  }

  async endStream(stream: StreamName): Promise<boolean> {
    const publisher = this.#carried.publisherOf(stream) ?? this.#carried.admittedTo(stream);
    const viewers = this.#carried.viewersOf(stream);
    const wasCarried = this.#carried.end(stream, 'ended');
    // One who could not be cut is found by the next look, and has no right any more.
    await this.#kickAll(publisher === undefined ? viewers : [publisher, ...viewers]);
    return wasCarried || publisher !== undefined;
  }

  /** On any node: whoever is in the lists. */
  async kickPublisher(stream: StreamName): Promise<boolean> {
    const known = this.#carried.publisherOf(stream)?.clientId ?? this.#carried.admittedTo(stream)?.clientId;
    if (known !== undefined) return this.kickClient(known);
    for (const server of this.#origins()) {
      const found = server.seen.find((seen) => keyOf(seen) === keyOf(stream));
      if (found?.clientId !== undefined) return server.kick(found.clientId);
    }
    return false;
  }

  async kickClient(clientId: string): Promise<boolean> {
    const its = this.#options.servers.filter(({ id }) => id !== undefined && isOfServer(clientId, id));
    // One that was started anew has another name; ids are random, so that no other's client has this one.
    for (const server of its.length > 0 ? its : this.#options.servers)
      if (await server.kick(srsIdOf(clientId))) return true;
    return false;
  }

  measure(registry: Registry): void {
    measureSrs(registry, { servers: this.#options.servers, healed: this.#carried.healed, refused: this.#refused });
  }

  #origins(): SrsServer[] {
    return this.#options.servers.filter(({ options }) => options.role === 'origin');
  }

  #target(): SrsHookTarget {
    const carried = this.#carried;
    return {
      publish: (client) => this.#publish(client),
      play: (client) => this.#play(client),
      unpublished: (client) => carried.left(client.clientId, client, 'closed'),
      stopped: (clientId) => carried.stopped(clientId, 'closed'),
      closed: (clientId) => carried.closed(clientId),
      called: (identity) => {
        const isNew = this.#options.servers.some((server) => server.called(identity));
        if (isNew) void this.#lookAround();
      },
    };
  }

  /** Who comes later for the same stream waits until it is known what became of who came first. */
  async #publish(client: EngineClient): Promise<number> {
    const key = keyOf(client);
    const before = this.#asking.get(key) ?? Promise.resolve(0);
    const answer = before.then(() => this.#judgePublisher(client)).catch((error: unknown) => this.#failed(error));
    this.#asking.set(key, answer);
    const code = await answer;
    if (this.#asking.get(key) === answer) this.#asking.delete(key);
    if (code !== 0) this.#refused.publish++;
    return code;
  }

  async #judgePublisher({ param, ...client }: EngineClient): Promise<number> {
    if (this.#handler === undefined || this.#isStopping) return UNAVAILABLE;
    const rival = (): PublicEngineClient | undefined => {
      const other = this.#carried.publisherOf(client) ?? this.#carried.admittedTo(client);
      return other?.clientId === client.clientId ? undefined : other;
    };
    const verdict = await this.#handler.authorizePublish({ ...client, param });
    await this.rtc.heard(param, verdict.action === 'deny' ? { denial: verdict } : { clientId: client.clientId });
    if (verdict.action === 'deny') return hookCodeOf(verdict);
    // SRS would refuse a second one itself, but only on the same server, and without telling of its end.
    if (rival() !== undefined) await this.#lookAround();
    const other = rival();
    if (other === undefined) {
      this.#carried.admit(client, verdict.credential);
      this.#confirm(client);
      return 0;
    }
    // An encoder that lost its connection: the dead one goes, and its next attempt is let in.
    if (this.#carried.mayBeReplaced(client, verdict.credential)) await this.kickClient(other.clientId);
    await this.rtc.heard(param, { denial: BUSY });
    return hookCodeOf(BUSY);
  }

  #tell(event: EngineEvent): void {
    const key = keyOf(event);
    if (event.type === 'published' && !this.#startedAt.has(key)) this.#startedAt.set(key, event.atMs);
    if (event.type === 'ended') this.#startedAt.delete(key);
    if (event.type === 'interrupted' || event.type === 'stopped') void this.rtc.ended(event.client, event.reason);
    this.#handler?.notify(event);
  }

  async #play({ param, ...client }: EngineClient): Promise<number> {
    if (this.#handler === undefined || this.#isStopping) return UNAVAILABLE;
    if (this.#isEdge(client)) return 0;
    if (this.#carried.viewerCount >= MAX_VIEWERS) return UNAVAILABLE;
    const verdict = await this.#handler
      .authorizePlay({ ...client, param })
      .catch((error: unknown) => this.#failed(error));
    if (typeof verdict === 'number' || verdict.action === 'deny') {
      this.#refused.play++;
      if (typeof verdict === 'number') return verdict;
      await this.rtc.heard(param, { denial: verdict });
      return hookCodeOf(verdict);
    }
    await this.rtc.heard(param, { clientId: client.clientId });
    this.#carried.playing(client, verdict.viewer ?? client.clientId);
    return 0;
  }

  /**
   * What an edge fetches of an origin was judged there, for each of its viewers. By RTMP: whoever asks SRS by HTTP says by
   * `X-Forwarded-For` which address it has.
   */
  #isEdge({ protocol, address, clientId }: PublicEngineClient): boolean {
    if (protocol !== 'rtmp' || !this.#edges.has(address)) return false;
    return this.#origins().some(({ id }) => id !== undefined && isOfServer(clientId, id));
  }

  #failed(error: unknown): number {
    this.#options.logger.error({ err: error }, 'a hook of SRS could not be judged');
    return UNAVAILABLE;
  }

  /** A publisher is current only when SRS's lists say so. */
  #confirm(client: PublicEngineClient): void {
    const [firstMs, ...others] = CONFIRM_AFTER_MS;
    const later = (afterMs: number | undefined, rest: readonly number[]): void => {
      if (afterMs === undefined || this.#isStopping) return;
      const timer = setTimeout(() => {
        this.#confirming.delete(timer);
        void this.#lookAround().then(() => {
          if (this.#carried.admittedTo(client)?.clientId === client.clientId) later(rest[0], rest.slice(1));
        });
      }, afterMs);
      timer.unref();
      this.#confirming.add(timer);
    };
    later(firstMs, others);
  }

  /** Compares with what every server's lists say. A server that does not answer changes nothing until it is lost. */
  #lookAround(): Promise<void> {
    this.#looking ??= this.#lookAtAll().finally(() => {
      this.#looking = undefined;
      this.#lookedAtMs = this.#options.now();
    });
    return this.#looking;
  }

  async #lookAtAll(): Promise<void> {
    await Promise.all(
      this.#options.servers.map(async (server) => {
        const wasUp = server.isUp;
        try {
          const look = await server.look(this.#edges);
          this.#hasLooked = true;
          this.#away.delete(server);
          if (!wasUp) this.#options.logger.info({ srs: server.options.name }, 'SRS answers');
          if (this.#duty.isOnDuty && !this.#isStopping) await this.#compare(look);
        } catch (error) {
          // Said once each time.
          if (!this.#away.has(server))
            this.#options.logger.warn({ srs: server.options.name, reason: reasonOf(error) }, 'SRS does not answer');
          this.#away.add(server);
          if (server.isLost && server.id !== undefined && this.#duty.isOnDuty) this.#carried.lost(server.id);
        }
      }),
    );
  }

  async #compare(look: Look): Promise<void> {
    const { publishers, viewers } = this.#carried.compare(look);
    for (const publisher of publishers) {
      this.#options.logger.error(
        { stream: publisher.stream, client: publisher.clientId },
        'SRS let somebody publish without asking: set on_publish of its http_hooks; they are cut',
      );
    }
    await this.#kickAll(publishers);
    for (const viewer of viewers) {
      const adopted = await this.#handler?.adoptViewer?.(viewer);
      if (adopted !== undefined) this.#carried.found(viewer, adopted.viewer ?? viewer.clientId);
    }
  }

  async #kickAll(clients: readonly PublicEngineClient[]): Promise<void> {
    const waiting = [...clients];
    const work = async (): Promise<void> => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
        await this.kickClient(next.clientId).catch((error: unknown) =>
          this.#options.logger.warn({ err: error }, 'a client of SRS was not cut'),
        );
    };
    await Promise.all(Array.from({ length: KICKS }, work));
  }

  #changeDuty(): void {
    this.#carried.forget();
    this.#startedAt.clear();
    if (this.#duty.isOnDuty && this.#handler !== undefined) void this.#lookAround();
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      void this.#lookAround().then(() => {
        if (!this.#isStopping) this.#schedule();
      });
    }, LOOK_EVERY_MS);
    this.#timer.unref();
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
