import type { HlsOptions } from '../options.ts';

const KIB = 1024;

/**
 * Bytes of segments over all workers, in shared memory: each worker writes a column of its own, so that one that died takes
 * its part with it. In KiB, and for orientation: a bound of megabytes needs no more.
 */
export class MemoryAccount {
  readonly #columns: Int32Array;
  readonly #own: number;
  readonly #totalKib: number;
  #ownBytes = 0;

  static allocate(workers: number): SharedArrayBuffer {
    return new SharedArrayBuffer(workers * Int32Array.BYTES_PER_ELEMENT);
  }

  constructor({ shared, workerId, options }: { shared: SharedArrayBuffer; workerId: number; options: HlsOptions }) {
    this.#columns = new Int32Array(shared);
    this.#own = workerId;
    this.#totalKib = options.totalBytes / KIB;
    Atomics.store(this.#columns, workerId, 0);
  }

  /** The worker's windows have become larger (or smaller) by so much. */
  add(bytes: number): void {
    this.#ownBytes += bytes;
    Atomics.store(this.#columns, this.#own, Math.ceil(this.#ownBytes / KIB));
  }

  get isCrowded(): boolean {
    let kib = 0;
    for (let index = 0; index < this.#columns.length; index++) kib += Atomics.load(this.#columns, index);
    return kib > this.#totalKib;
  }
}
