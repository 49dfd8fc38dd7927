import { crc32, deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';

/** Something with shapes in it, so that it is no flat colour. */
function scene(width: number, height: number): Sharp {
  const overlay = { create: { width: width >> 1, height: height >> 1, channels: 3 as const, background: '#b8312f' } };
  return sharp({ create: { width, height, channels: 3, background: '#f4efe4' } }).composite([
    { input: overlay, left: 0, top: 0 },
  ]);
}

export const jpegOf = (width = 800, height = 600): Promise<Buffer> => scene(width, height).jpeg().toBuffer();

/** As a camera writes it: held on its side, with the place, the camera and a comment. */
export function cameraJpeg(): Promise<Buffer> {
  return scene(800, 600)
    .withExif({
      IFD0: { Make: 'SECRETCAM', ImageDescription: 'at home', Orientation: '6' },
      IFD3: {
        GPSLatitudeRef: 'N',
        GPSLatitude: '39/1 54/1 15/1',
        GPSLongitudeRef: 'E',
        GPSLongitude: '116/1 23/1 29/1',
      },
    })
    .jpeg()
    .toBuffer();
}

export const gifOfFrames = async (): Promise<Buffer> => {
  const frames = await Promise.all(['#f00', '#0f0'].map((background) => flat(background).png().toBuffer()));
  return sharp(frames, { join: { animated: true } })
    .gif({ delay: [100, 100] })
    .toBuffer();
};

const flat = (background: string): Sharp => sharp({ create: { width: 40, height: 40, channels: 3, background } });

/** What anybody may send. Each is a picture, and something else too, or not quite what it says it is. */
export const GOOD: Record<string, () => Promise<Buffer>> = {
  'a JPEG': jpegOf,
  'a JPEG of a camera': cameraJpeg,
  'a JPEG of a printer': () => scene(300, 200).toColourspace('cmyk').jpeg().toBuffer(),
  'a PNG that one sees through': () =>
    sharp({ create: { width: 30, height: 90, channels: 4, background: { r: 1, g: 2, b: 3, alpha: 0.4 } } })
      .png()
      .toBuffer(),
  'a PNG of one column': () => scene(2, 9000).png().toBuffer(),
  'a WebP': () => scene(640, 480).webp().toBuffer(),
  'an AVIF': () => scene(64, 64).avif({ effort: 0 }).toBuffer(),
  'a GIF that moves': gifOfFrames,
  'a JPEG with a page behind it': async () =>
    Buffer.concat([await jpegOf(), Buffer.from('<html><script>alert(document.domain)</script></html>')]),
  'a JPEG with a page in its comment': async () => {
    const page = Buffer.from('<html><script>alert(document.domain)</script></html>');
    const comment = Buffer.concat([Buffer.from([0xff, 0xfe, 0, page.length + 2]), page]);
    const jpeg = await jpegOf();
    return Buffer.concat([jpeg.subarray(0, 2), comment, jpeg.subarray(2)]);
  },
  'a GIF that is a script': async () =>
    Buffer.concat([await gifOfFrames(), Buffer.from('/*"<script>*/=1;alert(document.domain)//</script>')]),
};

const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><script>alert(1)</script></svg>';

/** [how it is refused, the bytes] */
export const BAD: Record<string, [status: number, code: string, bytes: () => Promise<Buffer>]> = {
  'an SVG with a script': [415, 'not_an_image', async () => Buffer.from(svg)],
  'an SVG with its XML head': [415, 'not_an_image', async () => Buffer.from(`<?xml version="1.0"?>${svg}`)],
  'a page': [415, 'not_an_image', async () => Buffer.from('<!doctype html><script>alert(1)</script>')],
  'a PDF': [415, 'not_an_image', async () => Buffer.from('%PDF-1.7\n1 0 obj\n<<>>\nendobj\n')],
  'a video': [415, 'not_an_image', async () => Buffer.from('\0\0\0\x18ftypmp42\0\0\0\0mp42isom\0\0\0\0', 'latin1')],
  'a HEIC': [415, 'not_an_image', async () => Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0\0\0', 'latin1')],
  'a TIFF': [415, 'not_an_image', () => scene(20, 20).tiff().toBuffer()],
  'a script for ImageMagick': [
    415,
    'not_an_image',
    async () => Buffer.from("push graphic-context\nimage over 0,0 0,0 'https://e'"),
  ],
  'a text': [415, 'not_an_image', async () => Buffer.from('hello')],
  nothing: [415, 'not_an_image', async () => Buffer.alloc(0)],
  'a PNG of 30000x30000': [422, 'image_too_many_pixels', async () => bomb(30_000, 30_000)],
  'a JPEG cut in the middle': [
    422,
    'image_unreadable',
    async () => {
      const jpeg = await jpegOf();
      return jpeg.subarray(0, jpeg.length >> 1);
    },
  ],
  'the first bytes of a PNG': [
    422,
    'image_unreadable',
    async () => (await scene(20, 20).png().toBuffer()).subarray(0, 40),
  ],
  'a JPEG of noise': [
    422,
    'image_unreadable',
    async () => Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), Buffer.alloc(500, 'x')]),
  ],
};

/** A whole PNG of black, one bit a pixel: little to send, much to unpack. */
function bomb(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.writeUInt8(1, 8);
  const rows = deflateSync(Buffer.alloc((Math.ceil(width / 8) + 1) * height), { level: 1 });
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    ...[chunk('IHDR', header), chunk('IDAT', rows), chunk('IEND', Buffer.alloc(0))],
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(8);
  out.writeUInt32BE(data.length, 0);
  out.writeUInt32BE(crc32(named), 4);
  return Buffer.concat([out.subarray(0, 4), named, out.subarray(4)]);
}
