import { createHmac, randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HANDSHAKE_BYTES, HandshakeError, ServerHandshake } from './handshake.ts';

const PLAYER_KEY = Buffer.from('Genuine Adobe Flash Player 001');
const MEDIA_SERVER = Buffer.from('Genuine Adobe Flash Media Server 001');
const CRUD = Buffer.from('f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae', 'hex');
const SIMPLE_C1 = Buffer.concat([Buffer.alloc(8), Buffer.alloc(HANDSHAKE_BYTES - 8, 0x61)]);

function digestOffset(block: Buffer, scheme: number): number {
  const sum = [...block.subarray(scheme, scheme + 4)].reduce((total, byte) => total + byte, 0);
  return scheme + 4 + (sum % 728);
}

function digest(block: Buffer, offset: number, key: Buffer): Buffer {
  return createHmac('sha256', key)
    .update(block.subarray(0, offset))
    .update(block.subarray(offset + 32))
    .digest();
}

function digestC1(scheme: number): { c1: Buffer; c1Digest: Buffer } {
  const c1 = randomBytes(HANDSHAKE_BYTES);
  Buffer.from([0, 0, 0, 0, 128, 0, 7, 2]).copy(c1);
  const offset = digestOffset(c1, scheme);
  const c1Digest = digest(c1, offset, PLAYER_KEY);
  c1Digest.copy(c1, offset);
  return { c1, c1Digest };
}

describe('ServerHandshake', () => {
  it('echoes C1 as S2 in the simple handshake', () => {
    const handshake = new ServerHandshake();
    const { reply } = handshake.push(Buffer.concat([Buffer.of(3), SIMPLE_C1]));
    expect(reply?.length).toBe(1 + 2 * HANDSHAKE_BYTES);
    expect(reply?.[0]).toBe(3);
    expect(reply?.subarray(1, 9)).toEqual(Buffer.alloc(8));
    expect(reply?.subarray(1 + HANDSHAKE_BYTES).equals(SIMPLE_C1)).toBe(true);
    expect(handshake.done).toBe(false);
    const { rest } = handshake.push(Buffer.concat([Buffer.alloc(HANDSHAKE_BYTES), Buffer.from('next')]));
    expect(rest?.toString()).toBe('next');
    expect(handshake.done).toBe(true);
  });

  it.each([
    { name: 'digest at 8', scheme: 8 },
    { name: 'digest at 772', scheme: 772 },
  ])('answers $name with digests the client can check', ({ scheme }) => {
    const { c1, c1Digest } = digestC1(scheme);
    const { reply = Buffer.alloc(0) } = new ServerHandshake().push(Buffer.concat([Buffer.of(3), c1]));
    const s1 = reply.subarray(1, 1 + HANDSHAKE_BYTES);
    const s2 = reply.subarray(1 + HANDSHAKE_BYTES);
    const offset = digestOffset(s1, scheme);
    expect(s1.subarray(offset, offset + 32).equals(digest(s1, offset, MEDIA_SERVER))).toBe(true);
    const key = createHmac('sha256', Buffer.concat([MEDIA_SERVER, CRUD]))
      .update(c1Digest)
      .digest();
    const signature = createHmac('sha256', key)
      .update(s2.subarray(0, HANDSHAKE_BYTES - 32))
      .digest();
    expect(s2.subarray(HANDSHAKE_BYTES - 32).equals(signature)).toBe(true);
  });

  it('does the same however the bytes are cut', () => {
    const whole = Buffer.concat([Buffer.of(3), SIMPLE_C1, Buffer.alloc(HANDSHAKE_BYTES), Buffer.from('rest')]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: whole.length }), (size) => {
        const handshake = new ServerHandshake();
        const rest: Buffer[] = [];
        let replies = 0;
        for (let at = 0; at < whole.length; at += size) {
          const piece = whole.subarray(at, at + size);
          if (handshake.done) rest.push(piece);
          else {
            const answer = handshake.push(piece);
            if (answer.reply) replies++;
            if (answer.rest) rest.push(answer.rest);
          }
        }
        expect([replies, Buffer.concat(rest).toString()]).toEqual([1, 'rest']);
      }),
      { numRuns: 60 },
    );
  });

  it.each([0, 6, 0x47, 0xff])('refuses version %i at its first byte', (version) => {
    expect(() => new ServerHandshake().push(Buffer.of(version))).toThrow(HandshakeError);
  });
});
