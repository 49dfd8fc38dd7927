import {
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  handleAll,
  isBrokenCircuitError,
  timeout,
  TimeoutStrategy,
  wrap,
} from 'cockatiel';
import type { Registry } from 'prom-client';
import { NO_TRACER, type Tracer } from '../http/trace.ts';
import {
  EngineUnavailableError,
  type EngineCallbacks,
  type EngineHandler,
  type EngineHealth,
  type EngineImporter,
  type EngineRecorder,
  type EnginePoster,
  type EngineRelay,
  type EngineRendition,
  type EngineStream,
  type IceServer,
  type MediaEngine,
  type PlayUrls,
  type PublishUrls,
  type RtcSignaling,
  type Site,
  type StreamName,
  type UrlPorts,
  type UrlTarget,
} from './contract.ts';

const TIMEOUT_MS = 3000;
/** A viewer may wait 30 s for a publisher. */
const OPEN_TIMEOUT_MS = 35_000;
const FAILURES = 5;
const RETRY_AFTER_MS = 2000;

/** A media engine whose questions end in time: one that does not answer is not asked again for a moment. */
export class GuardedEngine implements MediaEngine {
  readonly #engine: MediaEngine;
  readonly #tracer: Tracer;
  readonly #breaker = circuitBreaker(handleAll, {
    breaker: new ConsecutiveBreaker(FAILURES),
    halfOpenAfter: RETRY_AFTER_MS,
  });
  readonly #policy = wrap(this.#breaker, timeout(TIMEOUT_MS, TimeoutStrategy.Aggressive));
  readonly #patientPolicy = wrap(this.#breaker, timeout(OPEN_TIMEOUT_MS, TimeoutStrategy.Aggressive));
  #guardedRtc: RtcSignaling | undefined;

  constructor(engine: MediaEngine, tracer: Tracer = NO_TRACER) {
    this.#engine = engine;
    this.#tracer = tracer;
  }

  get breaker(): 'closed' | 'open' | 'half-open' {
    if (this.#breaker.state === CircuitState.Closed) return 'closed';
    return this.#breaker.state === CircuitState.HalfOpen ? 'half-open' : 'open';
  }

  get capabilities(): MediaEngine['capabilities'] {
    return this.#engine.capabilities;
  }

  start(handler: EngineHandler): Promise<void> {
    return this.#engine.start(handler);
  }

  prepareStop(): void {
    this.#engine.prepareStop();
  }

  stop(): Promise<void> {
    return this.#engine.stop();
  }

  async reloadTls(): Promise<void> {
    await this.#engine.reloadTls?.();
  }

  health(): EngineHealth {
    return this.#engine.health();
  }

  playUrls(target: UrlTarget): PlayUrls {
    return this.#engine.playUrls(target);
  }

  publishUrls(target: UrlTarget): PublishUrls {
    return this.#engine.publishUrls(target);
  }

  connectOrigins(site: Site): string[] {
    return this.#engine.connectOrigins(site);
  }

  httpTarget(): { host: string; port: number } | undefined {
    return this.#engine.httpTarget?.();
  }

  /** Undefined for an engine whose addresses are the same on all nodes. */
  ports(): UrlPorts | undefined {
    return this.#engine.ports?.();
  }

  addresses(host: string): string[] {
    return this.#engine.addresses(host);
  }

  streams(): Promise<EngineStream[]> {
    return this.#ask('streams', () => this.#engine.streams());
  }

  async passedOn(): Promise<EngineStream[]> {
    return this.#ask('passedOn', async () => (await this.#engine.passedOn?.()) ?? []);
  }

  yieldStream(stream: StreamName, credential: string): Promise<boolean> {
    return this.#ask('yieldStream', async () => (await this.#engine.yieldStream?.(stream, credential)) ?? false);
  }

  endStream(stream: StreamName): Promise<boolean> {
    return this.#ask('endStream', () => this.#engine.endStream(stream));
  }

  kickPublisher(stream: StreamName): Promise<boolean> {
    return this.#ask('kickPublisher', () => this.#engine.kickPublisher(stream));
  }

  kickClient(clientId: string): Promise<boolean> {
    return this.#ask('kickClient', () => this.#engine.kickClient(clientId));
  }

  renditions(stream: StreamName): readonly EngineRendition[] {
    return this.#engine.renditions?.(stream) ?? [];
  }

  poster(stream: StreamName): EnginePoster | undefined {
    return this.#engine.poster?.(stream);
  }

  get rtcHttp(): MediaEngine['rtcHttp'] {
    return this.#engine.rtcHttp;
  }

  get rtc(): RtcSignaling | undefined {
    const { rtc } = this.#engine;
    if (rtc === undefined) return undefined;
    this.#guardedRtc ??= {
      open: async (offer) => {
        // Whether an engine is back is never asked by a question that may take half a minute: others would wait for it.
        if (this.breaker !== 'closed') await this.streams();
        return this.#ask('openRtc', () => rtc.open(offer), this.#patientPolicy);
      },
      trickle: (sessionId, candidate) => this.#ask('trickleRtc', () => rtc.trickle(sessionId, candidate)),
      close: (sessionId) => this.#ask('closeRtc', () => rtc.close(sessionId)),
      onClosed: (listener) => rtc.onClosed(listener),
    };
    return this.#guardedRtc;
  }

  iceServers(user: string): IceServer[] {
    return this.#engine.iceServers?.(user) ?? [];
  }

  get relay(): EngineRelay | undefined {
    const { relay } = this.#engine;
    return (
      relay && {
        startPush: (stream, push) => this.#ask('startPush', () => relay.startPush(stream, push)),
        stopPush: (id) => this.#ask('stopPush', () => relay.stopPush(id)),
        pushes: () => this.#ask('pushes', () => relay.pushes()),
      }
    );
  }

  /** What is done with files on this machine takes its time, and says nothing of the engine's health. */
  get recorder(): EngineRecorder | undefined {
    const { recorder } = this.#engine;
    return (
      recorder && {
        start: (stream, recording) => this.#ask('startRecording', () => recorder.start(stream, recording)),
        stop: (id) => this.#ask('stopRecording', () => recorder.stop(id)),
        list: () => this.#ask('recordings', () => recorder.list()),
        recover: (folder) => recorder.recover(folder),
        index: (file) => recorder.index(file),
        playlist: (parts) => recorder.playlist(parts),
        poster: (file, atMs) => recorder.poster(file, atMs),
      }
    );
  }

  get importer(): EngineImporter | undefined {
    return this.#engine.importer;
  }

  get callbacks(): EngineCallbacks | undefined {
    return this.#engine.callbacks;
  }

  get isOnDuty(): boolean {
    return this.#engine.isOnDuty !== false;
  }

  published(): ReadonlySet<string> | undefined {
    return this.#engine.published?.();
  }

  measure(registry: Registry): void {
    this.#engine.measure?.(registry);
  }

  /** @throws EngineUnavailableError */
  async #ask<Answer>(what: string, question: () => Promise<Answer>, policy = this.#policy): Promise<Answer> {
    try {
      return await this.#tracer.span(`engine ${what}`, {}, () => policy.execute(question));
    } catch (error) {
      throw new EngineUnavailableError({ cause: isBrokenCircuitError(error) ? undefined : error });
    }
  }
}
