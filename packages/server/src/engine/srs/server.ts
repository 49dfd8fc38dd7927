import type { EngineStream, PublicEngineClient, StreamName } from '../contract.ts';
import type { UrlPorts } from '../urls.ts';
import type { SrsApi, SrsIdentity } from './api.ts';
import type { Look } from './carried.ts';
import { clientIdOf } from './client-id.ts';
import type { SrsClient, SrsStream } from './shape.ts';

/** `edge` fetches what it is asked for from an origin; nobody publishes to it. */
export type SrsRole = 'origin' | 'edge';

export interface SrsServerOptions {
  role: SrsRole;
  /** Of its own, and the same for all nodes; shown to operators. */
  name: string;
  api: SrsApi;
  /** Host name by which people reach it; undefined for the one of the request. */
  publicHost: string | undefined;
  ports: UrlPorts & { rtmps?: number };
  /** From where it fetches of origins, if it is an edge. */
  address: string | undefined;
  /** The URL of the API of the one that it fetches from, if it is an edge; undefined where there is one origin. */
  origin?: string;
  /** A server that neither answers nor calls for this long is lost. */
  lostMs: number;
  now: () => number;
}

/** A stream as a server's list has it. */
export type SeenStream = Omit<EngineStream, 'state' | 'viewers' | 'publisher'> & { clientId: string | undefined };

/** Publishers and viewers of a stream are named in hooks and lists by these suffixes too. */
const SUFFIX = /\.(?:flv|m3u8|ts)$/;
const CODECS: Readonly<Record<string, string>> = {
  H264: 'h264',
  HEVC: 'h265',
  AV1: 'av1',
  VP8: 'vp8',
  VP9: 'vp9',
  AAC: 'aac',
  MP3: 'mp3',
  Opus: 'opus',
  FLAC: 'flac',
};

/** One SRS: what its lists said last, whether it is there, and how much it carries. */
export class SrsServer {
  readonly options: SrsServerOptions;
  #identity: SrsIdentity | undefined;
  #seen: SeenStream[] = [];
  #frames = new Map<string, { frames: number; atMs: number }>();
  #clients = 0;
  #heardMs: number;
  #isUp = false;
  #looking: Promise<Look> | undefined;

  constructor(options: SrsServerOptions) {
    this.options = options;
    this.#heardMs = options.now();
  }

  /** Its `server_id`, once it has answered. */
  get id(): string | undefined {
    return this.#identity?.server;
  }

  /** Whether it answered when it was asked last. */
  get isUp(): boolean {
    return this.#isUp;
  }

  get isLost(): boolean {
    return !this.#isUp && this.options.now() - this.#heardMs > this.options.lostMs;
  }

  /** Connections to it when it answered last. */
  get clients(): number {
    return this.#clients;
  }

  get seen(): readonly SeenStream[] {
    return this.#seen;
  }

  /** It called: a hook or its heartbeat. True when it was started anew since it answered last. */
  called({ server, service }: SrsIdentity): boolean {
    if (server !== this.id) return false;
    this.#heardMs = this.options.now();
    return service !== '' && service !== this.#identity?.service;
  }

  /** Asks for its lists; who asks meanwhile gets the same. @throws SrsApiError */
  look(edges: ReadonlySet<string>): Promise<Look> {
    this.#looking ??= this.#look(edges).finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  kick(clientId: string): Promise<boolean> {
    return this.options.api.kick(clientId);
  }

  async #look(edges: ReadonlySet<string>): Promise<Look> {
    const { api, now, role } = this.options;
    const beganMs = now();
    try {
      // One after the other: who is in the second was there while the first was read, or came later.
      const { streams, ...identity } = await api.streams();
      const { clients } = await api.clients();
      this.#identity = identity;
      this.#isUp = true;
      this.#heardMs = now();
      this.#clients = clients.length;
      this.#seen = this.#streams(streams);
      const byId = new Map(clients.map((client) => [client.id, client]));
      return {
        server: identity.server,
        beganMs,
        publishers: role === 'edge' ? [] : this.#publishers(streams, byId),
        viewers: clients
          .filter((client) => isViewer(client, role === 'edge' ? new Set() : edges))
          .map((client) => this.#viewer(client)),
      };
    } catch (error) {
      this.#isUp = false;
      throw error;
    }
  }

