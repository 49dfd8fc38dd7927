const LENGTH_BYTES = 4;
/** Cuts a byte stream into frames, each behind its length in 4 bytes, big-endian. Both ends are Kaibo's own processes. */
export class LengthFramer {
  #maxBytes;
  #pieces = [];
  #haveBytes = 0;
  /** Fewer bytes hold no whole frame. */
  #needBytes = LENGTH_BYTES;
  constructor(maxBytes) {
    this.#maxBytes = maxBytes;
  }
  /** The frames that are whole now, as views. Throws RangeError for one above the bound. */
  push(bytes) {
    this.#pieces.push(bytes);
    this.#haveBytes += bytes.length;
    if (this.#haveBytes < this.#needBytes) return [];
    const all = this.#pieces.length === 1 ? bytes : Buffer.concat(this.#pieces);
    const frames = [];
    let offset = 0;
    for (;;) {
      this.#needBytes = LENGTH_BYTES;
      if (all.length - offset < LENGTH_BYTES) break;
      const length = all.readUInt32BE(offset);
      if (length > this.#maxBytes) throw new RangeError(`A frame of ${length} bytes between processes.`);
      this.#needBytes = LENGTH_BYTES + length;
      if (all.length - offset < this.#needBytes) break;
      frames.push(all.subarray(offset + LENGTH_BYTES, offset + this.#needBytes));
      offset += this.#needBytes;
    }
    this.#pieces = [all.subarray(offset)];
    this.#haveBytes = all.length - offset;
    return frames;
  }
}
/** `kind`, when given, is the first byte of the frame. */
export function writeFrame(socket, body, kind) {
  const head = Buffer.allocUnsafe(kind === undefined ? LENGTH_BYTES : LENGTH_BYTES + 1);
  head.writeUInt32BE(body.length + (kind === undefined ? 0 : 1), 0);
  if (kind !== undefined) head[LENGTH_BYTES] = kind;
  socket.cork();
  socket.write(head);
  socket.write(body);
  socket.uncork();
}
