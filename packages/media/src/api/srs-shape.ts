import os from 'node:os';
import { streamIdOf, streamKeyOf } from '../hub/stream-name.ts';
import type { ServerIdentity } from '../identity.ts';
import type { StreamInfo } from '../cluster/stream-info.ts';
import type { ClientInfo, MediaServer } from '../server.ts';
import { VERSION } from '../version.ts';

export interface ApiContext {
  server: MediaServer;
  identity: ServerIdentity;
  startedAtMs: number;
}

/** SRS error codes (srs_kernel_error.hpp): ERROR_RTMP_STREAM_NOT_FOUND and ERROR_RTMP_CLIENT_NOT_FOUND. */
const STREAM_NOT_FOUND = 2048;
const CLIENT_NOT_FOUND = 2049;
/** SRS's page when `count` is left out. */
const DEFAULT_COUNT = 10;
const MAX_COUNT = 10_000;
const VHOST_NAME = '__defaultVhost__';
const VHOST_ID = streamIdOf(VHOST_NAME);

const CODEC_NAMES: Record<string, string> = {
  h264: 'H264',
  h265: 'HEVC',
  av1: 'AV1',
  vp8: 'VP8',
  vp9: 'VP9',
  aac: 'AAC',
  mp3: 'MP3',
  opus: 'Opus',
  flac: 'FLAC',
};

const URLS = {
  versions: 'the version of this server',
  summaries: 'pid, memory, uptime and load of this server',
  vhosts: 'the virtual hosts',
  streams: 'all streams, or the one named by id',
  clients: 'all clients, or the one named by id; DELETE kicks it',
};

/** The body for one call. SRS answers 200 whatever happened and says so in `code`; its clients rely on that. */
export async function apiBody(context: ApiContext, method: 'GET' | 'DELETE', url: URL): Promise<object> {
  const [, api, version, resource = '', id = ''] = url.pathname.split('/');
  const { identity, server } = context;
  const ok = { code: 0, ...identity };
  if (api !== 'api' || version !== 'v1') return { ...ok, urls: { v1: 'the api version 1.0' } };
  if (method === 'DELETE') {
    if (resource !== 'clients') return { code: STREAM_NOT_FOUND };
    return server.kickClient(id) ? ok : { code: CLIENT_NOT_FOUND };
  }
  switch (resource) {
    case 'versions':
      return { ...ok, data: versionData() };
    case 'summaries':
      return { ...ok, data: summary(context, await server.clients()) };
    case 'vhosts':
      return { ...ok, vhosts: [vhost(server.streams(), (await server.clients()).length)] };
    case 'streams':
      return { ...ok, ...streams(context, id, url.searchParams) };
    case 'clients':
      return { ...ok, ...clients(await server.clients(), id, url.searchParams) };
    default:
      return { ...ok, urls: URLS };
  }
}

function versionData(): object {
  const [major = 0, minor = 0, revision = 0] = VERSION.split('.').map(Number);
  return { major, minor, revision, version: VERSION };
}

function streams({ server }: ApiContext, id: string, query: URLSearchParams): object {
  const all = server.streams().filter(({ state }) => state !== 'idle');
  if (id === '') return { streams: page(all, query).map(streamBody) };
  const found = all.find((stream) => stream.id === id);
  return found ? { stream: streamBody(found) } : { code: STREAM_NOT_FOUND };
}

function clients(all: ClientInfo[], id: string, query: URLSearchParams): object {
  if (id === '') return { clients: page(all, query).map(clientBody) };
  const found = all.find((client) => client.clientId === id);
  return found ? { client: clientBody(found) } : { code: CLIENT_NOT_FOUND };
}

function page<T>(all: T[], query: URLSearchParams): T[] {
  const start = Math.max(0, Number.parseInt(query.get('start') ?? '', 10) || 0);
  const count = Math.min(MAX_COUNT, Math.max(1, Number.parseInt(query.get('count') ?? '', 10) || DEFAULT_COUNT));
  return all.slice(start, start + count);
}

