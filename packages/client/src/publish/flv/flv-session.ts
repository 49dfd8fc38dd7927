import { localError } from '../../errors.ts';
import type { KaiboError } from '../../errors.ts';
import { Rate } from '../../rtc/rate.ts';
import type { PublishSession, PublishSessionOptions, PublishStats, TrackKind } from '../publish-session.ts';
import { takeSound } from './audio-source.ts';
import { AudioTrackEncoder } from './audio-track-encoder.ts';
import { BitrateSteps } from './bitrate-steps.ts';
import { FlvSocket } from './flv-socket.ts';
import { FlvWriter } from './flv-writer.ts';
import { usualBitrateBps } from './h264-codec.ts';
import { takeFrames } from './video-source.ts';
import { VideoTrackEncoder } from './video-track-encoder.ts';

/** Media that waits this long in the socket means that the network is full: pictures are left out before they are encoded. */
const FULL_MS = 1000;
/** And they go on when so much is left. */
const EASED_MS = 250;
const FIRST_FRAME_TIMEOUT_MS = 5000;
const DEFAULT_FRAMERATE = 30;

/**
 * Publishes one FLV stream over a WebSocket, encoded by WebCodecs: H.264 and Opus. When the network is full, pictures
 * are left out before they reach the encoder, so that what is sent stays decodable, and the bitrate steps down.
 */
export class FlvSession implements PublishSession {
  readonly ended: Promise<KaiboError | null>;
  readonly #options: PublishSessionOptions;
  readonly #socket: FlvSocket;
  readonly #writer = new FlvWriter();
  readonly #video: VideoTrackEncoder;
  readonly #audio: AudioTrackEncoder;
  readonly #stop: Record<TrackKind, () => void> = { audio: () => {}, video: () => {} };
  readonly #rates = { video: new Rate(), audio: new Rate(), frames: new Rate() };
  readonly #sent = { videoBytes: 0, audioBytes: 0, frames: 0 };
  readonly #steps = new BitrateSteps();
  #isStarted = false;
  #isFull = false;
  #isClosed = false;
  #nextFrameAtMs = Number.NEGATIVE_INFINITY;
  #finish: (error: KaiboError | null) => void = () => {};
  #started: () => void = () => {};
  #failed: (error: KaiboError) => void = () => {};

