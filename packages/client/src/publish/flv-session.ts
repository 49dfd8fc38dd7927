import { localError } from '../errors.ts';
import type { KaiboError } from '../errors.ts';
import { NO_STATS } from './publish-session.ts';
import type { PublishSession, PublishSessionOptions, PublishStats, TrackKind } from './publish-session.ts';

/** Publishes FLV over a WebSocket, encoded by WebCodecs. */
export class FlvSession implements PublishSession {
  readonly ended: Promise<KaiboError | null> = Promise.resolve(null);
  readonly #options: PublishSessionOptions;

  constructor(options: PublishSessionOptions) {
    this.#options = options;
  }

  connect(): Promise<void> {
    return Promise.reject(localError('unsupported', `no encoder for ${new URL(this.#options.url).protocol}`));
  }

  replaceTrack(_track: MediaStreamTrack | null, _kind: TrackKind): Promise<boolean> {
    return Promise.resolve(true);
  }

  setMaxBitrate(_bitrateBps: number): Promise<void> {
    return Promise.resolve();
  }

  stats(): Promise<PublishStats> {
    return Promise.resolve(NO_STATS);
  }

  networkChanged(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }
}
