const FIN_TEXT = 0x81;

/** One whole unmasked text frame (RFC 6455, section 5.2), so that many sockets are given the same bytes. */
export function textFrame(text: string): Buffer {
  const size = Buffer.byteLength(text);
  const headBytes = size < 126 ? 2 : size < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headBytes + size);
  frame[0] = FIN_TEXT;
  if (headBytes === 2) frame[1] = size;
  else if (headBytes === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(size, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(size), 2);
  }
  frame.write(text, headBytes, 'utf8');
  return frame;
}
