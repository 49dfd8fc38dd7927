import { randomBytes } from 'node:crypto';
import type { Stream } from '../hub/stream.ts';
import type { MediaLog } from '../hub/session-host.ts';
import type { EndReason, TapAudio } from '../hub/subscriber.ts';
import type { HlsOptions } from '../options.ts';
import type { MemoryAccount } from './memory-account.ts';
import type { SegmentNotice } from './messages.ts';
import { HlsPackager } from './packager.ts';
import { HlsWindow, type WindowChange } from './window.ts';

const RUN_BYTES = 6;

export interface PackagingDeps {
  stream: Stream;
  options: HlsOptions;
  memory: MemoryAccount;
  findFfmpeg: () => string | undefined;
  log: MediaLog;
  /** Of a rendition: its source's, whose numbers it takes over. */
  sourceWindow(): HlsWindow | undefined;
  /** A window began; whoever serves the one before serves this one now. */
  began(window: HlsWindow): void;
  /** A segment is complete. */
  segment?(segment: SegmentNotice): void;
}

interface Running {
  packager: HlsPackager;
  window: HlsWindow;
  audio: TapAudio;
  untap(): void;
}

/**
 * Whether a stream is packaged, in the worker that owns it: all the time, or, where its sound costs an ffmpeg or the operator
 * says so, while anybody asks for it. Lives as long as the broadcast.
 */
export class HlsPackaging {
  readonly #deps: PackagingDeps;
  readonly #unwatch: () => void;
  #bridged = false;
  #wanted = false;
  #running: Running | undefined;
  #run = '';
  #nextMsn = 0;
  #ended = false;

  constructor(deps: PackagingDeps) {
    this.#deps = deps;
    this.#unwatch = deps.stream.tap({
      published: ({ bridged }) => {
        this.#bridged = bridged;
        this.#decide();
      },
      packet() {},
      interrupted() {},
      ended() {},
    });
  }

  get window(): HlsWindow | undefined {
    return this.#running?.window;
  }

  /** Without anybody's asking. */
  get isAlways(): boolean {
    return this.#deps.options.mode === 'always' && !(this.#bridged && this.#audio === 'aac');
  }

  /** Whether somebody asks for it. The first one is served from the GOP cache at once. */
  want(wanted: boolean): void {
    if (this.#wanted === wanted || this.#ended) return;
    this.#wanted = wanted;
    this.#decide();
  }

  /** The broadcast is over; the window stays until `release`. */
  end(): void {
    this.#ended = true;
    this.#unwatch();
  }

  /** The window is let go of. */
  release(): void {
    this.end();
    this.#stop();
  }

  /** Where there is no ffmpeg a browser's Opus goes as it is: MP4 can carry it, and most players know it. */
  get #audio(): TapAudio {
    return this.#bridged && this.#deps.findFfmpeg() === undefined ? 'source' : 'aac';
  }

  #decide(): void {
    if (!this.#wanted && !this.isAlways) this.#stop();
    else if (!this.#running) this.#start();
    else if (this.#running.audio !== this.#audio) this.#retap(this.#running);
  }

  #start(): void {
    const { stream, options, memory, log } = this.#deps;
    if (this.#run === '') this.#run = randomBytes(RUN_BYTES).toString('hex');
    // A worker that takes a stream over knows how far the one before can have come.
    const firstMsn = Math.max(this.#nextMsn, Math.ceil((stream.lastDtsMs ?? 0) / options.segmentMs));
    const window = new HlsWindow({
      run: this.#run,
      targetDurationS: Math.max(1, Math.ceil(options.segmentMs / 1000)),
      discontinuitySequence: firstMsn,
    });
    this.#account(window);
    const { segment } = this.#deps;
    if (segment) window.onChange((changes) => tellSegments(window, changes, segment));
    const packager = new HlsPackager({
      window,
      firstMsn,
      options,
      epochMs: () => stream.epochMs ?? Date.now() - (stream.lastDtsMs ?? 0),
      isCrowded: () => memory.isCrowded,
      sourceWindow: this.#deps.sourceWindow,
      unsupported: (codec, why) => log.info({ stream: stream.key, codec, why }, 'a track is not in HLS'),
    });
    const audio = this.#audio;
    this.#running = { packager, audio, window, untap: () => undefined };
    this.#running.untap = stream.tap(endless(packager), { audio });
    this.#deps.began(window);
  }

  #retap(running: Running): void {
    running.untap();
    running.audio = this.#audio;
    running.untap = this.#deps.stream.tap(endless(running.packager), { audio: running.audio });
  }

  #stop(): void {
    const running = this.#running;
    if (!running) return;
    this.#running = undefined;
    running.untap();
    running.packager.close();
    this.#nextMsn = running.packager.nextMsn;
    this.#deps.memory.add(-running.window.sizeBytes);
  }

  #account(window: HlsWindow): void {
    let bytes = 0;
    window.onChange(() => {
      this.#deps.memory.add(window.sizeBytes - bytes);
      bytes = window.sizeBytes;
    });
  }
}

/** A server that stops does not end anybody's broadcast: players go on asking, and find it on the next one. */
function endless(packager: HlsPackager): {
  published(): void;
  packet: HlsPackager['packet'];
  interrupted(): void;
  ended(reason: EndReason): void;
} {
  return {
    published: () => packager.published(),
    packet: (packet) => packager.packet(packet),
    interrupted: () => packager.interrupted(),
    ended: (reason) => (reason === 'server_stopping' ? packager.interrupted() : packager.ended()),
  };
}

function tellSegments(
  window: HlsWindow,
  changes: readonly WindowChange[],
  tell: (segment: SegmentNotice) => void,
): void {
  for (const [index, { type }] of changes.entries()) {
    if (type !== 'close') continue;
    // What was closed is the last one, or the one before a segment that opened in the same step.
    const isFollowed = changes.slice(index).some((later) => later.type === 'open');
    const closed = window.segments.at(isFollowed ? -2 : -1);
    if (closed) tell({ msn: closed.msn, durationMs: closed.durationMs, uri: `${window.run}-${closed.msn}.m4s` });
  }
}
