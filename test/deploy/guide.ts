// The guides' commands, carried out: their fenced blocks of language `sh`, in order, on a machine that is a folder.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../support/ports.ts';
import { tempDir } from '../support/temp-dir.ts';
import { ROOT } from './dockerfile.ts';

export interface Block {
  /** The second word of the fence: `` for what is run as it stands. */
  kind: string;
  line: number;
  text: string;
}

export function blocksOf(guide: string): Block[] {
  const text = readFileSync(join(ROOT, 'docs', guide), 'utf8');
  return [...text.matchAll(/^```sh(?: (\w+))?\n(.*?)^```$/gms)].map(({ index, 1: kind = '', 2: code = '' }) => ({
    kind,
    line: text.slice(0, index).split('\n').length + 1,
    text: code,
  }));
}

/** What a test does between two blocks: after the first one that contains the key. */
export type Between = Readonly<Record<string, string>>;

const PORTS = ['HTTP', 'MEDIA_RTMP', 'MEDIA_HTTP', 'MEDIA_API', 'MEDIA_RTC', 'METRICS'];

/** A machine as docs/deploy.md describes it, with its folders below one of this machine's. */
export class Machine implements AsyncDisposable {
  readonly #folder = tempDir();
  readonly #port: number;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(port: number, env: Readonly<Record<string, string>>) {
    this.#port = port;
    this.#env = env;
  }

  /** Installed, but not configured and not started. */
  static async install(env: Readonly<Record<string, string>> = {}): Promise<Machine> {
    const machine = new Machine(await freePort(), env);
    for (const name of ['etc', 'lib', 'backups', 'bin', 'units']) mkdirSync(machine.#folder.file(name));
    for (const name of readdirSync(join(ROOT, 'deploy/systemd')))
      machine.#put(`units/${name}`, readFileSync(join(ROOT, 'deploy/systemd', name), 'utf8'));
    machine.#put('bin/kaibo', readFileSync(join(ROOT, 'deploy/systemd/kaibo.sh'), 'utf8'));
    machine.#put('bin/systemctl', SYSTEMCTL.replaceAll('@FOLDER@', machine.#folder.path));
    return machine;
  }

  /** Runs the blocks in one shell, which ends at the first mistake. Answers what they printed. @throws Error naming the line */
  async run(blocks: readonly Pick<Block, 'text' | 'line'>[], between: Between = {}): Promise<string> {
    const left = new Map(Object.entries(between));
    let script = 'set -eu\n';
    for (const { text, line } of blocks) {
      script += `: '@@ line ${line}'\n${text}`;
      for (const [part, more] of left)
        if (text.includes(part)) {
          script += `${more}\n`;
          left.delete(part);
        }
    }
    if (left.size > 0) throw new Error(`no block says ${[...left.keys()].join(', ')}`);
    return this.#shell(this.#placed(script));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#shell('systemctl stop kaibo');
    this.#folder[Symbol.dispose]();
  }

  async #shell(script: string): Promise<string> {
    const child = spawn('/bin/sh', ['-xc', script], {
      cwd: ROOT,
      // Only what a machine has, and this test's own ports, which stand over the guide's configuration.
      env: {
        HOME: this.#folder.path,
        PATH: `${this.#folder.file('bin')}:${process.env['PATH']}`,
        NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
        ...Object.fromEntries(PORTS.map((name) => [`KAIBO_${name}_PORT`, '0'])),
        KAIBO_HTTP_PORT: String(this.#port),
        KAIBO_MEDIA_WORKERS: '1',
        KAIBO_LOTTERY_BEACON: 'delay',
        ...this.#env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [said, traced] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (traced += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    const line = [...traced.matchAll(/@@ line (\d+)/g)].at(-1)?.[1];
    if (code !== 0) throw new Error(`the block at line ${line} ended with ${code}:\n${traced.slice(-3000)}\n${said}`);
    return said;
  }

  #put(name: string, text: string): void {
    writeFileSync(this.#folder.file(name), this.#placed(text));
    chmodSync(this.#folder.file(name), 0o755);
  }

  #placed(text: string): string {
    return text
      .replaceAll('/opt/kaibo', ROOT)
      .replaceAll('/etc/kaibo', this.#folder.file('etc'))
      .replaceAll('/var/lib/kaibo', this.#folder.file('lib'))
      .replaceAll('/var/backups/kaibo', this.#folder.file('backups'))
      .replaceAll('127.0.0.1:8088', `127.0.0.1:${this.#port}`);
  }
}

/** Starts and stops what a unit says, as a process of this machine; there is no systemd that a test may use. */
const SYSTEMCTL = `#!/bin/sh
set -eu
command=$1; shift
[ "\${1:-}" != --now ] || shift
case "\${1:?}" in *.timer) exec test -f "@FOLDER@/units/$1" ;; esac
unit="@FOLDER@/units/$1.service"; pid="@FOLDER@/$1.pid"
runs() { [ -e "$pid" ] && [ -d "/proc/$(cat "$pid")" ] && ! grep -q '^State:.*Z' "/proc/$(cat "$pid")/status"; }
start() {
  cd @FOLDER@/etc
  # shellcheck disable=SC2046
  env $(sed -n 's/^Environment=//p' "$unit") sh -c "exec $(sed -n 's/^ExecStart=//p' "$unit")" < /dev/null > "@FOLDER@/$1.log" 2>&1 &
  echo $! > "$pid"
}
stop() {
  runs || return 0
  kill -TERM "$(cat "$pid")"
  while runs; do sleep 0.05; done
}
case "$command" in
  start | enable) runs || start "$1" ;;
  stop) stop ;;
  restart) stop; start "$1" ;;
  *) echo "systemctl $command is not known here" >&2; exit 1 ;;
esac
`;
