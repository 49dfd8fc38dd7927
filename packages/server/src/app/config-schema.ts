import { z } from 'zod';
import {
  DEFAULT_MEDIA_OPTIONS,
  DEVICE,
  ICE_SERVER_URL,
  PRESET,
  PROFILE_NAME,
  PULL_APP,
  PULL_STREAM,
  PULL_URL,
} from '../engine/embedded/defaults.ts';
import { alarmSection, channelProblem } from './alarm-config.ts';
import { embedSection } from './embed-config.ts';
import { SECRET } from './config-secret.ts';
import { engineSection } from './engine-config.ts';
import { hlsSection } from './hls-config.ts';
import { filesSection } from './files-config.ts';
import { interactionSections } from './interaction-config.ts';
import { logSection } from './log-config.ts';
import { metricsSection, tracingSection } from './metrics-config.ts';
import { nodeSection } from './node-config.ts';
import { recordingSection, s3Section } from './recording-config.ts';

const media = DEFAULT_MEDIA_OPTIONS;
const { doctor, hls, limits, record, relay, rtc, snapshot, transcode } = media;

const port = () => z.int().min(0).max(65_535);
/** Of a machine, or a network. */
const address = () => z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()]);
const whole = () => z.int().min(1).max(Number.MAX_SAFE_INTEGER);
/** Commas part a list of them. */
const redisUrl = () => z.string().regex(/^rediss?:\/\/[^\s,]+$/, 'redis://HOST:6379');
const hostName = () => z.string().regex(/^(?=.*[A-Za-z])[A-Za-z0-9.-]{1,253}$/, 'an IP address or a host name');
const iceText = () =>
  z
    .string()
    .max(512)
    .regex(/^[\x20-\x7e]+$/, 'plain ASCII text');
const section = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject(shape);

/** A STUN or TURN server. TURN asks everyone who they are: either fixed credentials or the secret that makes them. */
const iceServer = section({
  urls: z.array(z.string().regex(ICE_SERVER_URL, 'turn:HOST:3478 or stun:HOST:3478')).min(1).max(8),
  username: iceText().optional(),
  credential: iceText().optional(),
  secret: iceText().optional(),
}).refine(
  ({ urls, username, credential, secret }) =>
    !urls.some((url) => url.startsWith('turn')) || secret !== undefined || (username && credential) !== undefined,
  'a TURN server needs secret, or username and credential',
);

/** Where streams are fetched from; any address, for it is the operator who names it. */
const pullRule = section({
  app: z.string().regex(PULL_APP).default('live'),
  stream: z.string().regex(PULL_STREAM, 'a stream name, in which * stands for anything'),
  url: z.string().max(2048).regex(PULL_URL, 'rtmp://HOST/APP/{stream} or http://HOST/APP/{stream}.flv'),
  mode: z.enum(['on_demand', 'always']).default('on_demand'),
}).refine(({ stream, mode }) => mode === 'on_demand' || !stream.includes('*'), 'mode always needs a whole stream name');

