/** What the first bytes of a picture say of it. */
export interface Picture {
  mime: 'image/png' | 'image/gif' | 'image/webp';
  /** Pixels, of the largest of its frames. */
  width: number;
  height: number;
}

/** Of a PNG, GIF or WebP; undefined for anything else, and for one whose header is broken or cut off. */
export function pictureOf(bytes: Buffer): Picture | undefined {
  const begins = (text: string, at = 0): boolean => bytes.toString('latin1', at, at + text.length) === text;
  try {
    if (begins('\x89PNG\r\n\x1a\n')) return { mime: 'image/png', ...pngSize(bytes) };
    if (begins('GIF87a') || begins('GIF89a')) return { mime: 'image/gif', ...gifSize(bytes) };
    if (begins('RIFF') && begins('WEBP', 8)) return { mime: 'image/webp', ...webpSize(bytes) };
  } catch (error) {
    // A number beyond the end.
    if (!(error instanceof RangeError)) throw error;
  }
  return undefined;
}

type Size = Pick<Picture, 'width' | 'height'>;

/** PNG (third edition) 11.2.1: IHDR stands first, and frames of an animation lie within it. */
function pngSize(bytes: Buffer): Size {
  if (bytes.readUInt32BE(8) !== 13 || bytes.toString('latin1', 12, 16) !== 'IHDR') throw new RangeError('no IHDR');
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}

const GIF_EXTENSION = 0x21;
const GIF_IMAGE = 0x2c;
const GIF_TRAILER = 0x3b;

/** GIF89a: the screen of section 18, and every image of section 20, which browsers draw even where it is larger. */
function gifSize(bytes: Buffer): Size {
  let width = bytes.readUInt16LE(6);
  let height = bytes.readUInt16LE(8);
  let at = 13 + colorTableBytes(bytes.readUInt8(10));
  for (let kind = bytes.readUInt8(at++); kind !== GIF_TRAILER; kind = bytes.readUInt8(at++)) {
    if (kind === GIF_IMAGE) {
      width = Math.max(width, bytes.readUInt16LE(at) + bytes.readUInt16LE(at + 4));
      height = Math.max(height, bytes.readUInt16LE(at + 2) + bytes.readUInt16LE(at + 6));
      // Its colours, and the code size of what follows.
      at += 9 + colorTableBytes(bytes.readUInt8(at + 8)) + 1;
    } else if (kind === GIF_EXTENSION) at += 1;
    else throw new RangeError(`a block of kind ${kind}`);
    for (let length = bytes.readUInt8(at++); length > 0; length = bytes.readUInt8(at++)) at += length;
  }
  return { width, height };
}

/** Sections 19 and 21: three bytes for each colour, if there are any. */
const colorTableBytes = (flags: number): number => ((flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1));

/** RFC 9649 2.5 to 2.7: the first chunk says it, and frames of an animation lie within it. */
function webpSize(bytes: Buffer): Size {
  const data = 20;
  switch (bytes.toString('latin1', 12, 16)) {
    case 'VP8 ':
      // RFC 6386 9.1: a frame tag, a start code, and 14 bits each below 2 of scaling.
      if (bytes.readUIntBE(data + 3, 3) !== 0x9d012a) throw new RangeError('no key frame');
      return { width: bytes.readUInt16LE(data + 6) & 0x3fff, height: bytes.readUInt16LE(data + 8) & 0x3fff };
    case 'VP8L': {
      if (bytes.readUInt8(data) !== 0x2f) throw new RangeError('no signature');
      const bits = bytes.readUInt32LE(data + 1);
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    }
    case 'VP8X':
      return { width: bytes.readUIntLE(data + 4, 3) + 1, height: bytes.readUIntLE(data + 7, 3) + 1 };
    default:
      throw new RangeError('no picture');
  }
}
