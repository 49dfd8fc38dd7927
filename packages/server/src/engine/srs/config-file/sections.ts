import { block, directive, type Directive } from './directive.ts';
import type { SrsPlan } from './plan.ts';

const CHUNK_BYTES = 60_000;
/** Every list of SRS that Kaibo compares is at most 10 s old, and so is its last sign of life. */
const HEARTBEAT_SECONDS = 9;
/** A publisher that is silent for this long is gone, as with Kaibo's own media server. */
const PUBLISHER_SILENT_MS = 15_000;
const FIRST_PACKET_MS = 20_000;
/** Of what a slow viewer has not read yet; then SRS drops whole GOPs. */
const QUEUE_SECONDS = 10;
/** A stream without key frames would be kept for ever. */
const GOP_FRAMES = 2500;
const MERGED_WRITE_MS = 100;

/** The process, RTMP and HTTP: the same for all. */
export function commonSections(plan: SrsPlan): Directive[] {
  const { release, rtmpPort, serverId, maxConnections } = plan;
  const rtmp = release.hasRtmpSection
    ? [block('rtmp', [directive('listen', rtmpPort), directive('chunk_size', CHUNK_BYTES)])]
    : [directive('listen', rtmpPort), directive('chunk_size', CHUNK_BYTES)];
  return [
    directive('server_id', serverId, 'Kaibo knows this server by it: another one for each server.'),
    ...rtmp,
    ...rtmpsSection(plan),
    directive('max_connections', maxConnections, 'SRS does not start unless "ulimit -n" is at least 129 more.'),
    directive('daemon', false),
    directive('pid', `./objs/${serverId}.pid`),
    directive('srs_log_tank', 'console'),
    directive('srs_log_level_v2', 'info'),
    apiSection(plan),
    httpSection(plan),
  ];
}

function rtmpsSection({ tls, release }: SrsPlan): Directive[] {
  if (tls?.rtmpsPort === undefined || !release.hasRtmps) return [];
  const { cert, key, rtmpsPort } = tls;
  return [
    block('rtmps', [
      ...[directive('enabled', true), directive('listen', rtmpsPort)],
      ...[directive('key', key), directive('cert', cert)],
    ]),
  ];
}

function apiSection({ apiListen, apiUser, apiPassword }: SrsPlan): Directive {
  return block(
    'http_api',
    [
      ...[directive('enabled', true), directive('listen', apiListen), directive('crossdomain', false)],
      block('raw_api', [directive('enabled', false)]),
      block('auth', [
        ...[directive('enabled', true), directive('username', apiUser), directive('password', apiPassword)],
      ]),
    ],
    'For Kaibo alone: whoever reaches this port can open WebRTC sessions past the platform.',
  );
}

function httpSection({ httpPort, tls }: SrsPlan): Directive {
  const https =
    tls?.httpsPort === undefined
      ? []
      : [
          block('https', [
            ...[directive('enabled', true), directive('listen', tls.httpsPort)],
            ...[directive('key', tls.key), directive('cert', tls.cert)],
          ]),
        ];
  return block('http_server', [
    ...[directive('enabled', true), directive('listen', httpPort), directive('dir', MEDIA_FOLDER)],
    ...[directive('crossdomain', true), ...https],
  ]);
}

/** SRS serves what is in it to everybody; its demo pages are not. */
export const MEDIA_FOLDER = './objs/kaibo-media';

/** Tells Kaibo that the server lives. A server has one heartbeat: where a proxy takes it, Kaibo goes by the API. */
export function heartbeatSection({ serverId }: SrsPlan, url: string, { ports }: { ports: boolean }): Directive {
  return block('heartbeat', [
    ...[directive('enabled', true), directive('interval', HEARTBEAT_SECONDS), directive('url', url)],
    ...[directive('device_id', serverId), directive('summaries', false), directive('ports', ports)],
  ]);
}

export function hooksSection(url: string, hooks: readonly string[]): Directive {
  const note = 'The secret in the path is the right to tell Kaibo anything: it stands nowhere else.';
  return block('http_hooks', [directive('enabled', true), ...hooks.map((name) => directive(name, url))], note);
}

export function playSection(): Directive {
  return block('play', [
    ...[directive('gop_cache', true), directive('gop_cache_max_frames', GOP_FRAMES)],
    ...[directive('queue_length', QUEUE_SECONDS), directive('mw_latency', MERGED_WRITE_MS)],
  ]);
}

export function publishSection(): Directive {
  return block('publish', [
    ...[directive('firstpkt_timeout', FIRST_PACKET_MS), directive('normal_timeout', PUBLISHER_SILENT_MS)],
    directive('parse_sps', true),
  ]);
}

export function flvSection(): Directive {
  return block('http_remux', [directive('enabled', true), directive('mount', '[vhost]/[app]/[stream].flv')]);
}

/** The only virtual host: Kaibo's streams are told apart by `app` and name. */
export function vhostSection(directives: readonly Directive[]): Directive {
  return { name: 'vhost', values: ['__defaultVhost__'], block: directives };
}
