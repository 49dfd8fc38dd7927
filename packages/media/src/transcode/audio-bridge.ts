import type { MediaPacket } from '@kaibo/formats';
import type { MediaLog } from '../hub/session-host.ts';
import type { Stream } from '../hub/stream.ts';
import type { PacketTap } from '../hub/subscriber.ts';
import { Transcoder } from './transcoder.ts';

/** A viewer that comes back, or the next one, finds it running. */
export const BRIDGE_LINGER_MS = 10_000;

/**
 * - `idle`: nobody wants AAC, or nothing has to be made into it.
 * - `running`: ffmpeg makes it.
 * - `no_ffmpeg`: it is wanted, and there is no ffmpeg on this machine.
 * - `failed`: it is wanted, and ffmpeg was given up; tried again with the next publisher.
 */
export type AudioBridgeStatus = 'idle' | 'running' | 'no_ffmpeg' | 'failed';

export interface AudioBridgeOptions {
  /** On the worker that owns it. */
  stream: Stream;
  findFfmpeg: () => string | undefined;
  log: MediaLog;
}

/**
 * Makes AAC of a browser's Opus while anybody takes it. One for each stream that a browser publishes; it lives over
 * changes of the publisher.
 */
export class AudioBridge implements PacketTap {
  #options: AudioBridgeOptions;
  #undemand: () => void;
  #untap: (() => void) | undefined;
  #linger: NodeJS.Timeout | undefined;
  #bridged = false;
  #transcoder: Transcoder | undefined;
  #status: AudioBridgeStatus = 'idle';
  #closed = false;

  constructor(options: AudioBridgeOptions) {
    this.#options = options;
    this.#undemand = options.stream.onAacDemand((wanted) => this.#wanted(wanted));
  }

  get status(): AudioBridgeStatus {
    return this.#status;
  }

  published({ bridged }: { bridged: boolean }): void {
    this.#stop();
    this.#bridged = bridged;
  }

  packet(packet: MediaPacket): void {
    if (!this.#bridged || packet.codec !== 'opus') return;
    if (this.#status === 'idle') this.#start();
    this.#transcoder?.push(packet);
  }

  interrupted(): void {
    this.#stop();
  }

  ended(): void {
    this.close();
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#undemand();
    this.#rest();
  }

  #wanted(wanted: boolean): void {
    clearTimeout(this.#linger);
    if (!wanted) {
      this.#linger = setTimeout(() => this.#rest(), BRIDGE_LINGER_MS).unref();
      return;
    }
    // The tap is given the pictures and the sound since the last key frame, so that AAC begins where pictures do.
    this.#untap ??= this.#options.stream.tap(this);
    if (this.#status === 'no_ffmpeg' || this.#status === 'failed') this.#options.stream.alternateFailed();
  }

  #start(): void {
    const { stream, findFfmpeg, log } = this.#options;
    const ffmpeg = findFfmpeg();
    if (ffmpeg === undefined) {
      this.#fail('no_ffmpeg', 'ffmpeg is not installed');
      return;
    }
    this.#status = 'running';
    this.#transcoder = new Transcoder({
      ffmpeg,
      target: 'aac',
      log,
      onPacket: (packet) => stream.publishAlternate(packet),
      onFailure: (message) => this.#fail('failed', message),
    });
  }

  #fail(status: 'no_ffmpeg' | 'failed', why: string): void {
    const { stream, log } = this.#options;
    this.#status = status;
    this.#transcoder = undefined;
    log.warn(
      { stream: stream.key, why },
      'viewers of RTMP and FLV have no sound: the browser sends Opus, and AAC cannot be made of it',
    );
    stream.alternateFailed();
  }

  #stop(): void {
    this.#transcoder?.close();
    this.#transcoder = undefined;
    this.#status = 'idle';
  }

  #rest(): void {
    clearTimeout(this.#linger);
    this.#untap?.();
    this.#untap = undefined;
    this.#stop();
  }
}
