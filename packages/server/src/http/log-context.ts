import { AsyncLocalStorage } from 'node:async_hooks';

/** Whom and what work is about; stands in every line that is logged on its way, whichever module logs it. */
export interface LogContext {
  reqId?: string;
  user?: string;
  room?: string;
  stream?: string;
}

/** What began with a request may outlive it, such as a timer: from its end on, nothing is said to be of it. */
interface Span {
  context: LogContext | undefined;
}

const spans = new AsyncLocalStorage<Span>();

/** One piece of work: a request, or a message of a socket. */
export class LogSpan {
  readonly #span: Span;

  constructor(context: LogContext) {
    this.#span = { context };
  }

  /** What is known by now. */
  know(context: LogContext): void {
    Object.assign(this.#span.context ?? {}, context);
  }

  run<Result>(work: () => Result): Result {
    return spans.run(this.#span, work);
  }

  end(): void {
    this.#span.context = undefined;
  }
}

/** pino's `mixin`. */
export function logContext(): object {
  return { ...spans.getStore()?.context };
}
