/** Addresses share this many counters; two that collide are counted together, which only errs on the safe side. */
const ADDRESS_SLOTS = 16_384;
const SLOTS = ADDRESS_SLOTS + 1;
/**
 * Open sockets over all workers, in shared memory: a column of totals, which bounds are taken from in one step however
 * many threads take at once, and one column a worker, so that a crashed worker's part can be given back. Slot 0 counts all
 * sockets, the rest count by address.
 */
export class ConnectionCounter {
  #counts;
  #ownColumn;
  #limits;
  static allocate(workers) {
    return new SharedArrayBuffer((1 + workers) * SLOTS * Int32Array.BYTES_PER_ELEMENT);
  }
  /** Gives back what a worker counted that no longer runs. */
  static clearWorker(shared, workerId) {
    const counts = new Int32Array(shared);
    const column = columnOf(workerId);
    for (let slot = 0; slot < SLOTS; slot++) Atomics.sub(counts, slot, Atomics.exchange(counts, column + slot, 0));
  }
  constructor(options) {
    this.#counts = new Int32Array(options.shared);
    this.#ownColumn = columnOf(options.workerId);
    this.#limits = options.limits;
  }
  /** Counts a new socket, or says which limit it would break. The socket's close must call `remove`. */
  add(address) {
    if (!this.#take(0, this.#limits.connections)) return 'connections';
    const limit = isLoopback(address) ? Infinity : this.#limits.connectionsPerAddress;
    if (this.#take(addressSlot(address), limit)) return undefined;
    this.#giveBack(0);
    return 'connections_per_address';
  }
  remove(address) {
    this.#giveBack(0);
    this.#giveBack(addressSlot(address));
  }
  /** One more, if the total was below the limit. */
  #take(slot, limit) {
    for (;;) {
      const total = Atomics.load(this.#counts, slot);
      if (total >= limit) return false;
      if (Atomics.compareExchange(this.#counts, slot, total, total + 1) !== total) continue;
      Atomics.add(this.#counts, this.#ownColumn + slot, 1);
      return true;
    }
  }
  #giveBack(slot) {
    Atomics.sub(this.#counts, this.#ownColumn + slot, 1);
    Atomics.sub(this.#counts, slot, 1);
  }
}
/** Column 0 has the totals. */
function columnOf(workerId) {
  return (1 + workerId) * SLOTS;
}
/** FNV-1a over the address text, into 1 … ADDRESS_SLOTS. */
function addressSlot(address) {
  let hash = 0x811c9dc5;
  for (let index = 0; index < address.length; index++) hash = Math.imul(hash ^ address.charCodeAt(index), 0x01000193);
  return 1 + ((hash >>> 0) % ADDRESS_SLOTS);
}
export function isLoopback(address) {
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.');
}
