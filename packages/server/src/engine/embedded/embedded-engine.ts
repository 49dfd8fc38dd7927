import { MediaServer, type MediaOptions, type MediaPorts } from '@kaibo/media';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import {
  EnginePortError,
  type EngineCapabilities,
  type EngineHandler,
  type EngineHealth,
  type EngineRecorder,
  type EnginePoster,
  type EngineRelay,
  type EngineRendition,
  type EngineStream,
  type IceServer,
  type MediaEngine,
  type PlayUrls,
  type PublishUrls,
  type Site,
  type StreamName,
  type UrlTarget,
} from '../contract.ts';
import { flvPlayUrls, flvPublishUrls, hlsPlayUrls, mediaOrigin, rtcPlayUrls, rtcPublishUrls } from '../urls.ts';
import { EmbeddedMetrics } from './embedded-metrics.ts';
import { EmbeddedRtc } from './embedded-rtc.ts';
import { recordedFiles } from './recorded-files.ts';
import { videoImporter } from './video-importer.ts';

/** Where a server that listens everywhere is reached on this machine: by number, for a name may lead to another program. */
const LOOPBACK_OF: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1', '[::]': '::1' };

/** The media server of this repository, in this process. */
export class EmbeddedEngine implements MediaEngine {
  readonly rtc: EmbeddedRtc | undefined;
  readonly capabilities: EngineCapabilities = {
    rtmp: true,
    httpFlv: true,
    httpFlvPublish: true,
    wsFlv: true,
    wsFlvPublish: true,
    takeover: true,
    hls: true,
    llHls: true,
    webrtc: true,
  };

  readonly relay: EngineRelay = {
    startPush: async (stream, push) => this.#running?.server.startPush(stream, push) ?? false,
    stopPush: async (id) => this.#running?.server.stopPush(id) ?? false,
    pushes: async () => this.#running?.server.pushes() ?? [],
  };

  readonly recorder: EngineRecorder = {
    ...recordedFiles,
    start: async (stream, recording) => this.#running?.server.startRecording(stream, recording) ?? false,
    stop: async (id) => this.#running?.server.stopRecording(id) ?? false,
    list: async () => this.#running?.server.recordings() ?? [],
  };

  readonly importer = videoImporter;

  readonly #metrics = new EmbeddedMetrics();
  readonly #options: MediaOptions;
  readonly #logger: Logger;
  #running: { server: MediaServer; ports: MediaPorts } | undefined;

