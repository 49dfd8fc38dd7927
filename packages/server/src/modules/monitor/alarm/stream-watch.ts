import type { EngineStream } from '../../../engine/contract.ts';
import type { Reading } from './book.ts';

/** Streams beyond it are not watched. */
const MAX_STREAMS = 20_000;
/** What a stream's usual rate is the mean of, the newer counting more: a rate that stays becomes the usual one. */
const USUAL_MS = 300_000;
/** A stream is watched this long before it has a usual rate. */
const LEARN_MS = 60_000;
/** Of less, a half is noise. */
const LEAST_BPS = 50_000;

interface Watched {
  startedAtMs: number;
  atMs: number;
  learnedMs: number;
  usualBps: number;
  interruptedAtMs: number | undefined;
}

/** Remembers how each stream of this node usually is. */
export class StreamWatch {
  readonly #now: () => number;
  #streams = new Map<string, Watched>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** `viewersPerStream` is the limit of one. */
  look(streams: readonly EngineStream[], viewersPerStream: number): Reading[] {
    const before = this.#streams;
    this.#streams = new Map();
    return streams.slice(0, MAX_STREAMS).flatMap((stream) => {
      const name = `${stream.app}/${stream.stream}`;
      const known = before.get(name);
      const watched = known?.startedAtMs === stream.startedAtMs ? known : this.#begin(stream);
      this.#streams.set(name, watched);
      return [
        this.#interruption(stream, watched),
        this.#rate(stream, watched),
        {
          ...({ kind: 'viewers_limit', subject: stream.stream } as const),
          value: (stream.viewers / viewersPerStream) * 100,
          data: { viewers: stream.viewers, limit: viewersPerStream },
        },
      ];
    });
  }

  #begin({ startedAtMs }: EngineStream): Watched {
    return { startedAtMs, atMs: this.#now(), learnedMs: 0, usualBps: 0, interruptedAtMs: undefined };
  }

  #interruption({ stream, state }: EngineStream, watched: Watched): Reading {
    const now = this.#now();
    watched.interruptedAtMs = state === 'interrupted' ? (watched.interruptedAtMs ?? now) : undefined;
    const since = watched.interruptedAtMs;
    return {
      kind: 'stream_interrupted',
      subject: stream,
      value: since === undefined ? 0 : (now - since) / 1000,
      since,
    };
  }

  #rate({ stream, state, recvBps }: EngineStream, watched: Watched): Reading {
    const now = this.#now();
    const passedMs = Math.max(0, now - watched.atMs);
    watched.atMs = now;
    // While nobody publishes there is another alarm.
    if (state !== 'publishing') return { kind: 'bitrate_collapse', subject: stream, value: 100 };
    const { usualBps, learnedMs } = watched;
    // The mean of all there is, until there is as much as it is made of.
    const share = learnedMs === 0 ? 1 : Math.min(1, passedMs / Math.min(USUAL_MS, learnedMs + passedMs));
    if (recvBps > 0 || learnedMs > 0) {
      watched.usualBps = usualBps + (recvBps - usualBps) * share;
      watched.learnedMs = Math.max(1, learnedMs + passedMs);
    }
    const isKnown = learnedMs >= LEARN_MS && usualBps >= LEAST_BPS;
    return {
      ...({ kind: 'bitrate_collapse', subject: stream } as const),
      value: isKnown ? (recvBps / usualBps) * 100 : undefined,
      data: { bitrateBps: Math.round(recvBps), usualBps: Math.round(usualBps) },
    };
  }
}
