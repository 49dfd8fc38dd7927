// Pictures of a given size that are only as much picture as their headers.

/** A PNG: signature, IHDR and IEND. */
export function pngOf(width: number, height: number): Buffer {
  const header = Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\0\0\0\0\0\x08\x06\0\0\0\0\0\0\0', 'latin1');
  header.writeUInt32BE(width, 16);
  header.writeUInt32BE(height, 20);
  return Buffer.concat([header, Buffer.from('\0\0\0\0IEND\xaeB`\x82', 'latin1')]);
}

/** A GIF with a screen and one image, which may be larger than it. */
export function gifOf(width: number, height: number, image: { width: number; height: number }): Buffer {
  const screen = Buffer.from('GIF89a\0\0\0\0\x80\0\0\0\0\0\xff\xff\xff', 'latin1');
  screen.writeUInt16LE(width, 6);
  screen.writeUInt16LE(height, 8);
  const comment = Buffer.from('\x21\xfe\x02hi\0', 'latin1');
  const descriptor = Buffer.from('\x2c\0\0\0\0\0\0\0\0\0', 'latin1');
  descriptor.writeUInt16LE(image.width, 5);
  descriptor.writeUInt16LE(image.height, 7);
  return Buffer.concat([screen, comment, descriptor, Buffer.from('\x02\x02\x44\x01\0\x3b', 'latin1')]);
}

/** A WebP of one chunk. */
export function webpOf(kind: 'VP8 ' | 'VP8L' | 'VP8X', width: number, height: number): Buffer {
  const bytes = Buffer.alloc(32);
  bytes.write(`RIFF\x18\0\0\0WEBP${kind}\x0a\0\0\0`, 'latin1');
  if (kind === 'VP8 ') {
    bytes.writeUIntBE(0x9d012a, 23, 3);
    bytes.writeUInt16LE(width, 26);
    bytes.writeUInt16LE(height, 28);
  } else if (kind === 'VP8L') {
    bytes.writeUInt8(0x2f, 20);
    bytes.writeUInt32LE((((height - 1) << 14) | (width - 1)) >>> 0, 21);
  } else {
    bytes.writeUIntLE(width - 1, 24, 3);
    bytes.writeUIntLE(height - 1, 27, 3);
  }
  return bytes;
}