  constructor(deps: { options: MediaOptions; logger: Logger }) {
    this.#options = deps.options;
    this.#logger = deps.logger;
    const { enabled } = deps.options.rtc;
    const { hls } = deps.options;
    this.capabilities.hls = hls.enabled;
    this.capabilities.llHls = hls.enabled && hls.partMs > 0;
    if (hls.enabled) this.capabilities.hlsWindowMs = hls.windowMs;
    this.capabilities.webrtc = enabled;
    if (enabled) this.rtc = new EmbeddedRtc(() => this.#running?.server);
  }

  async start(handler: EngineHandler): Promise<void> {
    const server = new MediaServer({
      options: this.#options,
      logger: this.#logger,
      hooks: {
        authorizePublish: (client) => handler.authorizePublish(client),
        authorizePlay: (client) => handler.authorizePlay(client),
        findOrigin: handler.findOrigin && (async (stream) => handler.findOrigin?.(stream) ?? 'none'),
        makeRoom: async () => {
          await handler.makeRoom?.();
          return undefined;
        },
        notify: (event) => handler.notify(event),
      },
    });
    try {
      this.#running = { server, ports: await server.start() };
      this.rtc?.follow(server);
      this.#metrics.follow(server);
    } catch (error) {
      await server.stop();
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (error instanceof Error && (code === 'port_in_use' || code === 'candidate_unresolved'))
        throw new EnginePortError(error.message);
      throw error;
    }
  }

  measure(registry: Registry): void {
    this.#metrics.show(registry);
  }

  prepareStop(): void {
    this.#running?.server.prepareStop();
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.server.stop();
  }

  async reloadTls(): Promise<void> {
    await this.#running?.server.reloadTls();
  }

  health(): EngineHealth {
    return this.#running?.server.health() ?? { ok: false, workers: 0, workersUp: 0 };
  }

  playUrls(target: UrlTarget): PlayUrls {
    const ports = this.ports();
    const { rtc, hls } = this.#options;
    return {
      ...flvPlayUrls(ports, target),
      ...(hls.enabled ? hlsPlayUrls(ports, target) : {}),
      ...(rtc.enabled ? rtcPlayUrls(ports, target) : {}),
    };
  }

  publishUrls(target: UrlTarget): PublishUrls {
    const ports = this.ports();
    const { enabled } = this.#options.rtc;
    return { ...flvPublishUrls(ports, target), ...(enabled ? rtcPublishUrls(ports, target) : {}) };
  }

  connectOrigins(site: Site): string[] {
    return this.#running === undefined ? [] : Object.values(mediaOrigin(this.#running.ports, site));
  }

  httpTarget(): { host: string; port: number } | undefined {
    if (this.#running === undefined) return undefined;
    const { host } = this.#options;
    return { host: LOOPBACK_OF[host] ?? host, port: this.#running.ports.http };
  }

  iceServers(user: string): IceServer[] {
    return this.#running?.server.rtc?.iceServers(user) ?? [];
  }

  addresses(host: string): string[] {
    const { rtmp, http, rtmps, https, api, rtc } = this.ports();
    const lines = [`RTMP   rtmp://${host}:${rtmp}/live`, `FLV    http://${host}:${http}/live/STREAM.flv  (and ws://)`];
    if (rtmps !== undefined) lines.push(`RTMPS  rtmps://${host}:${rtmps}/live`);
    if (https !== undefined) lines.push(`FLV    https://${host}:${https}/live/STREAM.flv  (and wss://)`);
    if (this.#options.hls.enabled) lines.push(`HLS    http://${host}:${http}/live/STREAM.m3u8`);
    if (this.#options.rtc.enabled)
      lines.push(`WebRTC udp port ${rtc}, http://${host}:${http}/rtc/v1/whip/ and …/whep/`);
    const isSecureApi = this.#options.api.secret !== undefined && https !== undefined;
    return [...lines, `API    ${isSecureApi ? 'https' : 'http'}://${host}:${api}/api/v1/versions`];
  }

  ports(): MediaPorts {
    if (this.#running === undefined) throw new Error('the embedded engine is not started');
    return this.#running.ports;
  }

  async streams(): Promise<EngineStream[]> {
    return this.#streams({ foreign: false });
  }

  async passedOn(): Promise<EngineStream[]> {
    return this.#streams({ foreign: true });
  }

  #streams({ foreign }: { foreign: boolean }): EngineStream[] {
    // A rendition belongs to its source's room, and who watches it to who watches that.
    const all = this.#running?.server.streams() ?? [];
    const added = new Map<string, { viewers: number; sendBps: number }>();
    for (const { app, renditionOf, viewers, sendBps } of all) {
      if (renditionOf === undefined) continue;
      const key = `${app}/${renditionOf}`;
      const sum = added.get(key) ?? { viewers: 0, sendBps: 0 };
      added.set(key, { viewers: sum.viewers + viewers, sendBps: sum.sendBps + sendBps });
    }
    return all
      .filter(({ renditionOf, isForeign }) => renditionOf === undefined && isForeign === foreign)
      .map(({ isForeign: _, ...stream }) => {
        const { viewers = 0, sendBps = 0 } = added.get(`${stream.app}/${stream.stream}`) ?? {};
        return { ...stream, viewers: stream.viewers + viewers, sendBps: stream.sendBps + sendBps };
      });
  }

  renditions({ app, stream }: StreamName): readonly EngineRendition[] {
    return this.#running?.server.renditions(app, stream) ?? [];
  }

  poster({ app, stream }: StreamName): EnginePoster | undefined {
    return this.#running?.server.poster(app, stream);
  }

  async endStream({ app, stream }: StreamName): Promise<boolean> {
    return this.#running?.server.endStream(app, stream) ?? false;
  }

  async yieldStream({ app, stream }: StreamName, credential: string): Promise<boolean> {
    return this.#running?.server.yieldStream(app, stream, credential) ?? true;
  }

  async kickPublisher({ app, stream }: StreamName): Promise<boolean> {
    return this.#running?.server.kickPublisher(app, stream) ?? false;
  }

  async kickClient(clientId: string): Promise<boolean> {
    return this.#running?.server.kickClient(clientId) ?? false;
  }
}
