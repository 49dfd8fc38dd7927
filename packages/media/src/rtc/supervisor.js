import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Link, processChannel } from '../cluster/link.ts';
import { findFfmpeg } from '../transcode/find-ffmpeg.ts';
const ENTRY = fileURLToPath(new URL('./process/main.mjs', import.meta.url));
const START_MS = 15_000;
const STOP_MS = 2000;
/** A process that died young is not started again before this. */
const RESTART_MIN_MS = 200;
const RESTART_MAX_MS = 10_000;
const STEADY_MS = 30_000;
/** The RTC process does not run, and cannot be started now. */
export class RtcUnavailableError extends Error {
  code = 'rtc_unavailable';
}
/** The RTC process: started with the first peer, restarted with back-off, stopped. */
export class RtcSupervisor {
  #deps;
  #starting;
  #member;
  #backoffMs = 0;
  /** Not to be started before, by the monotonic clock. */
  #notBeforeMs = 0;
  #restart;
  #stopped = false;
  constructor(deps) {
    this.#deps = deps;
  }
  /** Of the running process, for those who watch over it. */
  get pid() {
    return this.#member?.child.pid;
  }
  /** Rejects with RtcUnavailableError, and with LinkClosedError when the process dies meanwhile. */
  async request(request) {
    const { link } = await this.#running();
    return link.request(request);
  }
  /** Makes sure that the process runs. Rejects with RtcUnavailableError. */
  async start() {
    await this.#running();
  }
  /** To a process that does not run there is nothing to say. */
  send(notice) {
    this.#member?.link.send(notice);
  }
  /** Both ends of a line for media, whichever member takes which. */
  hop() {
    return { path: this.#member?.socketPath ?? '', ticket: randomBytes(16).toString('hex') };
  }
  async stop() {
    this.#stopped = true;
    clearTimeout(this.#restart);
    const member = this.#member ?? (await this.#starting?.catch(() => undefined));
    if (!member) return;
    const gone = new Promise((resolve) => member.child.once('exit', () => resolve()));
    if (member.child.exitCode !== null || member.child.signalCode !== null) return;
    const deadline = setTimeout(() => member.child.kill('SIGKILL'), STOP_MS);
    member.link.send({ type: 'stop' });
    await gone;
    clearTimeout(deadline);
  }
  async #running() {
    if (this.#stopped) throw new RtcUnavailableError('This server is stopping.');
    if (this.#member) return this.#member;
    if (!this.#starting && performance.now() < this.#notBeforeMs)
      throw new RtcUnavailableError('The WebRTC part of the server is being restarted.');
    this.#starting ??= this.#start().finally(() => (this.#starting = undefined));
    return this.#starting;
  }
  async #start() {
    const { options, udpPort, log } = this.#deps;
    const folder = mkdtempSync(join(tmpdir(), 'kaibo-rtc-'));
    const socketPath =
      process.platform === 'win32' ? `\\\\.\\pipe\\kaibo-rtc-${randomBytes(8).toString('hex')}` : join(folder, 'hop');
    const child = fork(ENTRY, [], {
      serialization: 'advanced',
      execArgv: [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const { promise: ready, resolve, reject } = Promise.withResolvers();
    const slow = setTimeout(() => reject(new RtcUnavailableError('The WebRTC process did not start.')), START_MS);
    const link = new Link(processChannel(child), {
      answer: (request) => request,
      notice: (notice) => {
        if (notice.type === 'ready') resolve();
        else if (notice.type === 'drained')
          child.kill('SIGKILL'); // its library's own end can wait for ever
        else if (notice.type === 'log') log[notice.level](notice.fields, notice.message);
        else this.#deps.told(notice);
      },
    });
    const member = { child, link, folder, socketPath, startedAtMs: performance.now() };
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      reject(new RtcUnavailableError('The WebRTC process ended at its start.'));
      this.#exited(member, signal ?? code ?? '');
    });
    const seed = { options, socketPath, udpPort, ffmpeg: findFfmpeg() };
    child.send({ seed, compileCache: compileCacheFolder() });
    try {
      await ready;
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    } finally {
      clearTimeout(slow);
    }
    this.#member = member;
    log.info({ pid: child.pid, udpPort }, 'the WebRTC process runs');
    return member;
  }
  #exited(member, reason) {
    member.link.close();
    rmSync(member.folder, { recursive: true, force: true });
    const wasRunning = this.#member === member;
    this.#member = undefined;
    if (this.#stopped) return;
    const nowMs = performance.now();
    const steady = nowMs - member.startedAtMs > STEADY_MS;
    this.#backoffMs = steady ? RESTART_MIN_MS : Math.min(Math.max(this.#backoffMs * 2, RESTART_MIN_MS), RESTART_MAX_MS);
    this.#notBeforeMs = nowMs + this.#backoffMs;
    this.#deps.log.warn({ reason, waitMs: this.#backoffMs }, 'the WebRTC process ended; it is restarted');
    if (!wasRunning) return;
    this.#deps.lost();
    // Whoever it carried comes back at once: it should be there.
    this.#restart = setTimeout(() => {
      this.#notBeforeMs = 0; // a timer may be a little early
      this.start().catch((error) =>
        this.#deps.log.error({ err: String(error) }, 'the WebRTC process did not come back'),
      );
    }, this.#backoffMs);
  }
}
/** What the launcher turned the cache on with: Node itself adds a folder for its version. */
function compileCacheFolder() {
  const folder = getCompileCacheDir();
  return folder && dirname(folder);
}
