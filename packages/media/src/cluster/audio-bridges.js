import { AudioBridge } from '../transcode/audio-bridge.ts';
import { findFfmpeg } from '../transcode/find-ffmpeg.ts';
/** The audio bridges of the streams that this worker owns and a browser has published. */
export class AudioBridges {
  #log;
  #bridges = new Map();
  constructor(log) {
    this.#log = log;
  }
  /** A stream keeps its bridge over its publishers. */
  ensure(stream) {
    if (this.#bridges.has(stream.key)) return;
    this.#bridges.set(stream.key, new AudioBridge({ stream, findFfmpeg, log: this.#log }));
  }
  /** Codes of what the streamer should know of: why RTMP and FLV have no sound. */
  notices(key) {
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
  close(key) {
    this.#bridges.get(key)?.close();
    this.#bridges.delete(key);
  }
  closeAll() {
    for (const key of [...this.#bridges.keys()]) this.close(key);
  }
}
