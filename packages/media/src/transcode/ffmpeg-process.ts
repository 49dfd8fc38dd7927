import { type ChildProcess, spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import { Readable } from 'node:stream';
import { ffmpegJobs, type FfmpegKind } from './ffmpeg-jobs.ts';

const STDERR_TAIL_CHARACTERS = 1000;
/** What nobody waits for yields to what viewers do. */
const BACKGROUND_NICENESS = 10;
const COMMON_ARGS = ['-hide_banner', '-nostats', '-nostdin', '-loglevel', 'error'];

export interface FfmpegOptions {
  /** Path of the program. */
  ffmpeg: string;
  kind: FfmpegKind;
  args: readonly string[];
  /** Bytes that wait in this process for ffmpeg to take them; what would be more is refused. */
  maxBacklogBytes: number;
  /** It runs only when nothing else wants to. */
  isBackground?: boolean;
  /** More than one are `outputPipe(0)`, `outputPipe(1)` … in the arguments. */
  outputs?: number;
  output(bytes: Buffer, index: number): void;
  /** It ended by itself, or could not be spawned at all. Told once, and not after `close`. */
  ended(end: FfmpegEnd): void;
}

export interface FfmpegEnd {
  spawned: boolean;
  /** For a log: how it ended, and the last that it said. */
  detail: string;
}

/** How an output is named in ffmpeg's arguments: its standard output, then what comes after its standard error. */
export function outputPipe(index: number): string {
  return `pipe:${descriptorOf(index)}`;
}

function descriptorOf(index: number): number {
  return index === 0 ? 1 : index + 2;
}

/** One ffmpeg that reads its standard input and writes its standard output, and more if there are more. Nothing here throws. */
export class FfmpegProcess {
  #options: FfmpegOptions;
  #child: ChildProcess | undefined;
  #stderr = '';
  #closed = false;
  readonly #over: (isGood: boolean) => void;

  constructor(options: FfmpegOptions) {
    this.#options = options;
    this.#over = ffmpegJobs.begin(options.kind);
    const outputs = options.outputs ?? 1;
    const descriptors = Math.max(3, descriptorOf(outputs - 1) + 1);
    try {
      this.#child = spawn(options.ffmpeg, [...COMMON_ARGS, ...options.args], {
        stdio: Array.from({ length: descriptors }, () => 'pipe' as const),
        windowsHide: true,
      });
    } catch (error) {
      // Arguments or memory that the system refuses at once; whoever made this has not got it yet.
      queueMicrotask(() => this.#end({ spawned: false, detail: String(error) }));
      return;
    }
    if (options.isBackground === true) yieldToOthers(this.#child.pid);
    const { stdin, stderr, stdio } = this.#child;
    stdin?.on('error', () => undefined); // it ended: 'close' follows
    for (let index = 0; index < outputs; index++) {
      const pipe = stdio[descriptorOf(index)];
      if (!(pipe instanceof Readable)) continue;
      pipe.on('data', (bytes: Buffer) => {
        if (!this.#closed) options.output(bytes, index);
      });
      pipe.on('error', () => undefined);
    }
    stderr?.on('data', (bytes: Buffer) => {
      this.#stderr = (this.#stderr + bytes.toString()).slice(-STDERR_TAIL_CHARACTERS);
    });
    this.#child.on('error', (error) => this.#end({ spawned: false, detail: error.message }));
    this.#child.on('close', (code, signal) => {
      this.#over(this.#closed || code === 0);
      this.#end({ spawned: true, detail: `${signal ?? `exit code ${code}`}: ${this.#stderr.trim()}` });
    });
  }

  /** False when ffmpeg is too far behind to be given more: the bytes went nowhere. */
  write(bytes: Uint8Array): boolean {
    const stdin = this.#child?.stdin;
    if (this.#closed || !stdin?.writable) return true; // its end is on its way
    if (stdin.writableLength + bytes.length > this.#options.maxBacklogBytes) return false;
    stdin.write(bytes);
    return true;
  }

  /** There is no more input: it ends when it has made what it can of what it got. */
  finish(): void {
    this.#child?.stdin?.end();
  }

  /** Idempotent. It is killed at once: what it still holds is of no use to anybody. */
  close(): void {
    this.#closed = true;
    this.#child?.kill('SIGKILL');
  }

  #end(end: FfmpegEnd): void {
    if (!end.spawned) this.#over(false);
    if (this.#closed) return;
    this.#closed = true;
    this.#options.ended(end);
  }
}

function yieldToOthers(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, BACKGROUND_NICENESS);
  } catch {
    // It has ended already, or the system has no priorities.
  }
}
