import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { until } from './until.ts';

/** Debian's package of each program that tests use. */
const DEBIAN_PACKAGE: { [program: string]: string } = {
  ffmpeg: 'ffmpeg',
  ffprobe: 'ffmpeg',
  chromium: 'chromium',
  rtmpdump: 'rtmpdump',
  turnserver: 'coturn',
  promtool: 'prometheus',
  prometheus: 'prometheus',
  amtool: 'prometheus-alertmanager',
  kubectl: 'kubernetes-client',
  'systemd-analyze': 'systemd',
  'redis-cli': 'redis-tools',
  'gst-inspect-1.0': 'gstreamer1.0-tools',
  'gst-launch-1.0':
    'gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-libav',
};
const STOP_MS = 5000;

/** The program's path; a test that needs a missing one fails with the line that installs it. */
export function findProgram(name: string): string {
  const found = pathOf(name);
  if (found) return found;
  const packages = DEBIAN_PACKAGE[name] ?? name;
  throw new Error(`${name} is missing. Install it: apt-get install -y --no-install-recommends ${packages}`);
}

export function hasProgram(name: string): boolean {
  return pathOf(name) !== undefined;
}

function pathOf(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

export interface Ending {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A child process whose output is kept, and which ends with the `await using` block. */
export class Program {
  readonly child: ChildProcess;
  readonly ended: Promise<Ending>;
  readonly stdout: Buffer[] = [];
  private readonly text: string[] = [];
  private readonly name: string;

  private constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.child = child;
    child.stdout?.on('data', (chunk: Buffer) => {
      this.stdout.push(chunk);
      this.text.push(chunk.toString('latin1'));
    });
    child.stderr?.on('data', (chunk: Buffer) => this.text.push(chunk.toString()));
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve({ code, signal }));
    });
    this.ended.catch(() => {});
  }

  /** `command` is a program on PATH, or an absolute path. */
  static start(
    command: string,
    args: readonly string[],
    options: { cwd?: string; env?: { [key: string]: string | undefined } } = {},
  ): Program {
    const file = command.startsWith('/') ? command : findProgram(command);
    const env = { ...process.env, ...options.env };
    return new Program(command, spawn(file, args, { cwd: options.cwd, env, stdio: ['pipe', 'pipe', 'pipe'] }));
  }

  /** Everything written so far, both streams in order of arrival. */
  get output(): string {
    return this.text.join('');
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Waits for output; fails at once when the program ends without it. */
  async saw(pattern: RegExp, timeoutMs = 15_000): Promise<RegExpExecArray> {
    let gone: Ending | undefined;
    void this.ended.then((ending) => (gone = ending));
    return until(
      () => {
        const match = pattern.exec(this.output);
        if (match) return match;
        if (gone) throw new Error(`${this.name} ended (${gone.signal ?? gone.code}):\n${this.output}`);
        return undefined;
      },
      { timeoutMs: gone ? 0 : timeoutMs, what: `${this.name} printing ${pattern}` },
    );
  }

  /** Waits for the end and wants exit code 0. */
  async succeeded(timeoutMs = 60_000): Promise<this> {
    const timer = setTimeout(() => this.child.kill('SIGKILL'), timeoutMs);
    const { code, signal } = await this.ended;
    clearTimeout(timer);
    if (code !== 0) throw new Error(`${this.name} ended with ${signal ?? code}:\n${this.output.slice(-4000)}`);
    return this;
  }

  /** Idempotent. SIGKILL after 5 s. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ending> {
    if (this.isRunning) this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS);
    const ending = await this.ended;
    clearTimeout(timer);
    return ending;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
