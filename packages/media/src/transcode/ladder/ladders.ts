import type { StreamCompanion } from '../../hub/companion.ts';
import type { MediaLog } from '../../hub/session-host.ts';
import type { Stream, StreamKey } from '../../hub/stream.ts';
import type { TranscodeOptions } from './profile.ts';
import { type RenditionEnd, SourceLadder } from './source-ladder.ts';

/** A rendition to make, as the main thread orders it of the worker that owns its source. */
export interface RenditionOrder {
  source: StreamKey;
  /** Of the profile. */
  name: string;
  /** Of the rendition's stream. */
  key: StreamKey;
  /** Set when a worker that owned it before has died: its viewers may have seen so much. */
  resumeAfterMs?: number;
}

export interface LaddersDeps {
  options: TranscodeOptions;
  findFfmpeg(): string | undefined;
  log: MediaLog;
  report(key: StreamKey, end: RenditionEnd): void;
}

/** The renditions that one worker makes of the streams that it owns. */
export class Ladders implements StreamCompanion {
  readonly isForRenditions = true;
  readonly #deps: LaddersDeps;
  readonly #sources = new Map<StreamKey, SourceLadder>();
  /** By its stream: source and name of a rendition. */
  readonly #renditions = new Map<StreamKey, { source: StreamKey; name: string }>();

  constructor(deps: LaddersDeps) {
    this.#deps = deps;
  }

  own(): void {
    // Nothing is made before it is ordered.
  }

  start(
    { source: sourceKey, name, key }: RenditionOrder,
    { source, target }: { source: Stream; target: Stream },
  ): void {
    const { options, log, report, findFfmpeg } = this.#deps;
    const profile = options.profiles.find((candidate) => candidate.name === name);
    if (profile === undefined || this.#renditions.has(key)) return;
    this.#renditions.set(key, { source: sourceKey, name });
    let ladder = this.#sources.get(sourceKey);
    if (ladder === undefined) {
      const ended = (lost: string, end: RenditionEnd): void => {
        for (const [lostKey, known] of this.#renditions) {
          if (known.source !== sourceKey || known.name !== lost) continue;
          this.#renditions.delete(lostKey);
          report(lostKey, end);
        }
        this.#closeUnused(sourceKey);
      };
      ladder = new SourceLadder({ source, options, ffmpeg: findFfmpeg(), log, ended });
      this.#sources.set(sourceKey, ladder);
    }
    ladder.add(profile, target);
  }

  /** Of a source or of a rendition. */
  ended(key: StreamKey): void {
    this.#sources.get(key)?.close();
    this.#sources.delete(key);
    for (const [renditionKey, { source }] of this.#renditions)
      if (source === key) this.#renditions.delete(renditionKey);
    const rendition = this.#renditions.get(key);
    if (rendition === undefined) return;
    this.#renditions.delete(key);
    this.#sources.get(rendition.source)?.remove(rendition.name);
    this.#closeUnused(rendition.source);
  }

  close(): Promise<void> {
    for (const ladder of this.#sources.values()) ladder.close();
    this.#sources.clear();
    this.#renditions.clear();
    return Promise.resolve();
  }

  #closeUnused(key: StreamKey): void {
    const ladder = this.#sources.get(key);
    if (ladder?.isEmpty !== true) return;
    this.#sources.delete(key);
    ladder.close();
  }
}