  #publishers(streams: readonly SrsStream[], byId: ReadonlyMap<string, SrsClient>): Look['publishers'] {
    return streams.flatMap(({ app, name, publish }) => {
      if (!publish.active || publish.cid === undefined) return [];
      const client = byId.get(publish.cid);
      const clientId = this.clientId(publish.cid);
      const found = { clientId, app, stream: name, protocol: protocolOf(client?.type), address: client?.ip ?? '' };
      // A stream's own count has what others sent who were refused. Between the two lists it may have gone.
      const recvBytes = client?.recv_bytes ?? 0;
      return [{ ...{ app, stream: name, clientId, recvBytes }, client: found, aliveMs: (client?.alive ?? 0) * 1000 }];
    });
  }

  #viewer({ id, ip, url, type, alive }: SrsClient): PublicEngineClient & { aliveMs: number } {
    const clientId = this.clientId(id);
    return { clientId, ...streamOfUrl(url), protocol: protocolOf(type), address: ip, aliveMs: alive * 1000 };
  }

  clientId(id: string): string {
    return clientIdOf(id, this.id ?? '');
  }

  #streams(streams: readonly SrsStream[]): SeenStream[] {
    const frames = new Map<string, { frames: number; atMs: number }>();
    const seen = streams.map((stream): SeenStream => {
      const { app, name, publish, video, audio, kbps } = stream;
      const key = `${app}/${name}`;
      const before = this.#frames.get(key);
      frames.set(key, { frames: stream.frames, atMs: stream.live_ms });
      return {
        ...{ app, stream: name, startedAtMs: 0, clientId: publish.active ? publish.cid : undefined },
        recvBps: kbps.recv_30s * 1000,
        sendBps: kbps.send_30s * 1000,
        fps: fpsOf(before, { frames: stream.frames, atMs: stream.live_ms }),
        ...(video && {
          video: {
            codec: CODECS[video.codec] ?? video.codec.toLowerCase(),
            ...{ profile: video.profile, level: video.level, width: video.width, height: video.height },
          },
        }),
        ...(audio && {
          audio: {
            codec: CODECS[audio.codec] ?? audio.codec.toLowerCase(),
            ...{ sampleRateHz: audio.sample_rate, channels: audio.channel, profile: audio.profile },
          },
        }),
      };
    });
    this.#frames = frames;
    return seen;
  }
}

/** `NAME.flv` and `NAME.m3u8` are ways to play NAME. */
export function streamNameOf(app: string, stream: string): StreamName {
  return { app, stream: stream.replace(SUFFIX, '') };
}

function streamOfUrl(url: string): StreamName {
  const [, app = '', stream = ''] = url.split('/');
  return streamNameOf(app, stream);
}

function isViewer({ publish, ip, type }: SrsClient, edges: ReadonlySet<string>): boolean {
  // What an edge fetches, by RTMP, is watched there, and counted there.
  const isEdge = protocolOf(type) === 'rtmp' && edges.has(ip);
  return !publish && type.endsWith('-play') && !isEdge;
}

/** Of both lists and hooks: the types of SRS's statistics (srs_protocol_rtmp_stack.hpp). */
function protocolOf(type = ''): string {
  if (type.startsWith('rtc')) return 'webrtc';
  if (type.startsWith('hls')) return 'hls';
  return type.startsWith('flv') ? 'http-flv' : 'rtmp';
}

/** SRS counts video frames; between two looks that is a rate. */
function fpsOf(
  before: { frames: number; atMs: number } | undefined,
  { frames, atMs }: { frames: number; atMs: number },
): number {
  if (before === undefined || atMs <= before.atMs || frames < before.frames) return 0;
  return Math.round(((frames - before.frames) * 10_000) / (atMs - before.atMs)) / 10;
}
