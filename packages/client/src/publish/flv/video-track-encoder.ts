import { avcCodecs, usualBitrateBps } from './h264-codec.ts';

export interface VideoTrackEncoderOptions {
  /** An AVCDecoderConfigurationRecord: before the first frame, and when it changed. */
  onConfig(avcc: Uint8Array): void;
  onFrame(frame: { bytes: Uint8Array; isKey: boolean; atMs: number }): void;
  /** It cannot go on. */
  onError(error: unknown): void;
}

interface Size {
  width: number;
  height: number;
}

const KEY_FRAME_MS = 2000;
const DEFAULT_FRAMERATE = 30;
/** Frames inside the encoder; more and it is too slow for what comes. */
const MAX_QUEUED_FRAMES = 4;

/** A track's pictures to H.264 in length-prefixed units, by WebCodecs. Hardware first, and no more after it failed. */
export class VideoTrackEncoder {
  readonly #options: VideoTrackEncoderOptions;
  #encoder: VideoEncoder | undefined;
  #config: VideoEncoderConfig | undefined;
  #isConfiguring = false;
  #mayUseHardware = true;
  #avcc = new Uint8Array();
  #keyAtMs = Number.NEGATIVE_INFINITY;
  #lastMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;
  /** Of the picture; undefined takes what is usual for its size. */
  bitrateBps: number | undefined;
  framerate = DEFAULT_FRAMERATE;
  contentHint = '';
  /** Frames that came while the encoder was behind. */
  dropped = 0;

  constructor(options: VideoTrackEncoderOptions) {
    this.#options = options;
  }

  get size(): Size {
    return { width: this.#config?.width ?? 0, height: this.#config?.height ?? 0 };
  }

  /** What it is told to make now. */
  get configuredBps(): number {
    return this.#config?.bitrate ?? 0;
  }

  get queueMs(): number {
    return ((this.#encoder?.encodeQueueSize ?? 0) * 1000) / this.framerate;
  }

  /** Takes the frame over. */
  push(frame: VideoFrame, atMs: number): void {
    const encoder = this.#readyFor(frame);
    if (encoder !== undefined) this.#encode(encoder, frame, Math.max(atMs, this.#lastMs + 1));
    frame.close();
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    if (this.#encoder !== undefined && this.#encoder.state !== 'closed') this.#encoder.close();
  }

  #readyFor(frame: VideoFrame): VideoEncoder | undefined {
    if (this.#isClosed || this.#isConfiguring) return undefined;
    // 4:2:0 needs even sizes.
    const size = { width: frame.displayWidth & ~1, height: frame.displayHeight & ~1 };
    const { width, height, bitrate } = this.#config ?? {};
    const isOther = size.width !== width || size.height !== height || this.#bitrateFor(size) !== bitrate;
    const encoder = this.#encoder;
    if (encoder?.state !== 'configured' || isOther) {
      void this.#configure(size);
      return undefined;
    }
    if (encoder.encodeQueueSize < MAX_QUEUED_FRAMES) return encoder;
    this.dropped += 1;
    return undefined;
  }

  #encode(encoder: VideoEncoder, frame: VideoFrame, atMs: number): void {
    const keyFrame = atMs - this.#keyAtMs >= KEY_FRAME_MS;
    if (keyFrame) this.#keyAtMs = atMs;
    this.#lastMs = atMs;
    const timed = new VideoFrame(frame, { timestamp: Math.round(atMs * 1000) });
    try {
      encoder.encode(timed, { keyFrame });
    } catch (error) {
      this.#failed(error);
    } finally {
      timed.close();
    }
  }

  #bitrateFor(size: Size): number {
    return this.bitrateBps ?? usualBitrateBps({ ...size, framerate: this.framerate });
  }

  async #configure(size: Size): Promise<void> {
    this.#isConfiguring = true;
    const sameSize = size.width === this.#config?.width && size.height === this.#config.height;
    const kept = sameSize && this.#encoder?.state === 'configured' ? this.#config : undefined;
    try {
      const config = kept ? { ...kept, bitrate: this.#bitrateFor(size) } : await this.#choose(size);
      if (this.#isClosed) return;
      if (this.#encoder?.state !== 'configured') this.#encoder = this.#newEncoder();
      this.#encoder.configure(config);
      this.#config = config;
      if (kept === undefined) this.#keyAtMs = Number.NEGATIVE_INFINITY;
    } catch (error) {
      if (!this.#isClosed) this.#options.onError(error);
    } finally {
      this.#isConfiguring = false;
    }
  }

  /** The first that this browser supports. */
  async #choose(size: Size): Promise<VideoEncoderConfig> {
    const format = { ...size, framerate: this.framerate, bitrateBps: this.#bitrateFor(size) };
    for (const hardwareAcceleration of ['prefer-hardware', 'no-preference'] as const) {
      if (hardwareAcceleration === 'prefer-hardware' && !this.#mayUseHardware) continue;
      for (const codec of avcCodecs(format)) {
        const config: VideoEncoderConfig = {
          ...size,
          codec,
          hardwareAcceleration: this.#mayUseHardware ? hardwareAcceleration : 'prefer-software',
          bitrate: format.bitrateBps,
          framerate: this.framerate,
          latencyMode: 'realtime',
          avc: { format: 'avc' },
          ...(this.contentHint === '' ? {} : { contentHint: this.contentHint }),
        };
        const { supported } = await VideoEncoder.isConfigSupported(config);
        if (supported) return config;
      }
    }
    throw new Error(`no H.264 encoder for ${size.width}×${size.height}`);
  }

  #newEncoder(): VideoEncoder {
    const encoder: VideoEncoder = new VideoEncoder({
      output: (chunk, metadata) => {
        if (this.#encoder === encoder && !this.#isClosed) this.#give(chunk, metadata);
      },
      error: (error) => {
        if (this.#encoder === encoder) this.#failed(error);
      },
    });
    return encoder;
  }

  #give(chunk: EncodedVideoChunk, metadata: EncodedVideoChunkMetadata | undefined): void {
    const description = metadata?.decoderConfig?.description;
    if (description !== undefined) {
      const avcc = bytesOf(description);
      if (!areSame(avcc, this.#avcc)) {
        this.#avcc = avcc;
        this.#options.onConfig(avcc);
      }
    }
    const bytes = new Uint8Array(chunk.byteLength);
    chunk.copyTo(bytes);
    this.#options.onFrame({ bytes, isKey: chunk.type === 'key', atMs: chunk.timestamp / 1000 });
  }

  /** A graphics driver that fails once is not asked again: the next frame finds an encoder without it. */
  #failed(error: unknown): void {
    if (this.#isClosed) return;
    if (!this.#mayUseHardware) return this.#options.onError(error);
    this.#mayUseHardware = false;
    this.#config = undefined;
    if (this.#encoder?.state !== 'closed') this.#encoder?.close();
    this.#encoder = undefined;
  }
}

/** A copy of its own. */
export function bytesOf(source: AllowSharedBufferSource): Uint8Array<ArrayBuffer> {
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength).slice()
    : new Uint8Array(source).slice();
}

function areSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
