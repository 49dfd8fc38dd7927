import { z } from 'zod';

const host = () => z.string().regex(/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]{1,253})$/, 'a host name without port');
const label = () => z.string().regex(/^[\w.-]{1,64}$/, 'letters, digits, ".", "_" and "-"');
const duration = (byDefault: number) => z.int().min(0).max(86_400_000).default(byDefault);

/** This process among several that are one platform (docs/cluster.md). */
export const nodeSection = z.strictObject({
  name: label().optional().describe("What operators call this node; left out, the machine's name"),
  region: label().optional().describe('Where it is, in words of your own'),
  mediaHost: host()
    .optional()
    .describe('Host by which people reach the media ports of this very node; left out, any node shows any stream'),
  mediaUrl: z
    .string()
    .regex(/^https?:\/\/[^/\s?#]+$/, 'https://HOST or https://HOST:PORT')
    .optional()
    .describe('The same for FLV, HLS and WHEP, where they have another address, such as https://m1.example.org'),
  rtmpUrl: z
    .string()
    .regex(/^rtmps?:\/\/[^/\s?#]+$/, 'rtmp://HOST or rtmp://HOST:PORT')
    .optional()
    .describe('The same for RTMP, such as rtmp://m1.example.org:1935'),
  internalHost: host()
    .optional()
    .describe('Host by which the other nodes reach this one; left out, host, or the first address of the machine'),
  drainTimeoutMs: duration(600_000).describe('How long streams of a draining node may go on before they are cut'),
  drainNoticeMs: duration(5000).describe(
    'How long a draining node keeps its sockets, so that the load balancer has seen that it is not ready',
  ),
  drainSpreadMs: duration(10_000).describe('Over how long a draining node sends its sockets away'),
});
