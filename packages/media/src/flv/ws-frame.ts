/** RFC 6455, 5.2: FIN and opcode 2 (binary). Server frames are not masked (5.1). */
const FIN_BINARY = 0x82;
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/** Size of an unmasked frame's header for a payload of this many bytes. */
export function frameHeaderBytes(payloadBytes: number): number {
  if (payloadBytes < LENGTH_16) return 2;
  return payloadBytes <= 0xffff ? 4 : 10;
}

/** Writes the header at the start of `target`, whose payload follows it. */
export function writeBinaryFrameHeader(target: Buffer, payloadBytes: number): void {
  target[0] = FIN_BINARY;
  if (payloadBytes < LENGTH_16) {
    target[1] = payloadBytes;
  } else if (payloadBytes <= 0xffff) {
    target[1] = LENGTH_16;
    target.writeUInt16BE(payloadBytes, 2);
  } else {
    target[1] = LENGTH_64;
    target.writeBigUInt64BE(BigInt(payloadBytes), 2);
  }
}

export function encodeBinaryFrame(payload: Uint8Array): Buffer {
  const header = Buffer.allocUnsafe(frameHeaderBytes(payload.length));
  writeBinaryFrameHeader(header, payload.length);
  return Buffer.concat([header, payload]);
}