  constructor(options: PublishSessionOptions) {
    this.#options = options;
    this.ended = new Promise((resolve) => (this.#finish = resolve));
    this.#socket = new FlvSocket({
      url: options.url,
      WebSocket: options.WebSocket,
      onEnd: (error) => this.#end(error),
    });
    const onError = (error: unknown): void => this.#encoderFailed(error);
    this.#video = new VideoTrackEncoder({
      onError,
      onConfig: (avcc) => this.#send(this.#writer.videoConfig(avcc)),
      onFrame: (frame) => {
        this.#sent.frames += 1;
        this.#sent.videoBytes += this.#send(this.#writer.video(frame));
        this.#started();
      },
    });
    this.#audio = new AudioTrackEncoder({
      onError,
      onConfig: (head) => this.#send(this.#writer.audioConfig(head)),
      onFrame: (frame) => {
        this.#sent.audioBytes += this.#send(this.#writer.audio(frame));
        this.#started();
      },
    });
  }

  async connect(): Promise<void> {
    try {
      if (!('VideoEncoder' in globalThis) || !('AudioEncoder' in globalThis)) {
        throw localError('unsupported', 'this browser has no WebCodecs');
      }
      await this.#socket.open();
      await this.#begin();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  replaceTrack(track: MediaStreamTrack | null, kind: TrackKind): Promise<boolean> {
    this.#options.tracks = { ...this.#options.tracks, [kind]: track };
    if (this.#isStarted) this.#take(kind);
    return Promise.resolve(true);
  }

  setMaxBitrate(bitrateBps: number): Promise<void> {
    this.#options.maxBitrateBps = bitrateBps;
    return Promise.resolve();
  }

  stats(): Promise<PublishStats> {
    const nowMs = performance.now();
    const videoBitrateBps = Math.round(this.#rates.video.perSecond(this.#sent.videoBytes * 8, nowMs));
    const audioBitrateBps = Math.round(this.#rates.audio.perSecond(this.#sent.audioBytes * 8, nowMs));
    return Promise.resolve({
      bitrateBps: videoBitrateBps + audioBitrateBps,
      videoBitrateBps,
      audioBitrateBps,
      fps: this.#rates.frames.perSecond(this.#sent.frames, nowMs),
      ...this.#video.size,
      rttMs: null,
      lossRate: null,
      codec: this.#options.tracks.video === null ? 'opus' : 'H264',
      queueMs: Math.round(this.#video.queueMs + this.#waitingMs()),
    });
  }

  networkChanged(): void {
    // A connection over another network stands still, which the socket's watch notices.
  }

  close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#stop.audio();
      this.#stop.video();
      this.#video.close();
      this.#audio.close();
      this.#socket.close();
      this.#failed(localError('closed', 'closed'));
      this.#finish(null);
    }
    return Promise.resolve();
  }

  /** The header, and resolves with the first frame of either kind. */
  #begin(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.#failed(localError('no_media', 'no frame was encoded')),
        FIRST_FRAME_TIMEOUT_MS,
      );
      this.#started = () => {
        clearTimeout(timer);
        this.#started = () => {};
        this.#failed = () => {};
        resolve();
      };
      this.#failed = (error) => {
        clearTimeout(timer);
        this.#failed = () => {};
        reject(error);
      };
      if (this.#isClosed) return this.#failed(localError('closed', 'closed'));
      const { video, audio } = this.#options.tracks;
      this.#send(this.#writer.header({ hasAudio: audio !== null, hasVideo: video !== null }));
      this.#send(this.#writer.metadata(metadataOf(video)));
      this.#isStarted = true;
      this.#take('video');
      this.#take('audio');
    });
  }

  #take(kind: TrackKind): void {
    this.#stop[kind]();
    this.#stop[kind] = () => {};
    const track = this.#options.tracks[kind];
    if (track === null || this.#isClosed) return;
    if (kind === 'audio') {
      this.#stop.audio = takeSound({
        track,
        onSound: (data, atMs) => this.#audio.push(data, atMs),
        onError: (error) => this.#encoderFailed(error),
      });
      return;
    }
    this.#video.contentHint = track.contentHint;
    this.#video.framerate = this.#framerateOf(track);
    this.#stop.video = takeFrames(track, (frame, atMs) => this.#onFrame(frame, atMs));
  }

  #onFrame(frame: VideoFrame, atMs: number): void {
    if (this.#isClosed || this.#isTooSoon(atMs)) return frame.close();
    const { displayWidth: width, displayHeight: height } = frame;
    const { framerate } = this.#video;
    this.#steps.limit(this.#options.maxBitrateBps ?? usualBitrateBps({ width, height, framerate }));
    this.#isFull = this.#waitingMs() > (this.#isFull ? EASED_MS : FULL_MS);
    this.#steps.observe(this.#isFull, performance.now());
    this.#video.bitrateBps = this.#steps.currentBps;
    if (this.#isFull) frame.close();
    else this.#video.push(frame, atMs);
  }

  /** Keeps to `maxFramerate`, evenly. */
  #isTooSoon(atMs: number): boolean {
    const { maxFramerate } = this.#options;
    if (maxFramerate === undefined) return false;
    const intervalMs = 1000 / maxFramerate;
    // Cameras are not even to the millisecond.
    if (atMs < this.#nextFrameAtMs - intervalMs / 4) return true;
    this.#nextFrameAtMs = Math.max(atMs, this.#nextFrameAtMs + intervalMs);
    return false;
  }

  #waitingMs(): number {
    const bitrateBps = this.#steps.currentBps + this.#audio.bitrateBps;
    return (this.#socket.waitingBytes * 8000) / bitrateBps;
  }

  #framerateOf(track: MediaStreamTrack): number {
    const { frameRate } = track.getSettings();
    return Math.min(frameRate || DEFAULT_FRAMERATE, this.#options.maxFramerate ?? Number.POSITIVE_INFINITY);
  }

  #send(bytes: Uint8Array): number {
    // What formats gives stands in a buffer of its own; a socket must be told that it is not a shared one.
    this.#socket.send(bytes as Uint8Array<ArrayBuffer>);
    return bytes.length;
  }

  #encoderFailed(cause: unknown): void {
    this.#end(localError('encoder', 'the encoder failed', cause));
  }

  #end(error: KaiboError): void {
    if (this.#isClosed) return;
    this.#failed(error);
    this.#finish(error);
    void this.close();
  }
}

function metadataOf(video: MediaStreamTrack | null): Record<string, string | number> {
  const { width, height, frameRate } = video?.getSettings() ?? {};
  return {
    encoder: 'Kaibo',
    ...(width && height ? { width, height } : {}),
    ...(frameRate ? { framerate: frameRate } : {}),
  };
}
