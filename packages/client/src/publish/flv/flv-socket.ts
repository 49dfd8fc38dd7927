import { localError } from '../../errors.ts';
import type { KaiboError } from '../../errors.ts';

export interface FlvSocketOptions {
  url: string;
  WebSocket?: typeof globalThis.WebSocket | undefined;
  /** Once, after it was open, unless it was closed here. */
  onEnd(error: KaiboError): void;
}

const OPEN_TIMEOUT_MS = 8000;
const WATCH_MS = 500;
/** Bytes wait and none goes: the network changed under the connection, which TCP notices minutes later. */
const STUCK_MS = 5000;
/** Beyond any bitrate that is made here; more is never kept waiting. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024;

/** The server's close codes (contracts.md) that say why, as the error's code. */
const CLOSE_REASONS: ReadonlyMap<number, string> = new Map([
  [1000, 'ended'],
  [1007, 'malformed'],
  [4003, 'kicked'],
  [4009, 'idle'],
  [4010, 'replaced'],
  [4011, 'bitrate_limit'],
]);

/** The WebSocket that takes the FLV bytes, and notices when it takes them no more. Used once. */
export class FlvSocket {
  readonly #options: FlvSocketOptions;
  readonly #socket: WebSocket;
  #sentBytes = 0;
  #goneBytes = 0;
  #movedAtMs = 0;
  #watch: ReturnType<typeof setInterval> | undefined;
  #isOver = false;
  #abortOpening: () => void = () => {};

  constructor(options: FlvSocketOptions) {
    this.#options = options;
    const Socket = options.WebSocket ?? globalThis.WebSocket;
    this.#socket = new Socket(options.url);
    this.#socket.binaryType = 'arraybuffer';
  }

  /** Given to the socket, waiting or gone. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  get waitingBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** Rejects with `refused` (a browser is not told why), `timeout` or `closed`. */
  open(): Promise<void> {
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => fail('timeout', 'the server did not answer in time'), OPEN_TIMEOUT_MS);
      const fail = (code: string, message: string): void => {
        clearTimeout(timer);
        this.#abortOpening = () => {};
        this.close();
        reject(localError(code, message));
      };
      this.#abortOpening = () => fail('closed', 'closed');
      socket.onclose = () => fail('refused', 'the server took no connection');
      socket.onopen = () => {
        clearTimeout(timer);
        this.#abortOpening = () => {};
        this.#movedAtMs = performance.now();
        this.#watch = setInterval(() => this.#check(), WATCH_MS);
        socket.onclose = ({ code }) => {
          const reason = CLOSE_REASONS.get(code) ?? 'disconnected';
          this.#end(localError(reason, `the server closed the connection (${code})`));
        };
        resolve();
      };
    });
  }

  send(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#isOver) return;
    if (this.waitingBytes > MAX_WAITING_BYTES) return this.#end(localError('stalled', 'the network takes nothing'));
    this.#sentBytes += bytes.length;
    this.#socket.send(bytes);
  }

  /** Idempotent. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#watch);
    this.#socket.onclose = null;
    this.#socket.onopen = null;
    this.#socket.close();
    this.#abortOpening();
  }

  #check(): void {
    const nowMs = performance.now();
    const gone = this.#sentBytes - this.waitingBytes;
    if (gone !== this.#goneBytes || this.waitingBytes === 0) this.#movedAtMs = nowMs;
    this.#goneBytes = gone;
    if (nowMs - this.#movedAtMs > STUCK_MS) this.#end(localError('stalled', 'the network takes nothing'));
  }

  #end(error: KaiboError): void {
    if (this.#isOver) return;
    this.close();
    this.#options.onEnd(error);
  }
}
