import { z } from 'zod';
import { SECRET } from './config-secret.ts';

const port = (byDefault: number) => z.int().min(1).max(65_535).default(byDefault);
const otherPort = () => z.int().min(1).max(65_535).optional();
const apiUrl = () => z.url({ protocol: /^https?$/ }).max(512);
const host = () =>
  z
    .string()
    .regex(/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]{1,253})$/, 'a host name without port')
    .optional();

/** One SRS of a cluster: where its API answers this platform, and by which ports people reach it. */
const server = z.strictObject({
  apiUrl: apiUrl(),
  publicHost: host(),
  rtmpPort: port(1935),
  rtmpsPort: otherPort(),
  httpPort: port(8080),
  httpsPort: otherPort(),
  rtcPort: port(8000),
  /** From where an edge fetches of an origin, where that is not the host of its API. */
  address: z.union([z.ipv4(), z.ipv6()]).optional(),
});

const edge = server.extend({
  /** `apiUrl` of the origin that it fetches from; with one there is no choice. */
  origin: apiUrl().optional(),
});

/** Who carries the media. */
export const engineSection = z.strictObject({
  kind: z
    .enum(['embedded', 'srs'])
    .default('embedded')
    .describe('Who carries the media: embedded (the media server inside) or srs (an SRS server or cluster)'),
  srs: z
    .strictObject({
      apiUrl: apiUrl()
        .default('http://127.0.0.1:1985')
        .describe('HTTP API of the SRS, private; several servers stand in origins and edges instead'),
      proxyApiUrl: apiUrl()
        .optional()
        .describe("HTTP API of SRS 7's proxy, where one stands before the origins: WebRTC is asked for there"),
      apiUser: z.string().min(1).max(128).default('kaibo').describe("User of SRS's http_api.auth"),
      apiPassword: z
        .string()
        .min(8)
        .max(128)
        .optional()
        .describe("Password of SRS's http_api.auth; left out, made by kaibo srs config and kept in dataDir")
        .meta(SECRET),
      hooksSecret: z
        .string()
        .regex(/^[\w-]{16,128}$/, 'at least 16 letters, digits, "-" and "_"')
        .optional()
        .describe('Stands in the path of the hooks that SRS calls; left out, made and kept in dataDir')
        .meta(SECRET),
      timeoutMs: z.int().min(100).max(30_000).default(2000).describe("For one call of SRS's API"),
      lostMs: z
        .int()
        .min(1000)
        .max(3_600_000)
        .default(45_000)
        .describe('A server that neither answers nor calls for this long has lost its streams'),
      publicHost: host().describe('Host name in media addresses; left out, media.publicHost'),
      rtmpPort: port(1935).describe('Of SRS, as people reach it'),
      rtmpsPort: otherPort().describe('The same with TLS'),
      httpPort: port(8080).describe("SRS's HTTP server: FLV and HLS"),
      httpsPort: otherPort().describe('The same with TLS'),
      rtcPort: port(8000).describe('UDP, shown in webrtc:// addresses'),
      hls: z
        .boolean()
        .default(false)
        .describe(
          "Whether public rooms are offered by SRS's HLS; its segments have names that can be guessed, so use it only where no room is private",
        ),
      origins: z
        .array(server)
        .max(64)
        .default([])
        .describe(
          'Servers that are published to, each {apiUrl, publicHost, rtmpPort, httpPort, rtcPort}; none is apiUrl',
        ),
      edges: z
        .array(edge)
        .max(256)
        .default([])
        .describe(
          'Servers that viewers are spread over by load, the same with origin, the apiUrl of what each fetches from; RTMP and HTTP-FLV only',
        ),
    })
    .refine(
      ({ origins, edges }) =>
        origins.length < 2 || edges.every(({ origin }) => origins.some(({ apiUrl: url }) => url === origin)),
      {
        path: ['edges'],
        error: 'with several origins each edge says by origin, an apiUrl of theirs, what it fetches from',
      },
    )
    .prefault({}),
});
