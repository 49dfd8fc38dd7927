import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkReader } from './chunk-reader.ts';
import { encodeMessage, messageBytes, OUT_CHUNK_SIZE, type OutgoingMessage } from './chunk-writer.ts';
import { setChunkSize } from './control.ts';
import type { RtmpMessage } from './message.ts';

const message = fc.record<OutgoingMessage>({
  type: fc.constantFrom(8, 9, 18, 20),
  chunkStreamId: fc.integer({ min: 3, max: 63 }),
  streamId: fc.nat({ max: 0xffffffff }),
  timestampMs: fc.oneof(fc.nat({ max: 0xffffffff }), fc.constantFrom(0xfffffe, 0xffffff, 0x1000000)),
  payload: fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc
      .constantFrom(OUT_CHUNK_SIZE - 1, OUT_CHUNK_SIZE, OUT_CHUNK_SIZE + 1, 3 * OUT_CHUNK_SIZE)
      .map((size) => new Uint8Array(size).fill(3)),
  ),
});

describe('chunk writer', () => {
  it.each([
    { name: 'a short message', timestampMs: 0x112233, bytes: '06112233000002090100000' + '0aabb' },
    { name: 'an extended timestamp', timestampMs: 0xffffff, bytes: '06ffffff000002090100000000ffffffaabb' },
  ])('$name', ({ timestampMs, bytes }) => {
    const encoded = encodeMessage({
      type: 9,
      chunkStreamId: 6,
      streamId: 1,
      timestampMs,
      payload: Buffer.from('aabb', 'hex'),
    });
    expect(encoded.toString('hex')).toBe(bytes);
  });

  it('repeats an extended timestamp on every chunk', () => {
    const encoded = encodeMessage({
      type: 9,
      chunkStreamId: 6,
      streamId: 1,
      timestampMs: 0x1020304,
      payload: Buffer.alloc(OUT_CHUNK_SIZE + 1),
    });
    expect(encoded.subarray(16 + OUT_CHUNK_SIZE).toString('hex')).toBe('c60102030400');
  });

  it('is read back, message by message, as it was', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 6 }), fc.integer({ min: 1, max: 70_000 }), (messages, cut) => {
        const bytes = Buffer.concat([setChunkSize(OUT_CHUNK_SIZE), ...messages.map(encodeMessage)]);
        const reader = new ChunkReader();
        const received: RtmpMessage[] = [];
        for (let at = 0; at < bytes.length; at += cut)
          reader.push(bytes.subarray(at, at + cut), (one) => received.push(one));
        const expected = messages.map(({ type, streamId, timestampMs, payload }) => ({
          type,
          streamId,
          timestampMs,
          payload: Buffer.from(payload),
        }));
        expect(received).toEqual(expected);
      }),
    );
  });

  it('says its size beforehand', () => {
    fc.assert(
      fc.property(message, (one) => {
        expect(encodeMessage(one).length).toBe(messageBytes(one.payload.length, one.timestampMs));
      }),
    );
  });
});
