import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

const STDERR_TAIL_CHARACTERS = 1000;
const COMMON_ARGS = ['-hide_banner', '-nostats', '-nostdin', '-loglevel', 'error'];

export interface FfmpegOptions {
  /** Path of the program. */
  ffmpeg: string;
  args: readonly string[];
  /** Bytes that wait in this process for ffmpeg to take them; what would be more is refused. */
  maxBacklogBytes: number;
  output(bytes: Buffer): void;
  /** It ended by itself, or could not be spawned at all. Told once, and not after `close`. */
  ended(end: FfmpegEnd): void;
}

export interface FfmpegEnd {
  spawned: boolean;
  /** For a log: how it ended, and the last that it said. */
  detail: string;
}

/** One ffmpeg that reads its standard input and writes its standard output. Nothing here throws. */
export class FfmpegProcess {
  #options: FfmpegOptions;
  #child: ChildProcessByStdio<Writable, Readable, Readable> | undefined;
  #stderr = '';
  #closed = false;

  constructor(options: FfmpegOptions) {
    this.#options = options;
    try {
      this.#child = spawn(options.ffmpeg, [...COMMON_ARGS, ...options.args], {
        stdio: ['pipe', 'pipe', 'pipe'],
        windowsHide: true,
      });
    } catch (error) {
      // Arguments or memory that the system refuses at once; whoever made this has not got it yet.
      queueMicrotask(() => this.#end({ spawned: false, detail: String(error) }));
      return;
    }
    const { stdin, stdout, stderr } = this.#child;
    stdin.on('error', () => undefined); // it ended: 'close' follows
    stdout.on('data', (bytes: Buffer) => {
      if (!this.#closed) options.output(bytes);
    });
    stderr.on('data', (bytes: Buffer) => {
      this.#stderr = (this.#stderr + bytes.toString()).slice(-STDERR_TAIL_CHARACTERS);
    });
    this.#child.on('error', (error) => this.#end({ spawned: false, detail: error.message }));
    this.#child.on('close', (code, signal) =>
      this.#end({ spawned: true, detail: `${signal ?? `exit code ${code}`}: ${this.#stderr.trim()}` }),
    );
  }

  /** False when ffmpeg is too far behind to be given more: the bytes went nowhere. */
  write(bytes: Uint8Array): boolean {
    const stdin = this.#child?.stdin;
    if (this.#closed || !stdin?.writable) return true; // its end is on its way
    if (stdin.writableLength + bytes.length > this.#options.maxBacklogBytes) return false;
    stdin.write(bytes);
    return true;
  }

  /** Idempotent. It is killed at once: what it still holds is of no use to anybody. */
  close(): void {
    this.#closed = true;
    this.#child?.kill('SIGKILL');
  }

  #end(end: FfmpegEnd): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.ended(end);
  }
}
