const EMPTY = new Uint8Array(0);
const FIRST_CAPACITY_BYTES = 64;

/**
 * Makes whole pieces out of chunks cut anywhere. A piece inside one chunk is a view of it; a piece over several is
 * collected in a buffer that grows by doubling as bytes arrive, and never past the piece's size.
 */
export class PieceCollector {
  #chunk: Uint8Array = EMPTY;
  #chunkPosition = 0;
  #pending: Uint8Array = EMPTY;
  #pendingBytes = 0;

  /** Bytes kept for a piece that is not whole yet. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Gives the next chunk, after the last one was used up (`take` has returned undefined). */
  feed(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#chunkPosition = 0;
  }

  /** The next `bytes` bytes, or undefined, having kept what there is of them. The number must not change until they are there. */
  take(bytes: number): Uint8Array | undefined {
    const available = this.#chunk.length - this.#chunkPosition;
    const missing = bytes - this.#pendingBytes;
    if (missing <= available) return this.#pendingBytes === 0 ? this.#advance(bytes) : this.#complete(bytes, missing);
    this.#keep(this.#advance(available), bytes);
    this.#chunk = EMPTY;
    this.#chunkPosition = 0;
    return undefined;
  }

  /** Forgets everything. */
  clear(): void {
    this.#chunk = EMPTY;
    this.#chunkPosition = 0;
    this.#pending = EMPTY;
    this.#pendingBytes = 0;
  }

  #advance(bytes: number): Uint8Array {
    const begin = this.#chunkPosition;
    this.#chunkPosition += bytes;
    return this.#chunk.subarray(begin, begin + bytes);
  }

  #complete(bytes: number, missing: number): Uint8Array {
    this.#keep(this.#advance(missing), bytes);
    const piece = this.#pending;
    this.#pending = EMPTY;
    this.#pendingBytes = 0;
    return piece.length === bytes ? piece : piece.subarray(0, bytes);
  }

  #keep(part: Uint8Array, pieceBytes: number): void {
    const length = this.#pendingBytes + part.length;
    if (length > this.#pending.length) {
      const grown = new Uint8Array(
        Math.min(pieceBytes, Math.max(length, this.#pending.length * 2, FIRST_CAPACITY_BYTES)),
      );
      grown.set(this.#pending.subarray(0, this.#pendingBytes));
      this.#pending = grown;
    }
    this.#pending.set(part, this.#pendingBytes);
    this.#pendingBytes = length;
  }
}
