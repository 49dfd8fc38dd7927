import { FormatError, type MediaPacket } from '@kaibo/formats';
import type { MediaLog } from '../hub/session-host.ts';
import { MAX_BACKWARD_JUMP_MS, MAX_FORWARD_JUMP_MS } from '../hub/timeline.ts';
import { type Conversion, conversionTo, type TranscodeTarget } from './conversion.ts';
import type { FfmpegKind } from './ffmpeg-jobs.ts';
import { type FfmpegEnd, FfmpegProcess } from './ffmpeg-process.ts';

/** One that fails this often in a row is given up. */
export const MAX_ATTEMPTS = 5;
const BACKOFF_MS = 200;
/** One that ran this long did not fail at its task. */
const STEADY_MS = 10_000;
/** What came out is further behind what went in than any encoder's delay or start: ffmpeg is stuck. */
const STALL_MS = 15_000;
/** An ffmpeg ends before its 31 bits of ms do. */
const MAX_CHILD_MS = 2 ** 30;
const DROP_REPORT_MS = 1000;

export interface TranscoderOptions {
  /** Path of the program. */
  ffmpeg: string;
  target: TranscodeTarget | CustomTarget;
  log: MediaLog;
  /** Others that want the processor come first. */
  isBackground?: boolean;
  /** In stream time; the configuration first, and again, whenever it may have changed. */
  onPacket(packet: MediaPacket, output: number): void;
  /** Given up for good. In words for a person. */
  onFailure(message: string): void;
  /** After `finish`: all has come out. */
  onFinished?(): void;
}

/** A conversion that depends on more than its name. */
export interface CustomTarget {
  /** For the log. */
  name: string;
  /** For a new ffmpeg; `failures` of them in a row have ended before. */
  conversion(failures: number): Conversion;
}

interface Run {
  conversion: Conversion;
  process: FfmpegProcess;
  startedAtMs: number;
  /** Stream time of the first and last packet given, and of the last one that came out. */
  firstMs: number;
  givenMs: number;
  gotMs: number;
}

/**
 * Tracks of a stream in another codec or size, by a child ffmpeg that is started with the first packet; with pictures, with
 * the first key frame. Nothing here throws or waits: an ffmpeg that falls behind loses packets (and says so), one that
 * dies is started again a few times.
 */
export class Transcoder {
  #options: TranscoderOptions;
  #configs = new Map<MediaPacket['kind'], MediaPacket>();
  #run: Run | undefined;
  #attempts = 0;
  #restart: NodeJS.Timeout | undefined;
  #awaitsEntry = true;
  #dropped = 0;
  #reportedAtMs = 0;
  #finished = false;
  #closed = false;

  constructor(options: TranscoderOptions) {
    this.#options = options;
  }

