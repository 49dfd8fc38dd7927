import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { resolveCandidates } from './ice.ts';
const LOAD_MS = 10_000;
const MODULE = 'node-datachannel';
const run = promisify(execFile);
/** Why the native module of WebRTC does not load here. A process of its own tries: a module for another system may end it. */
export async function probeNativeModule() {
  try {
    const script = 'await import(process.argv[1]); process.exit(0);';
    const args = ['--input-type=module', '--eval', script, import.meta.resolve(MODULE)];
    await run(process.execPath, args, { timeout: LOAD_MS });
    return undefined;
  } catch (error) {
    const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    return /^(?:\w*Error: .*)$/m.exec(text)?.[0] ?? `${MODULE} does not load`;
  }
}
/** The addresses that would be announced now. @throws CandidateNameError */
export async function probeCandidates(option, host) {
  const announced = await resolveCandidates(option, { host, log: { warn: () => {} } });
  announced.close();
  return announced.current;
}
