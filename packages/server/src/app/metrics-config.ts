import { z } from 'zod';
import { FOREIGN_SECRET, SECRET } from './config-secret.ts';

/** A token that nobody tries out. */
const SHORTEST_TOKEN = 16;

/** What Prometheus reads, and who may. */
export const metricsSection = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('Address of the metrics listener'),
  port: z.int().min(0).max(65_535).default(9464).describe('Prometheus /metrics'),
  tls: z.boolean().default(false).describe('Metrics by HTTPS only, with the certificate of tls.cert'),
  token: z
    .string()
    .min(SHORTEST_TOKEN)
    .max(512)
    .regex(/^[\x21-\x7e]+$/, 'plain ASCII without spaces')
    .optional()
    .describe('Whoever reads metrics has to send it, as Authorization: Bearer TOKEN; left out, nothing is asked')
    .meta(SECRET),
  perStream: z
    .boolean()
    .default(false)
    .describe('Series of each stream too, of at most 1000: they cost Prometheus memory with every broadcast'),
});

/** Where traces go. */
export const tracingSection = z.strictObject({
  endpoint: z
    .url({ protocol: /^https?$/, error: 'http://HOST:4318/v1/traces' })
    .optional()
    .describe('OTLP/HTTP address that traces are sent to, such as http://127.0.0.1:4318/v1/traces; left out, none are'),
  sampleRatio: z
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe('Share of requests that are traced, 0 to 1; with trustProxy, what a proxy traces is traced here too'),
  headers: z
    .array(
      z
        .string()
        .max(2048)
        .regex(/^[A-Za-z0-9-]{1,64}: ?[\x20-\x7e]+$/, 'NAME: VALUE'),
    )
    .max(16)
    .default([])
    .describe('HTTP headers that go with traces, each NAME: VALUE, such as the authorization that a collector asks for')
    .meta(FOREIGN_SECRET),
});
