import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { DEFAULT_HTTP_HOOKS } from './hooks/http-hooks.ts';
import { PULL_APP, PULL_STREAM, PULL_URL } from './relay/pull-rule.ts';
import { DEVICE, PRESET, PROFILE_NAME } from './transcode/ladder/profile.ts';
import { DEFAULT_MEDIA_OPTIONS as D, ICE_SERVER_URL } from './options.ts';

const port = (value: number): z.ZodDefault<z.ZodNumber> => z.number().int().min(0).max(65_535).default(value);
const count = (value: number): z.ZodDefault<z.ZodNumber> => z.number().int().min(1).default(value);
const part = <Shape extends z.ZodRawShape>(shape: Shape): z.ZodPrefault<z.ZodObject<Shape, z.core.$strict>> =>
  z.strictObject(shape).prefault({} as never);
const auto = (max: number): z.ZodUnion<[z.ZodLiteral<'auto'>, z.ZodNumber]> =>
  z.union([z.literal('auto'), z.number().int().min(0).max(max)]);

const iceText = z
  .string()
  .max(512)
  .regex(/^[\x20-\x7e]+$/);

/** TURN asks everyone who they are: either fixed credentials or the secret that makes them. */
const iceServer = z
  .strictObject({
    urls: z.array(z.string().regex(ICE_SERVER_URL, 'turn:HOST:3478 or stun:HOST:3478')).min(1).max(8),
    username: iceText.optional(),
    credential: iceText.optional(),
    secret: iceText.optional(),
  })
  .refine(
    ({ urls, username, credential, secret }) =>
      !urls.some((url) => url.startsWith('turn')) ||
      secret !== undefined ||
      (username !== undefined && credential !== undefined),
    'a TURN server needs secret, or username and credential',
  );

const pullRuleSchema = z
  .strictObject({
    app: z.string().regex(PULL_APP),
    stream: z.string().regex(PULL_STREAM),
    url: z.string().max(2048).regex(PULL_URL),
    mode: z.enum(['on_demand', 'always']).default('on_demand'),
  })
  .refine(({ stream, mode }) => mode === 'on_demand' || !stream.includes('*'), 'mode always needs a whole stream name');

const profileSchema = z
  .strictObject({
    name: z.string().regex(PROFILE_NAME),
    height: z.number().int().min(16).max(4320).optional(),
    videoBps: z.number().int().min(10_000).max(100_000_000).optional(),
    audioBps: z.number().int().min(8000).max(512_000).optional(),
    fps: z.number().min(1).max(240).optional(),
  })
  .refine(
    ({ height, videoBps }) => (height === undefined) === (videoBps === undefined),
    'height and videoBps go together; without them a profile is sound alone',
  );

