import type { MediaLimits } from '../options.ts';

/** Addresses share this many counters a worker; two that collide are counted together, which only errs on the safe side. */
const ADDRESS_SLOTS = 16_384;
const SLOTS_PER_WORKER = ADDRESS_SLOTS + 1;

/**
 * Open sockets over all workers, in shared memory: one column a worker, so that a crashed worker's counts are dropped by
 * clearing its column. Slot 0 is the worker's total, the rest count by address.
 */
export class ConnectionCounter {
  #counts: Int32Array;
  #workerId: number;
  #workers: number;
  #limits: MediaLimits;

  static allocate(workers: number): SharedArrayBuffer {
    return new SharedArrayBuffer(workers * SLOTS_PER_WORKER * Int32Array.BYTES_PER_ELEMENT);
  }

  static clearWorker(shared: SharedArrayBuffer, workerId: number): void {
    new Int32Array(shared).fill(0, workerId * SLOTS_PER_WORKER, (workerId + 1) * SLOTS_PER_WORKER);
  }

  constructor(options: { shared: SharedArrayBuffer; workerId: number; workers: number; limits: MediaLimits }) {
    this.#counts = new Int32Array(options.shared);
    this.#workerId = options.workerId;
    this.#workers = options.workers;
    this.#limits = options.limits;
  }

  /** Counts a new socket, or says which limit it would break. The socket's close must call `remove`. */
  add(address: string): 'connections' | 'connections_per_address' | undefined {
    const slot = addressSlot(address);
    if (this.#sum(0) >= this.#limits.connections) return 'connections';
    if (!isLoopback(address) && this.#sum(slot) >= this.#limits.connectionsPerAddress) return 'connections_per_address';
    this.#change(0, 1);
    this.#change(slot, 1);
    return undefined;
  }

  remove(address: string): void {
    this.#change(0, -1);
    this.#change(addressSlot(address), -1);
  }

  #change(slot: number, by: number): void {
    Atomics.add(this.#counts, this.#workerId * SLOTS_PER_WORKER + slot, by);
  }

  #sum(slot: number): number {
    let sum = 0;
    for (let worker = 0; worker < this.#workers; worker++)
      sum += Atomics.load(this.#counts, worker * SLOTS_PER_WORKER + slot);
    return sum;
  }
}

/** FNV-1a over the address text, into 1 … ADDRESS_SLOTS. */
function addressSlot(address: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < address.length; index++) hash = Math.imul(hash ^ address.charCodeAt(index), 0x01000193);
  return 1 + ((hash >>> 0) % ADDRESS_SLOTS);
}

export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.');
}
