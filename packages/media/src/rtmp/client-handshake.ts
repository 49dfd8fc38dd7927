import { randomBytes } from 'node:crypto';
import { HANDSHAKE_BYTES, HandshakeError, RTMP_VERSION } from './handshake.ts';

/** RTMP 1.0, 5.2.2 to 5.2.4: S0, S1 and S2. */
const ANSWER_BYTES = 1 + 2 * HANDSHAKE_BYTES;

/** Client side of the plain handshake: `begin` goes out first, then bytes in, C2 to answer, and what followed. */
export class ClientHandshake {
  #received: Buffer = Buffer.alloc(0);
  #done = false;

  get done(): boolean {
    return this.#done;
  }

  /** C0 and C1; zeros where clients that know digests have their version, so that servers answer plainly. */
  begin(): Buffer {
    const c1 = randomBytes(HANDSHAKE_BYTES);
    c1.fill(0, 0, 8);
    return Buffer.concat([Buffer.of(RTMP_VERSION), c1]);
  }

  /**
   * Takes bytes cut anywhere. `reply` is C2; `rest` is what came after S2. Nobody checks S2: servers that know only the
   * digest form send anything there.
   * Throws HandshakeError for another version.
   */
  push(bytes: Buffer): { reply?: Buffer; rest?: Buffer } {
    this.#received = this.#received.length > 0 ? Buffer.concat([this.#received, bytes]) : bytes;
    if (this.#received.length > 0 && this.#received[0] !== RTMP_VERSION)
      throw new HandshakeError('This is not RTMP version 3.');
    if (this.#received.length < ANSWER_BYTES) return {};
    this.#done = true;
    const reply = Buffer.from(this.#received.subarray(1, 1 + HANDSHAKE_BYTES));
    const rest = this.#received.subarray(ANSWER_BYTES);
    this.#received = Buffer.alloc(0);
    return { reply, rest };
  }
}
