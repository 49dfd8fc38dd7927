import type {
  EngineCapabilities,
  EngineClient,
  EngineEvent,
  EngineHandler,
  EngineFinding,
  EngineHealth,
  EnginePoster,
  EnginePush,
  EngineRendition,
  EngineRelay,
  EngineStream,
  IceServer,
  MediaEngine,
  PlayUrls,
  PlayVerdict,
  PublicEngineClient,
  PublishUrls,
  PublishVerdict,
  Site,
  StreamName,
  StreamOrigin,
  UrlPorts,
  UrlTarget,
} from '../src/engine/contract.ts';

import { flvPlayUrls, flvPublishUrls, mediaOrigin } from '../src/engine/urls.ts';
import { videoImporter } from '../src/engine/embedded/video-importer.ts';
import { FakeRecorder } from './fake-recorder.ts';
import { FakeRtc } from './fake-rtc.ts';

const PORTS = { rtmp: 1935, http: 8080, https: 8444, rtc: 8000 };

/** A media engine without media: a test publishes, drops and plays by calling it. */
export class FakeEngine implements MediaEngine {
  readonly capabilities: EngineCapabilities = {
    rtmp: true,
    httpFlv: true,
    httpFlvPublish: true,
    wsFlv: true,
    wsFlvPublish: true,
    takeover: true,
    hls: false,
    llHls: false,
    webrtc: true,
  };
  readonly rtc = new FakeRtc({
    publish: async ({ app, stream, param }) => {
      const verdict = await this.publish(stream, param, app);
      return verdict.action === 'deny' ? verdict : undefined;
    },
    play: async ({ app, stream, param }, onKicked) => {
      const { verdict, leave } = await this.play(stream, param, app, onKicked);
      return verdict.action === 'deny' ? verdict : { leave };
    },
    isPublishing: (stream) => this.#streams.get(stream)?.state === 'publishing',
    drop: (stream) => {
      if (this.#streams.get(stream)?.state === 'publishing') this.drop(stream);
    },
  });
  /** What is sent on, by id, with the addresses that nobody else may see. */
  readonly pushed = new Map<string, EnginePush & { url: string }>();
  readonly relay: EngineRelay = {
    startPush: async ({ app, stream }, { id, url }) => {
      if (!this.#streams.has(stream)) return false;
      const numbers = { sinceMs: Date.now(), sentBytes: 0, bitrateBps: 0, attempts: 0 };
      this.pushed.set(id, { id, app, stream, url, state: 'pushing', ...numbers });
      return true;
    },
    stopPush: async (id) => this.pushed.delete(id),
    pushes: async () => [...this.pushed.values()].map(({ url: _, ...push }) => push),
  };
  /** The real one: files are files. */
  readonly importer = videoImporter;
  readonly recorder = new FakeRecorder({
    isPublished: (stream) => this.#streams.has(stream),
    tell: (event) => this.#tell(event),
  });
  readonly posters = new Map<string, EnginePoster>();
  readonly #renditions = new Map<string, EngineRendition[]>();
  readonly ended: string[] = [];
  /** Streams that it has from another node by now. */
  readonly foreign = new Set<string>();
  /** `STREAM CREDENTIAL` of publishers that send nothing any more. */
  readonly silent = new Set<string>();
  isHealthy = true;
  /** How each viewer's connection ends. */
  readonly #viewers = new Map<string, () => void>();
  readonly #streams = new Map<string, EngineStream>();
  #handler: EngineHandler | undefined;
  #nextClient = 1;

  async start(handler: EngineHandler): Promise<void> {
    this.#handler = handler;
  }

  prepareStop(): void {}

  async stop(): Promise<void> {
    for (const stream of [...this.#streams.keys()]) this.finish(stream);
  }

  health(): EngineHealth {
    return { ok: this.isHealthy, workers: 1, workersUp: this.isHealthy ? 1 : 0 };
  }

  playUrls(target: UrlTarget): PlayUrls {
    return flvPlayUrls(PORTS, target);
  }

  publishUrls(target: UrlTarget): PublishUrls {
    return flvPublishUrls(PORTS, target);
  }

  connectOrigins(site: Site): string[] {
    return Object.values(mediaOrigin(PORTS, site));
  }

  iceServers(user: string): IceServer[] {
    return [{ urls: ['turn:turn.example.org:3478'], username: `9999999999:${user}`, credential: 'made-for-them' }];
  }

  ports(): UrlPorts {
    return PORTS;
  }

  /** What another node asks before it lets somebody publish; here everybody is silent who dropped. */
  async yieldStream({ stream }: StreamName, credential: string): Promise<boolean> {
    const found = this.#streams.get(stream);
    if (found?.state !== 'publishing') return true;
    if (!this.silent.has(`${stream} ${credential}`)) return false;
    return this.drop(stream);
  }

  addresses(): string[] {
    return [];
  }

  async streams(): Promise<EngineStream[]> {
    return [...this.#streams.values()].filter(({ stream }) => !this.foreign.has(stream));
  }

  async passedOn(): Promise<EngineStream[]> {
    return [...this.#streams.values()].filter(({ stream }) => this.foreign.has(stream));
  }

  poster({ stream }: StreamName): EnginePoster | undefined {
    return this.posters.get(stream);
  }

  renditions({ stream }: StreamName): readonly EngineRendition[] {
    return this.#streams.get(stream)?.state === 'publishing' ? (this.#renditions.get(stream) ?? []) : [];
  }

  /** What a stream can be played as has become known. */
  offer(stream: string, renditions: EngineRendition[]): void {
    this.#renditions.set(stream, renditions);
    this.#tell({ type: 'renditions', app: 'live', stream, atMs: Date.now() });
  }

  /** A picture was made; the first of a broadcast is told of. */
  picture(stream: string, poster: EnginePoster): void {
    const isFirst = !this.posters.has(stream);
    this.posters.set(stream, poster);
    if (isFirst) this.#tell({ type: 'poster', app: 'live', stream, atMs: poster.atMs });
  }

  /** All that is found of a stream now. */
  find(stream: string, ...findings: EngineFinding[]): void {
    const found = this.#streams.get(stream);
    if (found === undefined) throw new Error(`nobody publishes ${stream}`);
    found.findings = findings;
    this.#tell({ type: 'findings', app: 'live', stream, findings, atMs: Date.now() });
  }

  async endStream({ stream }: StreamName): Promise<boolean> {
    this.ended.push(stream);
    return this.finish(stream);
  }

  async kickPublisher({ stream }: StreamName): Promise<boolean> {
    return this.drop(stream);
  }

  async kickClient(clientId: string): Promise<boolean> {
    const kick = this.#viewers.get(clientId);
    kick?.();
    return kick !== undefined;
  }

  /** Media connections that play. */
  get viewers(): number {
    return this.#viewers.size;
  }

  /** What a publisher with this `param` (`?key=…`) is told; allowed, it publishes. */
  async publish(stream: string, param: string, app = 'live'): Promise<PublishVerdict> {
    const client = this.#client(app, stream, param);
    const verdict = await this.#ask().authorizePublish(client);
    if (verdict.action === 'publish') this.begin(stream, client);
    return verdict;
  }

  /** Publishing without asking, as a stream that the platform does not know of yet. */
  begin(stream: string, client: EngineClient = this.#client('live', stream, ''), isTold = true): void {
    const resumed = this.#streams.has(stream);
    const { param: _, ...publisher } = client;
    this.#streams.set(stream, {
      app: 'live',
      stream,
      state: 'publishing',
      startedAtMs: Date.now(),
      publisher,
      viewers: 0,
      recvBps: 1_000_000,
      sendBps: 0,
      fps: 25,
      video: { codec: 'h264', width: 640, height: 360 },
      audio: { codec: 'aac' },
    });
    this.rtc.published();
    if (isTold) this.#tell({ type: 'published', app: 'live', stream, client: publisher, resumed, atMs: Date.now() });
  }

  /** The publisher vanishes; the engine's grace begins. */
  drop(stream: string): boolean {
    const found = this.#streams.get(stream);
    if (found?.publisher === undefined) return false;
    found.state = 'interrupted';
    this.rtc.dropped(stream, 'kicked');
    this.#tell({ type: 'interrupted', app: 'live', stream, client: found.publisher, reason: 'gone', atMs: Date.now() });
    return true;
  }

  /** The engine's grace is over, or it was told to end. */
  finish(stream: string): boolean {
    if (!this.#streams.delete(stream)) return false;
    this.posters.delete(stream);
    for (const [id, push] of this.pushed) if (push.stream === stream) this.pushed.delete(id);
    this.rtc.dropped(stream, 'over');
    this.recorder.ended(stream);
    this.#tell({ type: 'ended', app: 'live', stream, reason: 'over', atMs: Date.now() });
    return true;
  }

  /** Where a stream is fetched from that somebody here wants. */
  async origin(stream: string): Promise<StreamOrigin | undefined> {
    return this.#ask().findOrigin?.({ app: 'live', stream });
  }

  /** A viewer asks; let in, it plays. `leave` ends it. */
  async play(
    stream: string,
    param = '',
    app = 'live',
    onKicked = (): void => {},
  ): Promise<{ verdict: PlayVerdict; leave(): void }> {
    const { param: _, ...client } = this.#client(app, stream, param);
    const verdict = await this.#ask().authorizePlay({ ...client, param });
    if (verdict.action !== 'play' || verdict.passesOn === true) return { verdict, leave: () => {} };
    const viewer = verdict.viewer ?? client.clientId;
    this.#tell({ type: 'playing', app, stream, client, viewer, atMs: Date.now() });
    const leave = (): void => {
      if (!this.#viewers.delete(client.clientId)) return;
      this.#tell({ type: 'stopped', app, stream, client, viewer, reason: 'closed', atMs: Date.now() });
    };
    this.#viewers.set(client.clientId, () => {
      leave();
      onKicked();
    });
    return { verdict, leave };
  }

  #client(app: string, stream: string, param: string): EngineClient & PublicEngineClient {
    return { clientId: `client-${this.#nextClient++}`, protocol: 'rtmp', address: '127.0.0.1', app, stream, param };
  }

  #ask(): EngineHandler {
    if (this.#handler === undefined) throw new Error('the fake engine is not started');
    return this.#handler;
  }

  #tell(event: EngineEvent): void {
    this.#handler?.notify(event);
  }
}
