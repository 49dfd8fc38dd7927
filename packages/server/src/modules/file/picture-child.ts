// The process that decodes pictures: what they are made of comes from anybody, and a decoder that falls over, or does not
// come to an end, takes nobody with it. It knows nothing and reaches nothing: bytes come in, bytes go out.
import { fileTypeFromBuffer } from 'file-type';
import sharp from 'sharp';
import { READY, type MadePicture, type PictureAnswer, type PictureOrder } from './picture-messages.ts';

/** What is taken, as its content says. */
const TYPES = new Set(['image/jpeg', 'image/png', 'image/webp', 'image/gif', 'image/avif']);
/** The decoders of libvips for those, and no other: SVG, PDF, TIFF and what an ImageMagick would read are never tried. */
const DECODERS = ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Heif'].map((name) => `VipsForeignLoad${name}Buffer`);
const QUALITY = 82;

sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: DECODERS });
sharp.cache(false);
sharp.concurrency(1);

async function make({ bytes, width, height, widths, maxPixels }: PictureOrder): Promise<PictureAnswer> {
  const found = (await fileTypeFromBuffer(bytes).catch(() => undefined))?.mime ?? textTypeOf(bytes);
  if (!TYPES.has(found)) return { code: 'not_an_image', found };
  // One picture of those that move; damaged ones are refused, slightly odd ones of cameras are not.
  const source = sharp(bytes, { limitInputPixels: maxPixels, failOn: 'error', pages: 1 });
  try {
    const facts = await sharp(bytes, { limitInputPixels: false, pages: 1 }).metadata();
    if (facts.width * facts.height > maxPixels) return { code: 'image_too_many_pixels' };
    // Turned as the camera was held; what else it wrote down (where, when, with what) is not copied.
    const { data, info } = await source
      .autoOrient()
      .resize(width, height, { fit: 'cover' })
      .toColorspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    const raw = { width: info.width, height: info.height, channels: info.channels };
    const pictures: MadePicture[] = [];
    for (const to of widths) {
      const picture = sharp(data, { raw })
        .resize(to, Math.round((height * to) / width))
        .webp({ quality: QUALITY });
      pictures.push({ width: to, bytes: await picture.toBuffer() });
    }
    return { pictures };
  } catch {
    return { code: 'image_unreadable' };
  }
}

/** What a person may have taken for a picture, though it is a text: only for the words of the refusal. */
function textTypeOf(bytes: Uint8Array): string {
  const head = Buffer.from(bytes.subarray(0, 1024)).toString('latin1');
  if (/<svg/i.test(head)) return 'image/svg+xml';
  if (/<(?:!doctype )?html/i.test(head)) return 'text/html';
  return head.includes('\0') ? 'application/octet-stream' : 'text/plain';
}

// Whatever ended it before this was no picture's fault.
process.send?.(READY);
process.on('message', (order: PictureOrder) => {
  void make(order).then((answer) => process.send?.(answer));
});
process.once('disconnect', () => process.exit(0));