function streamBody(stream: StreamInfo): object {
  const { video, audio, publisher } = stream;
  return {
    id: stream.id,
    name: stream.stream,
    vhost: VHOST_ID,
    app: stream.app,
    tcUrl: publisher?.tcUrl ?? '',
    url: `/${stream.app}/${stream.stream}`,
    live_ms: Date.now(),
    clients: stream.viewers + (publisher ? 1 : 0),
    frames: stream.frames,
    send_bytes: stream.sendBytes,
    recv_bytes: stream.recvBytes,
    kbps: {
      recv_30s: Math.round(stream.recvBps / 1000),
      send_30s: Math.round(stream.sendBps / 1000),
    },
    publish: publisher ? { active: true, cid: publisher.clientId } : { active: false },
    // Nothing that SRS does not say, unless there is something to say.
    ...(stream.findings.length > 0 ? { kaibo: { findings: stream.findings } } : {}),
    video: video
      ? {
          codec: codecName(video.codec),
          profile: video.profile,
          level: video.level,
          width: video.width,
          height: video.height,
        }
      : null,
    audio: audio
      ? {
          codec: codecName(audio.codec),
          sample_rate: audio.sampleRateHz,
          channel: audio.channels,
          profile: audio.profile,
        }
      : null,
  };
}

/** A client's rates are averages over its life, which is what SRS's 30 s ones come to for a steady stream. */
function clientBody(client: ClientInfo): object {
  const aliveS = (Date.now() - client.sinceMs) / 1000;
  const kbps = (bytes: number): number => (aliveS > 0 ? Math.round((bytes * 8) / 1000 / aliveS) : 0);
  return {
    id: client.clientId,
    vhost: VHOST_ID,
    stream: streamIdOf(streamKeyOf(client)),
    ip: client.address,
    pageUrl: client.pageUrl,
    swfUrl: '',
    tcUrl: client.tcUrl,
    url: `/${client.app}/${client.stream}`,
    name: client.stream,
    type: clientType(client),
    publish: client.kind === 'publish',
    alive: aliveS,
    send_bytes: client.sendBytes,
    recv_bytes: client.recvBytes,
    kbps: { recv_30s: kbps(client.recvBytes), send_30s: kbps(client.sendBytes) },
  };
}

function clientType({ kind, protocol }: ClientInfo): string {
  const rtmp = protocol === 'rtmp' || protocol === 'rtmps';
  if (kind === 'publish') return rtmp ? 'fmle-publish' : 'flv-publish';
  return rtmp ? 'rtmp-play' : 'flv-play';
}

function vhost(all: StreamInfo[], clientCount: number): object {
  const sum = (of: (stream: StreamInfo) => number): number => all.reduce((total, stream) => total + of(stream), 0);
  return {
    id: VHOST_ID,
    name: VHOST_NAME,
    enabled: true,
    clients: clientCount,
    streams: all.filter(({ publisher }) => publisher).length,
    send_bytes: sum((stream) => stream.sendBytes),
    recv_bytes: sum((stream) => stream.recvBytes),
    kbps: {
      recv_30s: Math.round(sum((stream) => stream.recvBps) / 1000),
      send_30s: Math.round(sum((stream) => stream.sendBps) / 1000),
    },
    hls: { enabled: false },
  };
}

function summary({ startedAtMs }: ApiContext, all: ClientInfo[]): object {
  const memoryKb = Math.round(process.memoryUsage.rss() / 1024);
  const [load1 = 0, load5 = 0, load15 = 0] = os.loadavg();
  const totalKb = Math.round(os.totalmem() / 1024);
  return {
    ok: true,
    now_ms: Date.now(),
    self: {
      version: VERSION,
      pid: process.pid,
      ppid: process.ppid,
      argv: 'kaibo-media',
      mem_kbyte: memoryKb,
      mem_percent: memoryKb / totalKb,
      srs_uptime: Math.round((Date.now() - startedAtMs) / 1000),
    },
    system: {
      mem_ram_kbyte: totalKb,
      mem_ram_percent: 1 - os.freemem() / os.totalmem(),
      cpus: os.cpus().length,
      uptime: os.uptime(),
      load_1m: load1,
      load_5m: load5,
      load_15m: load15,
      conn_srs: all.length,
    },
  };
}

function codecName(codec: string): string {
  return CODEC_NAMES[codec] ?? codec;
}
