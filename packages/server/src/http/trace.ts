export type TraceAttributes = Readonly<Record<string, string | number | boolean>>;

/** One piece of work in a trace. Attributes never hold secrets, nor what people wrote. */
export interface TraceSpan {
  /** What is begun within `work` is part of it. */
  run<Result>(work: () => Result): Result;
  /** Once; `name` replaces the one that it began with. */
  end(result?: { name?: string; attributes?: TraceAttributes; isFailed?: boolean }): void;
}

/** Where time goes, for whoever reads traces. Implemented by app/otel-tracer.ts; `NO_TRACER` costs nothing. */
export interface Tracer {
  /** Of somebody who asks: part of the trace that their `traceparent` (W3C) names, else a new one. */
  request(name: string, options: { traceparent?: string; attributes?: TraceAttributes }): TraceSpan;
  /** A trace of its own. */
  begin<Result>(name: string, attributes: TraceAttributes, work: () => Promise<Result>): Promise<Result>;
  /** A part of what it is on the way of; nothing where that is not traced. */
  span<Result>(name: string, attributes: TraceAttributes, work: () => Promise<Result>): Promise<Result>;
  /** The same of what has ended just now. */
  ended(name: string, past: { ms: number; attributes: TraceAttributes; isFailed: boolean }): void;
}

export const NO_TRACER: Tracer = {
  request: () => ({ run: (work) => work(), end: () => {} }),
  begin: (_name, _attributes, work) => work(),
  span: (_name, _attributes, work) => work(),
  ended: () => {},
};
