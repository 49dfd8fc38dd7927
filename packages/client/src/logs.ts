import type { Caller } from './caller.ts';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
/** What the program says, a request, or who did what. */
export type LogKind = 'app' | 'access' | 'audit';

/** What is asked for; all that is given has to fit. */
export interface LogFilter {
  /** This one and graver ones. */
  level?: LogLevel;
  kind?: LogKind;
  /** Name of the machine. */
  node?: string;
  /** Ids of what a line is about. */
  user?: string;
  room?: string;
  stream?: string;
  requestId?: string;
  /** Words that all occur, each by its beginning; of Chinese and the like any part. */
  text?: string;
}

/** In a time: from, and before, ms since the epoch. */
export interface LogSearch extends LogFilter {
  from?: number;
  to?: number;
}

export interface LogQuery extends LogSearch {
  /** `next` of the page before. */
  before?: number;
  limit?: number;
}

export interface LogEntry {
  /** Grows with time; 0 where it is not kept yet. */
  id: number;
  /** ms since the epoch. */
  at: number;
  level: LogLevel;
  kind: LogKind;
  node: string;
  requestId?: string;
  user?: string;
  room?: string;
  stream?: string;
  message: string;
  /** What else the line says. */
  fields: Record<string, unknown>;
}

export interface LogPage {
  /** The newest first. */
  entries: LogEntry[];
  next?: number;
}

/** Lines as they are said, or how many there were too many of to be shown. */
export type LogTailEvent = { entry: LogEntry } | { dropped: number };

/** What the platform said, for administrators. */
export class LogsApi {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  search(query: LogQuery = {}): Promise<LogPage> {
    return this.#caller.json('/api/logs', { query: { ...query } });
  }

  /** All that fits, the newest first, as it comes: JSON, or CSV for a spreadsheet, a line each. */
  async export(query: LogSearch & { format?: 'ndjson' | 'csv' } = {}): Promise<ReadableStream<Uint8Array>> {
    return bodyOf(await this.#caller.send('/api/logs/export', { query: { ...query }, accept: '*/*' }));
  }

  /** What all nodes say from now on, until `signal` or the server ends it. Resolves when it is connected. */
  async tail(filter: LogFilter = {}, signal?: AbortSignal): Promise<AsyncGenerator<LogTailEvent>> {
    const request = { query: { ...filter }, accept: 'text/event-stream', signal };
    return eventsOf(bodyOf(await this.#caller.send('/api/logs/tail', request)));
  }
}

async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<LogTailEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (text + decoder.decode(value, { stream: true })).split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const data = /^data: (.*)$/m.exec(block)?.[1];
        if (data === undefined) continue;
        if (block.startsWith('event: dropped')) yield JSON.parse(data) as { dropped: number };
        else yield { entry: JSON.parse(data) as LogEntry };
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function bodyOf({ body }: Response): ReadableStream<Uint8Array> {
  if (body === null) throw new Error('an answer without a body');
  return body;
}
