import { hostname } from 'node:os';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import type { OtelTracer } from './otel-tracer.ts';

/** Undefined without `tracing.endpoint`: not even the library is loaded then. */
export async function openTracing(
  { tracing, trustProxy }: Config,
  deps: { logger: Logger; version: string },
): Promise<OtelTracer | undefined> {
  const { endpoint, sampleRatio, headers } = tracing;
  if (endpoint === undefined) return undefined;
  const otel = await import('./otel-tracer.ts');
  return new otel.OtelTracer({
    ...{ ...deps, nodeName: hostname(), endpoint, sampleRatio },
    headers: Object.fromEntries(headers.map(headerOf)),
    // Else anybody could have everything traced.
    followsCaller: trustProxy !== false,
  });
}

function headerOf(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}