  /** A source packet in stream time, configuration included. Packets of another kind than the target's are not its business. */
  push(packet: MediaPacket): void {
    if (this.#closed || this.#finished || packet.metadata || packet.end) return;
    if (packet.config) {
      this.#configure(packet);
      return;
    }
    if (this.#run && isElsewhere(this.#run, packet.dtsMs)) this.#stop();
    if (packet.kind === 'video' ? this.#awaitsEntry && !packet.keyframe : !this.#run && this.#configs.has('video'))
      return;
    if (this.#restart !== undefined) {
      this.#drop(packet);
      return;
    }
    const run = (this.#run ??= this.#start(packet.dtsMs));
    run.givenMs = packet.dtsMs;
    if (this.#give(run, packet)) this.#awaitsEntry = false;
    else this.#drop(packet);
    if (run.givenMs - run.gotMs > STALL_MS && Date.now() - run.startedAtMs > STALL_MS) {
      run.process.close();
      this.#ended({ spawned: true, detail: 'nothing came out of it' });
    }
  }

  /** Nothing more is given: what is on its way still comes out, then the child ends. */
  finish(): void {
    this.#finished = true;
    clearTimeout(this.#restart);
    if (this.#run !== undefined) {
      this.#run.process.finish();
      return;
    }
    this.#closed = true;
    this.#options.onFinished?.();
  }

  /** Idempotent. The child is killed. */
  close(): void {
    this.#closed = true;
    this.#stop();
    clearTimeout(this.#restart);
  }

  /** A change needs a new ffmpeg: few decoders take one, and no output says where it begins. */
  #configure(packet: MediaPacket): void {
    const known = this.#configs.get(packet.kind);
    if (known && Buffer.compare(known.payload, packet.payload) === 0) return;
    this.#configs.set(packet.kind, packet);
    this.#stop();
  }

  #start(firstMs: number): Run {
    const { target, ffmpeg, isBackground } = this.#options;
    const conversion = typeof target === 'string' ? conversionTo(target) : target.conversion(this.#attempts);
    const run: Run = {
      conversion,
      process: new FfmpegProcess({
        ffmpeg,
        kind: kindOf(target),
        isBackground,
        args: conversion.args,
        maxBacklogBytes: conversion.maxBacklogBytes,
        outputs: conversion.outputs,
        output: (bytes, index) => this.#take(run, bytes, index),
        ended: (end) => this.#ended(end),
      }),
      startedAtMs: Date.now(),
      firstMs,
      givenMs: firstMs,
      gotMs: firstMs,
    };
    for (const config of this.#configs.values()) this.#give(run, config);
    return run;
  }

  #stop(): void {
    this.#run?.process.close();
    this.#run = undefined;
    this.#awaitsEntry = true;
  }

  /** False when ffmpeg is too far behind. A packet that cannot be read is left out: the others may be good. */
  #give({ conversion, process }: Run, packet: MediaPacket): boolean {
    try {
      const bytes = conversion.encode(packet);
      return bytes === undefined || process.write(bytes);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.#options.log.debug({ code: error.code, ms: packet.dtsMs }, `a packet is not transcoded: ${error.message}`);
      return true;
    }
  }

  #take(run: Run, bytes: Buffer, output: number): void {
    try {
      for (const packet of run.conversion.decode(bytes, output)) {
        if (this.#run !== run) return;
        run.gotMs = packet.dtsMs;
        this.#options.onPacket(packet, output);
      }
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      run.process.close();
      this.#ended({ spawned: true, detail: `its output cannot be read: ${error.message}` });
    }
  }

  #ended({ spawned, detail }: FfmpegEnd): void {
    const { log, onFailure } = this.#options;
    const target = nameOf(this.#options.target);
    if (this.#finished) {
      this.close();
      this.#options.onFinished?.();
      return;
    }
    const steady = this.#run !== undefined && Date.now() - this.#run.startedAtMs > STEADY_MS;
    this.#stop();
    this.#attempts = steady ? 1 : this.#attempts + 1;
    if (!spawned || this.#attempts >= MAX_ATTEMPTS) {
      this.close();
      log.error({ target, detail }, 'ffmpeg is given up');
      onFailure(
        spawned ? `ffmpeg failed ${this.#attempts} times: ${lastLine(detail)}` : `ffmpeg cannot be started: ${detail}`,
      );
      return;
    }
    const waitMs = BACKOFF_MS * 2 ** (this.#attempts - 1);
    log.warn({ target, detail, waitMs }, 'ffmpeg ended; it is started again');
    this.#restart = setTimeout(() => (this.#restart = undefined), waitMs).unref();
  }

  #drop({ kind }: MediaPacket): void {
    if (kind === 'video') this.#awaitsEntry = true;
    this.#dropped++;
    const nowMs = Date.now();
    if (nowMs - this.#reportedAtMs < DROP_REPORT_MS) return;
    const { log } = this.#options;
    const target = nameOf(this.#options.target);
    log.warn({ target, dropped: this.#dropped }, 'ffmpeg does not keep up; packets are left out');
    this.#dropped = 0;
    this.#reportedAtMs = nowMs;
  }
}

/** The source's clock was set, or ffmpeg's is nearly full: a new one begins there. */
function isElsewhere({ firstMs, givenMs }: Run, ms: number): boolean {
  return ms - givenMs > MAX_FORWARD_JUMP_MS || ms - givenMs < -MAX_BACKWARD_JUMP_MS || ms - firstMs > MAX_CHILD_MS;
}

function nameOf(target: TranscoderOptions['target']): string {
  return typeof target === 'string' ? target : target.name;
}

function kindOf(target: TranscoderOptions['target']): FfmpegKind {
  if (typeof target !== 'string') return 'ladder';
  return target === 'h264-without-bframes' ? 'video' : 'audio';
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
