import { z } from 'zod';
import { DEFAULT_MEDIA_OPTIONS } from '../engine/embedded/defaults.ts';

const media = DEFAULT_MEDIA_OPTIONS;
const limits = media.limits;

const port = () => z.int().min(0).max(65_535);
const whole = () => z.int().min(1).max(Number.MAX_SAFE_INTEGER);
const section = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject(shape);

/**
 * Everything Kaibo can be told, once. The command line's flags, the `KAIBO_*` names, the help text and the
 * check of `kaibo.example.yaml` are derived from it, so every leaf carries its default and its description.
 */
export const configSchema = section({
  dataDir: z
    .string()
    .min(1)
    .default('./data')
    .describe('Folder of the database, the keys and everything else that is kept'),
  host: z.string().min(1).default(media.host).describe('Address to listen on'),
  http: section({
    port: port().default(8088).describe('Page, REST and realtime over HTTP; 0 takes a free port'),
  }).prefault({}),
  https: section({
    port: port().default(8443).describe('The same over HTTPS; served when tls.key and tls.cert are set'),
  }).prefault({}),
  tls: section({
    key: z.string().min(1).optional().describe('PEM file of the private key'),
    cert: z.string().min(1).optional().describe('PEM file of the certificate chain'),
  })
    .refine(
      (tls) => (tls.key === undefined) === (tls.cert === undefined),
      'tls.key and tls.cert go together: set both or neither',
    )
    .prefault({}),
  publicUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("Outside address of the page, such as https://live.example.org; left out, the request's Host is used"),
  access: z
    .enum(['members', 'open'])
    .default('members')
    .describe('Who may create rooms: members (accounts; this machine itself while there are none) or open (anyone)'),
  trustProxy: z
    .union([z.boolean(), z.int().min(1), z.array(z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()]))])
    .default(false)
    .describe('Believe X-Forwarded-*: true, a number of hops, or a list of proxy addresses'),
  media: section({
    rtmp: section({ port: port().default(media.rtmp.port).describe('RTMP in and out') }).prefault({}),
    rtmps: section({ port: port().default(media.rtmps.port).describe('RTMP over TLS') }).prefault({}),
    http: section({ port: port().default(media.http.port).describe('FLV and WebSocket-FLV') }).prefault({}),
    https: section({ port: port().default(media.https.port).describe('FLV and WebSocket-FLV over TLS') }).prefault({}),
    api: section({
      port: port().default(media.api.port).describe('Media API in the shape of SRS'),
      secret: z
        .string()
        .min(1)
        .optional()
        .describe('Bearer secret of the media API; without it the API listens on loopback only'),
    }).prefault({}),
    rtc: section({ port: port().default(8000).describe('WebRTC over UDP') }).prefault({}),
    workers: z
      .union([z.literal('auto'), z.int().min(1).max(256)])
      .default(media.workers)
      .describe('Media worker threads; auto is one per core less one'),
    mergeWindowMs: z
      .union([z.literal('auto'), z.int().min(0).max(1000)])
      .default(media.mergeWindowMs)
      .describe('How long packets are merged into one write; auto grows with the number of viewers'),
    gopCache: section({
      enabled: z
        .boolean()
        .default(media.gopCache.enabled)
        .describe('Late viewers start at once from the last key frame'),
      maxPackets: whole().default(media.gopCache.maxPackets).describe('Most packets kept per stream'),
      maxBytes: whole().default(media.gopCache.maxBytes).describe('Most bytes kept per stream'),
    })
      .describe('Also true or false for the whole')
      .prefault({}),
    graceMs: z
      .int()
      .min(0)
      .max(3_600_000)
      .default(media.graceMs)
      .describe('How long a room waits for a publisher that dropped'),
    publicHost: z
      .string()
      .regex(/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]{1,253})$/, 'a host name without port')
      .optional()
      .describe('Host name in media addresses; left out, publicUrl or the Host of the request'),
    limits: section({
      connections: whole().default(limits.connections).describe('Media sockets in all'),
      connectionsPerAddress: whole()
        .default(limits.connectionsPerAddress)
        .describe('Media sockets from one address (loopback exempt)'),
      streams: whole().default(limits.streams).describe('Streams at one time'),
      viewersPerStream: whole().default(limits.viewersPerStream).describe('Viewers of one stream'),
      publishBitrateBps: whole().default(limits.publishBitrateBps).describe('Publisher bitrate, over 5 s'),
      handshakeMs: whole()
        .default(limits.handshakeMs)
        .describe('Time to finish a handshake, and again to the first packet'),
      publisherIdleMs: whole().default(limits.publisherIdleMs).describe('A publisher silent this long is closed'),
      playWaitMs: whole().default(limits.playWaitMs).describe('How long a viewer waits for a publisher'),
      headerBytes: whole().default(limits.headerBytes).describe('HTTP request head'),
      viewerBufferBytes: whole()
        .default(limits.viewerBufferBytes)
        .describe('Bytes queued for one slow viewer before it skips'),
      slowViewerMs: whole().default(limits.slowViewerMs).describe('A viewer slow this long is closed'),
    }).prefault({}),
  }).prefault({}),
  metrics: section({
    host: z.string().min(1).default('127.0.0.1').describe('Address of the metrics listener'),
    port: port().default(9464).describe('Prometheus /metrics'),
  }).prefault({}),
  log: section({
    level: z
      .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
      .default('info')
      .describe('Least level that is logged'),
    format: z.enum(['auto', 'pretty', 'json']).default('auto').describe('pretty, json, or auto: pretty on a terminal'),
  }).prefault({}),
});

export type Config = z.output<typeof configSchema>;