/** A smaller form of every stream, or its sound alone. */
const transcodeProfile = section({
  name: z.string().regex(PROFILE_NAME, 'letters, digits and "-", such as 720p'),
  height: z.int().min(16).max(4320).optional(),
  videoBps: z.int().min(10_000).max(100_000_000).optional(),
  audioBps: z.int().min(8000).max(512_000).optional(),
  fps: z.number().min(1).max(240).optional(),
}).refine(
  ({ height, videoBps }) => (height === undefined) === (videoBps === undefined),
  'height and videoBps go together; without them a profile is sound alone',
);

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
    mediaProxy: z
      .boolean()
      .default(true)
      .describe('Also pass /live/* and /rtc/* on to the media server, for networks that let one port through'),
  }).prefault({}),
  https: section({
    port: port().default(8443).describe('The same over HTTPS; served when tls.key and tls.cert are set'),
  }).prefault({}),
  tls: section({
    key: z.string().min(1).optional().describe('PEM file of the private key'),
    cert: z
      .string()
      .min(1)
      .optional()
      .describe('PEM file of the certificate chain; a renewed one is taken over without a restart'),
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
    .union([z.boolean(), z.int().min(1), z.array(address())])
    .default(false)
    .describe('Believe X-Forwarded-*: true, a number of hops, or a list of proxy addresses'),
  database: section({
    url: z
      .string()
      .regex(/^postgres(ql)?:\/\/\S+$/, 'postgres://USER:PASSWORD@HOST:5432/NAME')
      .optional()
      .describe('PostgreSQL, as postgres://USER:PASSWORD@HOST:5432/NAME; left out, a SQLite file in dataDir'),
    poolSize: whole().max(1000).default(20).describe('Most PostgreSQL connections'),
    statementTimeoutMs: whole().default(15_000).describe('A PostgreSQL statement running longer is cancelled'),
  }).prefault({}),
  redis: section({
    url: z
      .union([redisUrl(), z.array(redisUrl()).min(1)])
      .optional()
      .describe(
        'Shared state of several nodes, as redis://HOST:6379; a list of them is a Redis Cluster; left out, in memory',
      ),
    prefix: z
      .string()
      .regex(/^[\w-]{1,32}$/)
      .default('kaibo')
      .describe('Begins every key, so that several platforms can share one Redis'),
  }).prefault({}),
  auth: section({
    registration: z
      .enum(['open', 'closed'])
      .default('open')
      .describe('Whether people may make accounts themselves; closed leaves it to kaibo user create'),
    accessTokenSeconds: whole().max(86_400).default(900).describe('How long an access token is good'),
    sessionDays: whole().max(3650).default(30).describe('How long a login lasts that is not used'),
    setupToken: z
      .string()
      .min(16)
      .optional()
      .describe(
        'Lets the first account, the administrator, be made from another machine; left out, one is made and printed',
      )
      .meta(SECRET),
    tokenKeys: z
      .array(z.string().min(32))
      .min(1)
      .optional()
      .describe('Secrets that sign access tokens, the newest first; left out, made and kept by Kaibo')
      .meta(SECRET),
  }).prefault({}),
  mail: section({
    url: z
      .string()
      .regex(/^smtps?:\/\/\S+$/, 'smtp://USER:PASSWORD@HOST:587')
      .optional()
      .describe('Mail server for password resets, as smtp://USER:PASSWORD@HOST:587'),
    from: z.string().min(3).optional().describe('Sender address of mail'),
  }).prefault({}),
  cors: section({
    origins: z
      .array(z.string().regex(/^https?:\/\/[^/\s]+$/, 'an origin such as https://example.org'))
      .default([])
      .describe('Origins of other sites whose pages may call the API and open sockets'),
  }).prefault({}),
  embed: embedSection.prefault({}),
  ...interactionSections,
  recording: recordingSection.prefault({}),
  files: filesSection.prefault({}),
  s3: s3Section.prefault({}),
  realtime: section({
    mergeWindowMs: z
      .union([z.literal('auto'), z.int().min(0).max(1000)])
      .default('auto')
      .describe('How long events of a channel are merged into one write; auto is 0 for few listeners and 50 for many'),
    historySize: whole().max(100_000).default(1000).describe('Events kept per channel for those who resume'),
  }).prefault({}),
  limits: section({
    loginPerMinute: whole().default(10).describe('Logins, registrations and resets from one address'),
    writePerMinute: whole().default(240).describe('Changing requests of one user or address; the burst is half of it'),
    readPerMinute: whole().default(1200).describe('Reading requests of one user or address'),
    socketPerMinute: whole().default(120).describe('Sockets opened by one user or address'),
    sockets: whole().default(50_000).describe('Realtime and signaling connections in all'),
    socketsPerAddress: whole()
      .default(1000)
      .describe('Realtime and signaling connections from one address (loopback exempt)'),
    openRoomsPerUser: whole().default(10).describe('Rooms of one user that are not ended'),
    relaysPerRoom: whole().max(100).default(5).describe('Servers elsewhere that one room is sent on to'),
    eventLoopDelayMs: whole()
      .default(1000)
      .describe('A process this late refuses new requests with 503 until it has caught up'),
  }).prefault({}),
  media: section({
    rtmp: section({
      port: port().default(media.rtmp.port).describe('RTMP in and out'),
      proxies: z
        .array(address())
        .max(100)
        .default([])
        .describe('Proxies whose RTMP and RTMPS connections all begin with a PROXY header (version 1 or 2)'),
    }).prefault({}),
    rtmps: section({ port: port().default(media.rtmps.port).describe('RTMP over TLS') }).prefault({}),
    http: section({ port: port().default(media.http.port).describe('FLV and WebSocket-FLV') }).prefault({}),
    https: section({ port: port().default(media.https.port).describe('FLV and WebSocket-FLV over TLS') }).prefault({}),
    api: section({
      port: port().default(media.api.port).describe('Media API in the shape of SRS'),
      secret: z
        .string()
        .min(16)
        .optional()
        .describe(
          'Bearer secret of the media API, which then listens on host, over TLS if there is a certificate; left out, on loopback only',
        )
        .meta(SECRET),
    }).prefault({}),
    rtc: section({
      enabled: z
        .boolean()
        .default(rtc.enabled)
        .describe('WebRTC (WHIP and WHEP); its process starts with its first peer'),
      port: port().default(rtc.port).describe('WebRTC over UDP, one port for everybody'),
      candidates: z
        .union([
          z.literal('auto'),
          z
            .array(z.union([z.ipv4(), z.ipv6(), hostName()]))
            .min(1)
            .max(16),
        ])
        .default(rtc.candidates)
        .describe('Addresses or host names by which peers reach the UDP port; auto is what this machine itself has'),
      iceServers: z
        .array(iceServer)
        .max(16)
        .default(rtc.iceServers)
        .describe('STUN and TURN servers for browsers, each {urls, secret} or {urls, username, credential}'),
      iceTtlSeconds: whole()
        .max(604_800)
        .default(rtc.iceTtlSeconds)
        .describe('How long TURN credentials made by secret are good'),
      bframes: z
        .enum(['drop', 'transcode'])
        .default(rtc.bframes)
        .describe('B-frames of a stream for WebRTC viewers: drop (fewer frames) or transcode (ffmpeg, more CPU)'),
      maxPeers: whole().max(100_000).default(rtc.maxPeers).describe('WebRTC publishers and viewers at one time'),
    }).prefault({}),
    relay: section({
      allowPrivate: z
        .boolean()
        .default(relay.allowPrivate)
        .describe('Whether rooms may be sent on to servers in private networks; off, users cannot reach into them'),
      timeoutMs: whole().max(120_000).default(relay.timeoutMs).describe('Each step of a connection to another server'),
      pull: z
        .array(pullRule)
        .max(1000)
        .default(relay.pull)
        .describe(
          'Streams fetched from elsewhere, each {app, stream, url, mode: on_demand or always}; the first rule counts',
        ),
      pullLingerMs: z
        .int()
        .min(0)
        .max(3_600_000)
        .default(relay.pullLingerMs)
        .describe('How long a stream fetched on demand goes on after its last viewer'),
    }).prefault({}),
    transcode: section({
      profiles: z
        .array(transcodeProfile)
        .max(16)
        .refine((profiles) => new Set(profiles.map(({ name }) => name)).size === profiles.length, 'names must differ')
        .default(transcode.profiles)
        .describe('Smaller forms of every stream, each {name, height, videoBps, audioBps, fps}; ffmpeg makes them'),
      mode: z
        .enum(['on_demand', 'always'])
        .default(transcode.mode)
        .describe('Whether they are made while somebody watches them, or all the time'),
      encoder: z
        .enum(['x264', 'nvenc', 'vaapi', 'qsv', 'videotoolbox'])
        .default(transcode.encoder)
        .describe('Encoder: x264 (CPU), nvenc (NVIDIA), vaapi or qsv (Intel, AMD on Linux), videotoolbox (macOS)'),
      fallback: z
        .boolean()
        .default(transcode.fallback)
        .describe('Whether x264 takes over where the configured encoder cannot be used'),
      device: z
        .string()
        .regex(DEVICE, 'a path or a number')
        .optional()
        .describe('Render node of vaapi and qsv, GPU number of nvenc'),
      preset: z
        .string()
        .regex(PRESET, 'one word')
        .optional()
        .describe("Preset in the encoder's words; left out, veryfast of x264 and the like"),
      threads: whole().max(64).default(transcode.threads).describe('Threads of x264 for each rendition'),
      maxJobs: whole()
        .max(1000)
        .default(transcode.maxJobs)
        .describe('Renditions encoded at one time; more are refused with 503'),
      lingerMs: z
        .int()
        .min(0)
        .max(3_600_000)
        .default(transcode.lingerMs)
        .describe('How long a rendition made on demand goes on after its last viewer'),
    }).prefault({}),
    hls: hlsSection(hls).prefault({}),
    record: section({
      partMinutes: whole()
        .max(10_000)
        .default(record.partMinutes)
        .describe('A recording goes on in a new file after this, at a key frame'),
      partBytes: z
        .int()
        .min(1_000_000)
        .max(Number.MAX_SAFE_INTEGER)
        .default(record.partBytes)
        .describe('… or when a file is this large'),
      minFreeBytes: z
        .int()
        .min(0)
        .max(Number.MAX_SAFE_INTEGER)
        .default(record.minFreeBytes)
        .describe('Recordings end when less than this is free on their disk and nothing can be deleted'),
    }).prefault({}),
    snapshot: section({
      enabled: z
        .boolean()
        .default(snapshot.enabled)
        .describe('Pictures of live streams for the page, made by ffmpeg where there is one'),
      everyMs: whole()
        .min(1000)
        .max(3_600_000)
        .default(snapshot.everyMs)
        .describe('Between two pictures of a stream; with many streams it takes longer'),
    }).prefault({}),
    doctor: section({
      enabled: z.boolean().default(doctor.enabled).describe('Streamers are told what is wrong with how they send'),
      highBitrateBps: whole()
        .default(doctor.highBitrateBps)
        .describe('A stream above it is said to be more than many viewers can take'),
    }).prefault({}),
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
  engine: engineSection.prefault({}),
  node: nodeSection.prefault({}),
  alarms: alarmSection.prefault({}),
  metrics: metricsSection.prefault({}),
  tracing: tracingSection.prefault({}),
  log: logSection.prefault({}),
}).superRefine((config, context) => {
  const problem = channelProblem(config);
  if (problem !== undefined) context.addIssue({ code: 'custom', path: ['alarms', 'channels'], message: problem });
});

export type Config = z.output<typeof configSchema>;
