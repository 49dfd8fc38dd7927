import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { NO_TRACER, type Tracer } from '../../http/trace.ts';
import {
  EngineUnavailableError,
  type EngineHandler,
  type EngineStream,
  type MediaEngine,
} from '../../engine/contract.ts';

const STATES: readonly EngineStream['state'][] = ['publishing', 'interrupted', 'idle'];
/** What others are called: a publisher may say anything. */
const OTHER_CODEC = 'other';
const CODECS = new Set(
  'h264 h265 h266 av1 vp8 vp9 vp6 h263 aac mp3 opus flac ac3 eac3 pcm adpcm g711a g711u speex'.split(' '),
);
/** Streams that have series of their own, where the operator wants that. */
const MAX_STREAM_SERIES = 1000;

/** The streams of this node, read at each scrape; of an engine that does not answer nothing is told. */
export function measureStreams(
  registry: Registry,
  { engine, perStream }: { engine: Pick<MediaEngine, 'streams'>; perStream: boolean },
): void {
  const gauges = new StreamGauges(registry, engine);
  gauges.add('kaibo_streams', { help: 'Streams that are published or in their grace' }, (own, all) =>
    own.set({}, all.length),
  );
  gauges.add('kaibo_media_streams', { help: 'Streams by state', label: 'state' }, (own, all) => {
    for (const state of STATES) own.set({ state }, all.filter((stream) => stream.state === state).length);
  });
  gauges.add('kaibo_media_stream_codecs', { help: 'Published streams by codec', label: 'codec' }, (own, all) => {
    for (const [codec, count] of countCodecs(all)) own.set({ codec }, count);
  });
  gauges.addSpread(
    'kaibo_media_stream_fps',
    'Frames per second of published streams that have pictures: min, mean and max',
    ({ fps, video }) => (video === undefined ? undefined : fps),
  );
  gauges.addSpread(
    'kaibo_media_stream_receive_bytes_per_second',
    'Bytes per second from publishers: min, mean and max of published streams',
    ({ recvBps }) => recvBps / 8,
  );
  gauges.add(
    'kaibo_media_viewers',
    { help: 'Media connections and HLS sessions that play, of all streams' },
    (own, all) => own.set({}, sum(all.map(({ viewers }) => viewers))),
  );
  gauges.add('kaibo_media_receive_bytes_per_second', { help: 'From publishers, of all streams' }, (own, all) =>
    own.set({}, sum(all.map(({ recvBps }) => recvBps / 8))),
  );
  gauges.add('kaibo_media_send_bytes_per_second', { help: 'To viewers, of all streams' }, (own, all) =>
    own.set({}, sum(all.map(({ sendBps }) => sendBps / 8))),
  );
  gauges.add(
    'kaibo_media_findings',
    { help: 'What streams suffer from, by severity', label: 'severity' },
    (own, all) => {
      const found = all.flatMap(({ findings = [] }) => findings);
      for (const severity of ['info', 'warning', 'problem'] as const)
        own.set({ severity }, found.filter((finding) => finding.severity === severity).length);
    },
  );
  if (!perStream) return;
  gauges.addEach(
    'kaibo_stream_receive_bytes_per_second',
    'From the publisher of a stream',
    ({ recvBps }) => recvBps / 8,
  );
  gauges.addEach('kaibo_stream_send_bytes_per_second', 'To the viewers of a stream', ({ sendBps }) => sendBps / 8);
  gauges.addEach('kaibo_stream_fps', 'Frames per second of a stream', ({ fps }) => fps);
  gauges.addEach('kaibo_stream_connections', 'Media connections that play a stream', ({ viewers }) => viewers);
}

/** Gauges that are set from the list of streams. */
class StreamGauges {
  readonly #registry: Registry;
  readonly #engine: Pick<MediaEngine, 'streams'>;
  #asking: Promise<EngineStream[] | undefined> | undefined;

  constructor(registry: Registry, engine: Pick<MediaEngine, 'streams'>) {
    this.#registry = registry;
    this.#engine = engine;
  }

