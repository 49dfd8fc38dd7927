import type { MediaLog } from '../hub/session-host.ts';
import type { Stream, StreamKey } from '../hub/stream.ts';
import { AudioBridge } from '../transcode/audio-bridge.ts';
import { findFfmpeg } from '../transcode/find-ffmpeg.ts';

/** The audio bridges of the streams that this worker owns and a browser has published. */
export class AudioBridges {
  #log: MediaLog;
  #bridges = new Map<StreamKey, AudioBridge>();

  constructor(log: MediaLog) {
    this.#log = log;
  }

  /** A stream keeps its bridge over its publishers. */
  ensure(stream: Stream): void {
    if (this.#bridges.has(stream.key)) return;
    this.#bridges.set(stream.key, new AudioBridge({ stream, findFfmpeg, log: this.#log }));
  }

  /** Codes of what the streamer should know of: why RTMP and FLV have no sound. */
  notices(key: StreamKey): string[] {
    switch (this.#bridges.get(key)?.status) {
      case 'no_ffmpeg':
        return ['no_ffmpeg'];
      case 'failed':
        return ['audio_bridge_failed'];
      default:
        return [];
    }
  }

  /** The stream has ended. */
  close(key: StreamKey): void {
    this.#bridges.get(key)?.close();
    this.#bridges.delete(key);
  }

  closeAll(): void {
    for (const key of [...this.#bridges.keys()]) this.close(key);
  }
}