/** The stand-alone server's configuration: the media part of kaibo.yaml, without its `media.` prefix, and the hooks. */
export const MediaConfig = z.strictObject({
  host: z.string().default(D.host),
  rtmp: part({
    port: port(D.rtmp.port),
    proxies: z
      .array(z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()]))
      .max(100)
      .default([]),
  }),
  http: part({ port: port(D.http.port) }),
  rtmps: part({ port: port(D.rtmps.port) }),
  https: part({ port: port(D.https.port) }),
  tls: z.strictObject({ key: z.string(), cert: z.string() }).optional(),
  api: part({ port: port(D.api.port), secret: z.string().min(16).optional() }),
  rtc: part({
    enabled: z.boolean().default(D.rtc.enabled),
    port: port(D.rtc.port),
    candidates: z
      .union([z.literal('auto'), z.array(z.string().min(1).max(253)).min(1).max(16)])
      .default(D.rtc.candidates),
    iceServers: z.array(iceServer).max(16).default(D.rtc.iceServers),
    iceTtlSeconds: count(D.rtc.iceTtlSeconds),
    bframes: z.enum(['drop', 'transcode']).default(D.rtc.bframes),
    maxPeers: count(D.rtc.maxPeers),
  }),
  relay: part({
    allowPrivate: z.boolean().default(D.relay.allowPrivate),
    timeoutMs: count(D.relay.timeoutMs),
    pull: z.array(pullRuleSchema).max(1000).default([]),
    pullLingerMs: z.number().int().min(0).default(D.relay.pullLingerMs),
  }),
  transcode: part({
    profiles: z
      .array(profileSchema)
      .max(16)
      .refine((profiles) => new Set(profiles.map(({ name }) => name)).size === profiles.length, 'names must differ')
      .default([]),
    mode: z.enum(['on_demand', 'always']).default(D.transcode.mode),
    encoder: z.enum(['x264', 'nvenc', 'vaapi', 'qsv', 'videotoolbox']).default(D.transcode.encoder),
    fallback: z.boolean().default(D.transcode.fallback),
    device: z.string().regex(DEVICE).optional(),
    preset: z.string().regex(PRESET).optional(),
    threads: count(D.transcode.threads),
    maxJobs: count(D.transcode.maxJobs),
    lingerMs: z.number().int().min(0).default(D.transcode.lingerMs),
  }),
  hls: part({
    enabled: z.boolean().default(D.hls.enabled),
    mode: z.enum(['always', 'on_demand']).default(D.hls.mode),
    segmentMs: z.number().int().min(500).max(10_000).default(D.hls.segmentMs),
    partMs: z.number().int().min(0).max(2000).default(D.hls.partMs),
    windowMs: count(D.hls.windowMs),
    maxBytes: count(D.hls.maxBytes),
    totalBytes: count(D.hls.totalBytes),
    lingerMs: z.number().int().min(0).default(D.hls.lingerMs),
    sessions: z.boolean().default(D.hls.sessions),
    mpegts: z.boolean().default(D.hls.mpegts),
    heldPerStream: count(D.hls.heldPerStream),
    held: count(D.hls.held),
  }),
  record: part({
    mode: z.enum(['never', 'always']).default(D.record.mode),
    folder: z.string().min(1).default(D.record.folder),
    partMinutes: count(D.record.partMinutes),
    partBytes: z.number().int().min(1_000_000).default(D.record.partBytes),
    minFreeBytes: z.number().int().min(0).default(D.record.minFreeBytes),
  }),
  snapshot: part({
    // Posters are given to the program around the server; where there is none they would be made for nobody.
    enabled: z.boolean().default(false),
    everyMs: z.number().int().min(1000).default(D.snapshot.everyMs),
  }),
  doctor: part({
    enabled: z.boolean().default(D.doctor.enabled),
    highBitrateBps: count(D.doctor.highBitrateBps),
  }),
  workers: auto(64).default(D.workers),
  mergeWindowMs: auto(1000).default(D.mergeWindowMs),
  gopCache: part({
    enabled: z.boolean().default(D.gopCache.enabled),
    maxPackets: count(D.gopCache.maxPackets),
    maxBytes: count(D.gopCache.maxBytes),
  }),
  graceMs: z.number().int().min(0).default(D.graceMs),
  limits: part({
    connections: count(D.limits.connections),
    connectionsPerAddress: count(D.limits.connectionsPerAddress),
    streams: count(D.limits.streams),
    viewersPerStream: count(D.limits.viewersPerStream),
    publishBitrateBps: count(D.limits.publishBitrateBps),
    handshakeMs: count(D.limits.handshakeMs),
    publisherIdleMs: count(D.limits.publisherIdleMs),
    playWaitMs: count(D.limits.playWaitMs),
    headerBytes: count(D.limits.headerBytes),
    viewerBufferBytes: count(D.limits.viewerBufferBytes),
    slowViewerMs: count(D.limits.slowViewerMs),
  }),
  hooks: part({
    on_connect: z.url().optional(),
    on_close: z.url().optional(),
    on_publish: z.url().optional(),
    on_unpublish: z.url().optional(),
    on_play: z.url().optional(),
    on_stop: z.url().optional(),
    on_hls: z.url().optional(),
    on_dvr: z.url().optional(),
    timeoutMs: count(DEFAULT_HTTP_HOOKS.timeoutMs),
    attempts: count(DEFAULT_HTTP_HOOKS.attempts),
  }),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

export class MediaConfigError extends Error {}

/**
 * Reads `--config FILE` (YAML) and `--any.key=value` flags, the flags on top. Throws MediaConfigError with one line for
 * every mistake.
 */
export function readMediaConfig(args: readonly string[]): z.infer<typeof MediaConfig> {
  const flags = args.map(parseFlag);
  const file = flags.find(([path]) => path.join('.') === 'config')?.[1];
  const raw = file === undefined ? {} : readFile(file);
  for (const [path, value] of flags) if (path.join('.') !== 'config') assign(raw, path, parseYaml(value));
  const result = MediaConfig.safeParse(raw);
  if (result.success) return result.data;
  throw new MediaConfigError(
    result.error.issues.map(({ path, message }) => `${path.join('.') || 'config'}: ${message}`).join('\n'),
  );
}

function parseFlag(arg: string): [string[], string] {
  const match = /^--([A-Za-z_]+(?:\.[A-Za-z_]+)*)=(.*)$/.exec(arg);
  if (!match?.[1]) throw new MediaConfigError(`${arg}: flags look like --rtmp.port=1935`);
  return [match[1].split('.'), match[2] ?? ''];
}

function readFile(path: string): Record<string, unknown> {
  try {
    const value: unknown = parseYaml(readFileSync(path, 'utf8'));
    if (value === null) return {};
    if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
    throw new Error('the file must hold keys and values');
  } catch (error) {
    throw new MediaConfigError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function assign(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [head, ...rest] = path;
  if (head === undefined || head === '__proto__') return;
  if (rest.length === 0) {
    target[head] = value;
    return;
  }
  const inner = target[head];
  const branch =
    typeof inner === 'object' && inner !== null
      ? (inner as Record<string, unknown>)
      : (target[head] = {} as Record<string, unknown>);
  assign(branch as Record<string, unknown>, rest, value);
}
