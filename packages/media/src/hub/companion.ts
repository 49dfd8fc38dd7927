import type { Stream, StreamKey } from './stream.ts';

/**
 * What works on every stream that its worker owns, beside the viewers: HLS, recordings, posters, the doctor, the ladder.
 * A tap is its way in. What it does must never touch the stream itself.
 */
export interface StreamCompanion {
  /** Whether renditions that this server makes (transcode/ladder) are its business too; else it is told of sources only. */
  readonly isForRenditions?: boolean;
  /** A broadcast of the stream is this worker's from now on; before its first packet here. Once until `ended`. */
  own(stream: Stream): void;
  /** The broadcast is over; its taps have been told already. */
  ended(key: StreamKey): void;
  /** The worker stops, after all streams have ended. Resolves when what has to be kept is kept. */
  close(): Promise<void>;
}
