import type { MessagePort } from 'node:worker_threads';
import type { ReplicaMessage } from './messages.ts';
import { HlsWindow, type WindowChange } from './window.ts';

/** Copies windows to another worker as they change. Segments are in shared memory: no worker has its own copy. */
export class ReplicaSender {
  readonly #port: MessagePort;
  #leave: (() => void) | undefined;

  /** `closed`: the other worker needs it no more, or died. */
  constructor(port: MessagePort, closed: () => void) {
    this.#port = port;
    port.on('close', () => {
      this.#leave?.();
      closed();
    });
    // A port without a listener for messages is not started, and does not hear of its closing.
    port.on('message', () => undefined);
  }

  /** From now on this window, whatever was before. */
  follow(window: HlsWindow): void {
    this.#leave?.();
    this.#post({ type: 'window', origin: window.origin, changes: shared(window.snapshot()) });
    this.#leave = window.onChange((changes) => this.#post({ type: 'changes', changes: shared(changes) }));
  }

  close(): void {
    this.#leave?.();
    this.#port.close();
  }

  #post(message: ReplicaMessage): void {
    this.#port.postMessage(message);
  }
}

export interface ReplicaListener {
  /** Another window takes the place of the one before. */
  window(window: HlsWindow): void;
  /** The owner's worker is gone, or packages it no more. */
  closed(): void;
}

/** Applies what the owner sends. */
export function receiveReplica(port: MessagePort, listener: ReplicaListener): void {
  let window: HlsWindow | undefined;
  port.on('message', (message: ReplicaMessage) => {
    if (message.type === 'changes') {
      window?.apply(message.changes);
      return;
    }
    window = new HlsWindow(message.origin);
    window.apply(message.changes);
    listener.window(window);
  });
  port.on('close', () => listener.closed());
}

/** The owner goes on with the shared bytes too, so that nothing is there twice. */
function shared(changes: readonly WindowChange[]): readonly WindowChange[] {
  for (const change of changes) if (change.type === 'part') change.part.bytes = sharedBytes(change.part.bytes);
  return changes.map((change) =>
    change.type === 'close' && change.ts ? { ...change, ts: sharedBytes(change.ts) } : change,
  );
}

function sharedBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes;
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}
