import { createHmac, randomBytes } from 'node:crypto';

// The client side of the digest ("complex") handshake, as Flash Player and librtmp do it; the layout is described in
// SRS's and rtmpdump's sources. Written apart from the server's side on purpose.

const BLOCK = 1536;
const DIGEST = 32;
const CRUD = Buffer.from('f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae', 'hex');
const PLAYER = Buffer.from('Genuine Adobe Flash Player 001', 'latin1');
const SERVER = Buffer.from('Genuine Adobe Flash Media Server 001', 'latin1');

/** Scheme 0 has the digest in the first half of the block, scheme 1 in the second. */
export type DigestScheme = 0 | 1;

const hmac = (key: Buffer, bytes: Buffer): Buffer => createHmac('sha256', key).update(bytes).digest();

function digestOffset(block: Buffer, scheme: DigestScheme): number {
  const base = scheme === 0 ? 8 : 772;
  const sum = block.readUInt8(base) + block.readUInt8(base + 1) + block.readUInt8(base + 2) + block.readUInt8(base + 3);
  return base + 4 + (sum % 728);
}

function digestOf(block: Buffer, at: number, key: Buffer): Buffer {
  return hmac(key, Buffer.concat([block.subarray(0, at), block.subarray(at + DIGEST)]));
}

export class DigestHandshake {
  readonly c1: Buffer;
  private readonly scheme: DigestScheme;
  private readonly digest: Buffer;

  constructor(scheme: DigestScheme) {
    this.scheme = scheme;
    this.c1 = randomBytes(BLOCK);
    this.c1.fill(0, 0, 4);
    // Flash Player 10.0.45.2.
    this.c1.set([10, 0, 45, 2], 4);
    const at = digestOffset(this.c1, scheme);
    this.digest = digestOf(this.c1, at, PLAYER);
    this.digest.copy(this.c1, at);
  }

  /** C2 for the server's S1 and S2. Throws when the server did not prove that it read the digest. */
  answer(s1: Buffer, s2: Buffer): Buffer {
    const at = digestOffset(s1, this.scheme);
    const serverDigest = s1.subarray(at, at + DIGEST);
    if (!digestOf(s1, at, SERVER).equals(serverDigest)) throw new Error('S1 has no valid digest');
    const proof = hmac(hmac(Buffer.concat([SERVER, CRUD]), this.digest), s2.subarray(0, BLOCK - DIGEST));
    if (!proof.equals(s2.subarray(BLOCK - DIGEST))) throw new Error('S2 is not signed with the digest of C1');
    const c2 = randomBytes(BLOCK);
    const key = hmac(Buffer.concat([PLAYER, CRUD]), serverDigest);
    hmac(key, c2.subarray(0, BLOCK - DIGEST)).copy(c2, BLOCK - DIGEST);
    return c2;
  }
}
