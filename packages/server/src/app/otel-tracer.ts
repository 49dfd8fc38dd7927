import { type Context, type Span, SpanKind, SpanStatusCode, trace, TraceFlags, ROOT_CONTEXT } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type ReadableSpan,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Logger } from 'pino';
import type { TraceAttributes, Tracer, TraceSpan } from '../http/trace.ts';

/** Spans that wait to be sent; more are left out. */
const MAX_WAITING = 4096;
const BATCH = 512;
const SEND_EVERY_MS = 5000;
const SEND_TIMEOUT_MS = 5000;
const CLOSE_MS = 1500;
/** Of an attribute, such as a statement. */
const MAX_CHARACTERS = 1024;
/** W3C Trace Context, 3.2: version 00, or a later one that begins the same. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

export interface OtelTracerOptions {
  endpoint: string;
  sampleRatio: number;
  headers: Record<string, string>;
  /** Whether a caller says what is traced; else only what it is part of. */
  followsCaller: boolean;
  version: string;
  /** Which of several nodes. */
  nodeName: string;
  logger: Logger;
  sendEveryMs?: number;
}

/** Traces by OpenTelemetry, sent as OTLP/HTTP in JSON. Nothing here is global, and nothing that fails here reaches what is traced. */
export class OtelTracer implements Tracer {
  readonly #contexts = new AsyncLocalStorageContextManager().enable();
  readonly #provider: TracerProvider;
  readonly #tracer: ReturnType<TracerProvider['getTracer']>;

  constructor({
    endpoint,
    sampleRatio,
    headers,
    followsCaller,
    version,
    nodeName,
    logger,
    sendEveryMs = SEND_EVERY_MS,
  }: OtelTracerOptions) {
    const share = new TraceIdRatioBasedSampler(sampleRatio);
    const exporter = new OTLPTraceExporter({
      ...{ url: endpoint, headers, timeoutMillis: SEND_TIMEOUT_MS, concurrencyLimit: 2 },
    });
    this.#provider = new TracerProvider({
      resource: resourceFromAttributes({
        'service.name': 'kaibo',
        'service.version': version,
        'service.instance.id': nodeName,
      }),
      sampler: new ParentBasedSampler({
        root: share,
        remoteParentSampled: followsCaller ? new AlwaysOnSampler() : share,
        ...(followsCaller ? {} : { remoteParentNotSampled: share }),
      }),
      spanLimits: { attributeValueLengthLimit: MAX_CHARACTERS, attributeCountLimit: 32 },
      spanProcessors: [
        new BatchSpanProcessor({
          exporter: new ToldOnceExporter(exporter, logger),
          maxQueueSize: MAX_WAITING,
          maxExportBatchSize: BATCH,
          scheduledDelayMillis: sendEveryMs,
          exportTimeoutMillis: 2 * SEND_TIMEOUT_MS,
        }),
      ],
    });
    this.#tracer = this.#provider.getTracer('kaibo', version);
  }

  request(
    name: string,
    { traceparent, attributes = {} }: { traceparent?: string; attributes?: TraceAttributes },
  ): TraceSpan {
    const parent = remoteContext(traceparent);
    const span = this.#tracer.startSpan(name, { kind: SpanKind.SERVER, attributes: { ...attributes } }, parent);
    return {
      run: (work) => this.#contexts.with(trace.setSpan(parent, span), work),
      end: ({ name: newName, attributes: more = {}, isFailed = false } = {}) => {
        if (newName !== undefined) span.updateName(newName);
        span.setAttributes({ ...more });
        if (isFailed) span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      },
    };
  }

  begin<Result>(name: string, attributes: TraceAttributes, work: () => Promise<Result>): Promise<Result> {
    return this.#around(
      this.#tracer.startSpan(name, { attributes: { ...attributes }, root: true }, ROOT_CONTEXT),
      work,
    );
  }

  span<Result>(name: string, attributes: TraceAttributes, work: () => Promise<Result>): Promise<Result> {
    const active = this.#contexts.active();
    if (trace.getSpan(active)?.isRecording() !== true) return work();
    return this.#around(this.#tracer.startSpan(name, { attributes: { ...attributes } }, active), work);
  }

  ended(
    name: string,
    { ms, attributes, isFailed }: { ms: number; attributes: TraceAttributes; isFailed: boolean },
  ): void {
    const active = this.#contexts.active();
    if (trace.getSpan(active)?.isRecording() !== true) return;
    const endMs = Date.now();
    const options = { attributes: { ...attributes }, startTime: endMs - ms, kind: SpanKind.CLIENT };
    const span = this.#tracer.startSpan(name, options, active);
    if (isFailed) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(endMs);
  }

  /** Sends what is left, within a moment. Never rejects. */
  async close(): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, CLOSE_MS);
    await Promise.race([this.#provider.shutdown().catch(() => {}), late.promise]);
    clearTimeout(timer);
    this.#contexts.disable();
  }

  async #around<Result>(span: Span, work: () => Promise<Result>): Promise<Result> {
    try {
      return await this.#contexts.with(trace.setSpan(this.#contexts.active(), span), work);
    } catch (error) {
      // Its message may say anything, its kind may not.
      if (error instanceof Error) span.setAttribute('error.type', error.name);
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  }
}

function remoteContext(traceparent: string | undefined): Context {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT;
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}

/** A collector that is away is one line of log, and another when it is back; what could not be sent is left out. */
class ToldOnceExporter implements SpanExporter {
  readonly #exporter: SpanExporter;
  readonly #logger: Logger;
  #isFailing = false;

  constructor(exporter: SpanExporter, logger: Logger) {
    this.#exporter = exporter;
    this.#logger = logger;
  }

  export(spans: ReadableSpan[], told: Parameters<SpanExporter['export']>[1]): void {
    this.#exporter.export(spans, (result) => {
      const isFailed = result.error !== undefined || result.code !== 0;
      if (isFailed && !this.#isFailing)
        this.#logger.warn({ reason: result.error?.name ?? 'unknown' }, 'traces cannot be sent; they are left out');
      else if (!isFailed && this.#isFailing) this.#logger.info('traces are sent again');
      this.#isFailing = isFailed;
      told({ code: 0 });
    });
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }
}
