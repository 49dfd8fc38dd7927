import { encodeOpusHead } from '@kaibo/formats';
import { SampleClock } from './sample-clock.ts';
import { bytesOf } from './video-track-encoder.ts';

export interface AudioTrackEncoderOptions {
  /** An OpusHead (RFC 7845, 5.1): before the first frame, and when it changed. */
  onConfig(opusHead: Uint8Array): void;
  onFrame(frame: { bytes: Uint8Array; atMs: number }): void;
  /** It cannot go on. */
  onError(error: unknown): void;
}

const FRAME_US = 20_000;
/** Of libopus at 48 kHz, which all browsers use: 6.5 ms. */
const PRE_SKIP = 312;
const STEREO_BPS = 160_000;
const MONO_BPS = 96_000;
/** Pieces inside the encoder; more and it stands still. */
const MAX_QUEUED_PIECES = 200;

/** A track's sound to Opus, by WebCodecs. */
export class AudioTrackEncoder {
  readonly #options: AudioTrackEncoderOptions;
  #encoder: AudioEncoder | undefined;
  #clock = new SampleClock();
  #format = { sampleRate: 0, numberOfChannels: 0 };
  #isClosed = false;

  constructor(options: AudioTrackEncoderOptions) {
    this.#options = options;
  }

  get bitrateBps(): number {
    return this.#format.numberOfChannels === 1 ? MONO_BPS : STEREO_BPS;
  }

  /** Takes the data over. */
  push(data: AudioData, atMs: number): void {
    try {
      if (!this.#isClosed) this.#push(data, atMs);
    } catch (error) {
      this.#failed(error);
    } finally {
      data.close();
    }
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    if (this.#encoder !== undefined && this.#encoder.state !== 'closed') this.#encoder.close();
  }

  #push(data: AudioData, atMs: number): void {
    const { sampleRate, numberOfChannels } = data;
    const isOther = sampleRate !== this.#format.sampleRate || numberOfChannels !== this.#format.numberOfChannels;
    const encoder =
      this.#encoder === undefined || isOther ? this.#begin({ sampleRate, numberOfChannels }) : this.#encoder;
    if (encoder.encodeQueueSize > MAX_QUEUED_PIECES) return;
    this.#clock.put((data.numberOfFrames * 1_000_000) / sampleRate, atMs);
    encoder.encode(data);
  }

  #begin(format: { sampleRate: number; numberOfChannels: number }): AudioEncoder {
    if (this.#encoder !== undefined && this.#encoder.state !== 'closed') this.#encoder.close();
    const clock = new SampleClock();
    let isFirst = true;
    const encoder: AudioEncoder = new AudioEncoder({
      output: (chunk, metadata) => {
        if (this.#encoder !== encoder || this.#isClosed) return;
        if (isFirst) this.#options.onConfig(headOf(metadata, format));
        isFirst = false;
        const bytes = new Uint8Array(chunk.byteLength);
        chunk.copyTo(bytes);
        this.#options.onFrame({ bytes, atMs: clock.take(chunk.duration ?? FRAME_US) });
      },
      error: (error) => {
        if (this.#encoder === encoder) this.#failed(error);
      },
    });
    this.#format = format;
    this.#clock = clock;
    this.#encoder = encoder;
    encoder.configure({ codec: 'opus', ...format, bitrate: this.bitrateBps, opus: { frameDuration: FRAME_US } });
    return encoder;
  }

  #failed(error: unknown): void {
    if (!this.#isClosed) this.#options.onError(error);
  }
}

function headOf(
  metadata: EncodedAudioChunkMetadata | undefined,
  { sampleRate, numberOfChannels }: { sampleRate: number; numberOfChannels: number },
): Uint8Array {
  const description = metadata?.decoderConfig?.description;
  if (description !== undefined) return bytesOf(description);
  const head = { channels: numberOfChannels, preSkip: PRE_SKIP, inputSampleRateHz: sampleRate };
  return encodeOpusHead({ ...head, outputGain: 0, mappingFamily: 0 });
}