  add(
    name: string,
    { help, label }: { help: string; label?: string },
    set: (own: Gauge, all: readonly EngineStream[]) => void,
  ): void {
    const streams = (): Promise<EngineStream[] | undefined> => this.#streams();
    new Gauge({
      ...{ name, help, registers: [this.#registry], labelNames: label === undefined ? [] : [label] },
      async collect() {
        const all = await streams();
        this.reset();
        if (all !== undefined) set(this, all);
      },
    });
  }

  /** Over published streams of which the value is known. */
  addSpread(name: string, help: string, value: (stream: EngineStream) => number | undefined): void {
    this.add(name, { help, label: 'stat' }, (own, all) => {
      const published = all.filter(({ state }) => state === 'publishing');
      const values = published.map(value).filter((one) => one !== undefined);
      if (values.length === 0) return;
      own.set({ stat: 'min' }, Math.min(...values));
      own.set({ stat: 'mean' }, sum(values) / values.length);
      own.set({ stat: 'max' }, Math.max(...values));
    });
  }

  /** A series for each stream. */
  addEach(name: string, help: string, value: (stream: EngineStream) => number): void {
    this.add(name, { help: `${help}; with metrics.perStream`, label: 'stream' }, (own, all) => {
      for (const stream of all.slice(0, MAX_STREAM_SERIES))
        own.set({ stream: `${stream.app}/${stream.stream}` }, value(stream));
    });
  }

  /** All gauges of one scrape ask once. */
  #streams(): Promise<EngineStream[] | undefined> {
    return (this.#asking ??= streamsOf(this.#engine).finally(() => (this.#asking = undefined)));
  }
}

async function streamsOf(engine: Pick<MediaEngine, 'streams'>): Promise<EngineStream[] | undefined> {
  try {
    return await engine.streams();
  } catch (error) {
    if (error instanceof EngineUnavailableError) return undefined;
    throw error;
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function countCodecs(streams: readonly EngineStream[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { state, video, audio } of streams) {
    if (state !== 'publishing') continue;
    for (const codec of [video?.codec, audio?.codec]) {
      if (codec === undefined) continue;
      const name = CODECS.has(codec) ? codec : OTHER_CODEC;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return counts;
}

/** Counts and times what the engine asks and tells, on its way to `handler`. */
export function measureHandler(registry: Registry, handler: EngineHandler, tracer: Tracer = NO_TRACER): EngineHandler {
  const registers = [registry];
  const disconnects = new Counter({
    name: 'kaibo_media_disconnects_total',
    help: 'Media connections that ended, by side and reason',
    labelNames: ['side', 'reason'],
    registers,
  });
  const hooks = new Histogram({
    name: 'kaibo_media_hook_duration_seconds',
    help: 'How long it took to decide who may publish or play, by outcome: allowed, denied or failed',
    labelNames: ['hook', 'outcome'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers,
  });
  const recorded = new Counter({
    name: 'kaibo_recording_written_bytes_total',
    help: 'Bytes of recordings in files that were closed',
    registers,
  });
  const time = async <Verdict extends { action: string }>(
    { hook, protocol }: { hook: 'publish' | 'play'; protocol: string },
    ask: () => Promise<Verdict>,
  ): Promise<Verdict> => {
    const startedMs = performance.now();
    let outcome = 'failed';
    try {
      const verdict = await tracer.begin(`media ${hook}`, { 'kaibo.protocol': protocol }, ask);
      outcome = verdict.action === 'deny' ? 'denied' : 'allowed';
      return verdict;
    } finally {
      hooks.observe({ hook, outcome }, (performance.now() - startedMs) / 1000);
    }
  };
  return {
    ...handler,
    authorizePublish: (client) =>
      time({ hook: 'publish', protocol: client.protocol }, () => handler.authorizePublish(client)),
    authorizePlay: (client) => time({ hook: 'play', protocol: client.protocol }, () => handler.authorizePlay(client)),
    notify: (event) => {
      if (event.type === 'stopped') disconnects.inc({ side: 'viewer', reason: event.reason });
      else if (event.type === 'interrupted') disconnects.inc({ side: 'publisher', reason: event.reason });
      else if (event.type === 'recording_part') recorded.inc(event.part.sizeBytes);
      handler.notify(event);
    },
  };
}
