// Three clients of one channel, one per transport, which are cut at random moments and come back where they were.
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';

/** One event as every transport gives it. */
export interface SeenEvent {
  offset: number;
  event: string;
  data: unknown;
}

export interface EventClient extends AsyncDisposable {
  name: string;
  /** In the order of arrival, from the first after the snapshot with which it began. */
  seen: SeenEvent[];
  cuts: number;
  /** Snapshots that were not a resume, after the first: each is a loss. */
  losses: number;
  /** Drops the connection as a network does. */
  cut(): void;
  /** The first snapshot came: every later event is due. */
  ready: Promise<void>;
}

interface Place {
  epoch: string;
  offset: number;
}

const vectorOf = (channel: string, { epoch, offset }: Place): string => `${channel}@${epoch}.${offset}`;

function placeOf(vector: string): Place {
  const match = /@([^.;]+)\.(\d+)/.exec(vector);
  if (!match) throw new Error(`not a vector: ${vector}`);
  return { epoch: match[1] ?? '', offset: Number(match[2]) };
}

/** What the three have in common: the place, the list, and how often they were cut. */
class Reader {
  readonly seen: SeenEvent[] = [];
  readonly ready: Promise<void>;
  place: Place | undefined;
  cuts = 0;
  losses = 0;
  isClosed = false;
  readonly #begin: () => void;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ready = promise;
    this.#begin = resolve;
  }

  snapshot(place: Place): void {
    if (this.place !== undefined) this.losses++;
    this.place = place;
    this.#begin();
  }

  event(offset: number, event: string, data: unknown): void {
    this.seen.push({ offset, event, data });
    if (this.place !== undefined) this.place = { ...this.place, offset };
  }
}

interface SocketMessage {
  type: string;
  epoch: string;
  offset: number;
  recovered: boolean;
  event: string;
  data: unknown;
}

export function socketClient(base: () => string, channel: string): EventClient {
  const reader = new Reader();
  let socket: WebSocket | undefined;
  const connect = (): void => {
    if (reader.isClosed) return;
    socket = new WebSocket(`${base().replace('http', 'ws')}/ws`);
    socket.on('open', () => socket?.send(JSON.stringify({ type: 'subscribe', channel, since: reader.place })));
    socket.on('message', (text) => {
      const message = JSON.parse(String(text)) as SocketMessage;
      if (message.type === 'snapshot' && !message.recovered) reader.snapshot(message);
      else if (message.type === 'event' && message.offset !== undefined)
        reader.event(message.offset, message.event, message.data);
    });
    socket.on('error', () => {});
    socket.on('close', () => setTimeout(connect, 20));
  };
  connect();
  return Object.assign(reader, {
    name: 'websocket',
    cut: () => {
      reader.cuts++;
      socket?.terminate();
    },
    [Symbol.asyncDispose]: async () => {
      reader.isClosed = true;
      socket?.terminate();
    },
  });
}

/** Runs `visit` again and again until closed; an error or a cut waits a moment and goes on. */
function loop(reader: Reader, name: string, visit: (signal: AbortSignal) => Promise<void>): EventClient {
  let abort = new AbortController();
  const run = async (): Promise<void> => {
    while (!reader.isClosed) {
      abort = new AbortController();
      await visit(abort.signal).catch(() => sleep(20));
    }
  };
  const running = run();
  return Object.assign(reader, {
    name,
    cut: () => {
      reader.cuts++;
      abort.abort();
    },
    [Symbol.asyncDispose]: async () => {
      reader.isClosed = true;
      abort.abort();
      await running;
    },
  });
}

export function sseClient(base: () => string, channel: string): EventClient {
  const reader = new Reader();
  return loop(reader, 'sse', async (signal) => {
    const resume: Record<string, string> =
      reader.place === undefined ? {} : { 'last-event-id': vectorOf(channel, reader.place) };
    const response = await fetch(`${base()}/api/events?channels=${encodeURIComponent(channel)}`, {
      headers: { accept: 'text/event-stream', ...resume },
      signal,
    });
    if (!response.ok || response.body === null) throw new Error(`events answered ${response.status}`);
    let text = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      const blocks = (text + chunk).split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) readBlock(reader, block);
    }
  });
}

function readBlock(reader: Reader, block: string): void {
  const fields = new Map(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const id = fields.get('id');
  const data = fields.get('data');
  if (id === undefined || data === undefined) return;
  const message = JSON.parse(data) as SocketMessage;
  if (message.type === 'snapshot') {
    if (!message.recovered) reader.snapshot(placeOf(id));
  } else if (message.type === 'event' && message.offset !== undefined)
    reader.event(placeOf(id).offset, message.event, message.data);
}

export function pollingClient(base: () => string, channel: string): EventClient {
  const reader = new Reader();
  return loop(reader, 'polling', async (signal) => {
    const since = reader.place === undefined ? '' : `&since=${encodeURIComponent(vectorOf(channel, reader.place))}`;
    const url = `${base()}/api/events?channels=${encodeURIComponent(channel)}&wait=2${since}`;
    const response = await fetch(url, { headers: { accept: 'application/json' }, signal });
    if (!response.ok) throw new Error(`events answered ${response.status}`);
    const answer = (await response.json()) as {
      since: string;
      events: SocketMessage[];
      snapshots?: SocketMessage[];
    };
    const fresh = answer.snapshots?.some(({ recovered }) => !recovered) ?? false;
    if (fresh) reader.snapshot(placeOf(answer.since));
    for (const { offset, event, data } of answer.events) if (offset !== undefined) reader.event(offset, event, data);
    if (!fresh && answer.events.length === 0 && reader.place !== undefined) reader.place = placeOf(answer.since);
  });
}
