import { join } from 'node:path';
import { Program } from './program.ts';

export interface RunningMediaServer extends AsyncDisposable {
  ports: { rtmp: number; http: number; api: number };
  program: Program;
}

const LAUNCHER = join(import.meta.dirname, '../../packages/media/bin/kaibo-media.mjs');

/** The stand-alone media server in a process of its own, on free ports. Without hooks everyone may publish and play. */
export async function startMediaServer(...flags: readonly string[]): Promise<RunningMediaServer> {
  const ports = ['--host=127.0.0.1', '--rtmp.port=0', '--http.port=0', '--api.port=0', '--rtc.port=0'];
  const program = Program.start(process.execPath, [LAUNCHER, ...ports, ...flags]);
  const [line] = await program.saw(/^\{.*"ports":.*"kaibo-media is ready"\}$/m);
  const ready: Pick<RunningMediaServer, 'ports'> = JSON.parse(line);
  return { ports: ready.ports, program, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
}
