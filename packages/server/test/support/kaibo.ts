import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, vi } from 'vitest';
import { OperatorError } from '../../src/app/operator-error.ts';
import { parseInput } from '../../src/cli/command.ts';
import { findCommand } from '../../src/cli/commands.ts';
import { tempFolder } from '../harness.ts';

const LAUNCHER = join(import.meta.dirname, '../../bin/kaibo.mjs');
const FREE_PORTS = ['http', 'media.rtmp', 'media.http', 'media.api', 'media.rtc', 'metrics'].map(
  (name) => `--${name}.port=0`,
);

export interface Run {
  process: ChildProcess;
  /** Both streams so far. */
  output(): string;
  exit: Promise<number | null>;
}

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Written to it, and ended. */
  input?: string;
}

/** `kaibo` in a process of its own, without the environment of the tests; killed when the test ends. */
export function runKaibo(args: readonly string[], { cwd = tempFolder(), env = {}, input = '' }: RunOptions = {}): Run {
  const child = spawn(process.execPath, [LAUNCHER, ...args], { cwd, env: { PATH: process.env['PATH'], ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stdin.end(input);
  onTestFinished(() => void child.kill('SIGKILL'));
  return { process: child, output: () => output, exit: once(child, 'close').then(([code]) => code as number | null) };
}

/** Runs to the end. */
export async function kaibo(
  args: readonly string[],
  options?: RunOptions,
): Promise<{ code: number | null; output: string }> {
  const run = runKaibo(args, options);
  const code = await run.exit;
  return { code, output: run.output() };
}

/** The same in this process: a command that starts no server needs none of its own, which takes a second to start. */
export async function kaiboHere(args: readonly string[]): Promise<{ code: number; output: string }> {
  const command = await findCommand(args);
  if (command === undefined) throw new Error(`there is no command ${args.slice(0, 2).join(' ')}`);
  let output = '';
  const log = vi.spyOn(console, 'log').mockImplementation((line: unknown) => void (output += `${line}\n`));
  try {
    const code = await command.run(parseInput(command, args.slice(command.name.split(' ').length), ''));
    return { code, output };
  } catch (error) {
    if (error instanceof OperatorError) return { code: 1, output: `kaibo: ${error.message}\n` };
    throw error;
  } finally {
    log.mockRestore();
  }
}

/** A platform in a process of its own, ready, on free ports. */
export async function startKaiboProcess(...flags: string[]): Promise<Run & { base: string }> {
  // Refusing work when late has tests of its own, and nothing outside is asked.
  const calm = ['--limits.eventLoopDelayMs=60000', '--lottery.beacon=delay'];
  const run = runKaibo(['start', '--media.workers=1', '--log.format=json', ...calm, ...FREE_PORTS, ...flags]);
  await expect.poll(run.output, { timeout: 60_000 }).toContain('"msg":"ready"');
  const ready = run
    .output()
    .split('\n')
    .find((line) => line.includes('"msg":"ready"'));
  const { http } = JSON.parse(ready ?? '{}') as { http: number };
  return { ...run, base: `http://localhost:${http}` };
}
