import { createHmac, randomBytes } from 'node:crypto';

/** RTMP 1.0, 5.2: C0/S0 is the version, C1/S1 and C2/S2 are 1536 bytes each. */
export const RTMP_VERSION = 3;
export const HANDSHAKE_BYTES = 1536;
const C0_C1_BYTES = 1 + HANDSHAKE_BYTES;

/** The digest ("complex") handshake of Adobe Flash players and OBS-era librtmp; described in SRS's rtmp handshake docs. */
const DIGEST_BYTES = 32;
const DIGEST_SCHEMES_AT = [8, 772] as const;
const DIGEST_SPREAD = 728;
const RANDOM_CRUD = Buffer.from('f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae', 'hex');
const PLAYER_KEY = Buffer.from('Genuine Adobe Flash Player 001', 'latin1');
const SERVER_KEY = Buffer.concat([Buffer.from('Genuine Adobe Flash Media Server 001', 'latin1'), RANDOM_CRUD]);
const SERVER_KEY_PLAIN_BYTES = 36;
/** What we call ourselves in S1 when the client knows digests: Flash Media Server 4.5.0.1. */
const SERVER_VERSION = Buffer.from([4, 5, 0, 1]);

export class HandshakeError extends Error {
  readonly code = 'bad_handshake';
}

/** Server side of the handshake: bytes in, bytes to answer, and what followed it. */
export class ServerHandshake {
  #state: 'c0c1' | 'c2' | 'done' = 'c0c1';
  #received: Buffer = Buffer.alloc(0);

  get done(): boolean {
    return this.#state === 'done';
  }

  /**
   * Takes bytes cut anywhere. `reply` goes to the peer; `rest` is what came after C2, once `done`.
   * Throws HandshakeError for another version.
   */
  push(bytes: Buffer): { reply?: Buffer; rest?: Buffer } {
    this.#received = this.#received.length > 0 ? Buffer.concat([this.#received, bytes]) : bytes;
    let reply: Buffer | undefined;
    if (this.#state === 'c0c1') {
      if (this.#received.length > 0 && this.#received[0] !== RTMP_VERSION)
        throw new HandshakeError('This is not RTMP version 3.');
      if (this.#received.length < C0_C1_BYTES) return {};
      reply = answerC1(this.#received.subarray(1, C0_C1_BYTES));
      this.#received = this.#received.subarray(C0_C1_BYTES);
      this.#state = 'c2';
    }
    if (this.#received.length < HANDSHAKE_BYTES) return { reply };
    const rest = this.#received.subarray(HANDSHAKE_BYTES);
    this.#received = Buffer.alloc(0);
    this.#state = 'done';
    return { reply, rest };
  }
}

/** S0 S1 S2, with digests when C1 carries a valid one, else the plain echo. */
function answerC1(c1: Buffer): Buffer {
  // A client that does not know digests has zeros where the others have their version (RTMP 1.0, 5.2.3).
  const schemes = c1.readUInt32BE(4) === 0 ? [] : DIGEST_SCHEMES_AT;
  for (const schemeAt of schemes) {
    const digest = validDigest(c1, schemeAt);
    if (digest) return Buffer.concat([Buffer.of(RTMP_VERSION), digestS1(schemeAt), digestS2(digest)]);
  }
  const s1 = randomBytes(HANDSHAKE_BYTES);
  s1.fill(0, 0, 8);
  return Buffer.concat([Buffer.of(RTMP_VERSION), s1, c1]);
}

function validDigest(c1: Buffer, schemeAt: number): Buffer | undefined {
  const at = digestAt(c1, schemeAt);
  const digest = c1.subarray(at, at + DIGEST_BYTES);
  return hmacAround(c1, at, PLAYER_KEY).equals(digest) ? digest : undefined;
}

/** The digest's place: the sum of four bytes, modulo 728, after those four. */
function digestAt(block: Buffer, schemeAt: number): number {
  let sum = 0;
  for (const byte of block.subarray(schemeAt, schemeAt + 4)) sum += byte;
  return schemeAt + 4 + (sum % DIGEST_SPREAD);
}

function digestS1(schemeAt: number): Buffer {
  const s1 = randomBytes(HANDSHAKE_BYTES);
  s1.fill(0, 0, 4);
  SERVER_VERSION.copy(s1, 4);
  const at = digestAt(s1, schemeAt);
  hmacAround(s1, at, SERVER_KEY.subarray(0, SERVER_KEY_PLAIN_BYTES)).copy(s1, at);
  return s1;
}

function digestS2(clientDigest: Buffer): Buffer {
  const s2 = randomBytes(HANDSHAKE_BYTES);
  const key = createHmac('sha256', SERVER_KEY).update(clientDigest).digest();
  const signature = createHmac('sha256', key)
    .update(s2.subarray(0, HANDSHAKE_BYTES - DIGEST_BYTES))
    .digest();
  signature.copy(s2, HANDSHAKE_BYTES - DIGEST_BYTES);
  return s2;
}

function hmacAround(block: Buffer, digestOffset: number, key: Buffer): Buffer {
  return createHmac('sha256', key)
    .update(block.subarray(0, digestOffset))
    .update(block.subarray(digestOffset + DIGEST_BYTES))
    .digest();
}
