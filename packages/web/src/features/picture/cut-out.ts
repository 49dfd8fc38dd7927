import type { CropRect, PictureSize } from './crop.ts';
import type { OpenPicture } from './open-picture.ts';

const QUALITY = 0.92;

/**
 * The cut as a file of at most `target` pixels: WebP, or PNG from a browser that writes none. What a camera wrote into
 * the original, like the place, is not in it.
 *
 * @throws Error `picture cannot be drawn`
 */
export async function cutOut({ image }: OpenPicture, rect: CropRect, target: PictureSize): Promise<Blob> {
  const canvas = document.createElement('canvas');
  // A small picture is not blown up.
  const scale = Math.min(1, rect.width / target.width);
  canvas.width = Math.max(1, Math.round(target.width * scale));
  canvas.height = Math.max(1, Math.round(target.height * scale));
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('picture cannot be drawn');
  context.imageSmoothingQuality = 'high';
  context.drawImage(image, rect.x, rect.y, rect.width, rect.height, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/webp', QUALITY));
  if (blob === null) throw new Error('picture cannot be drawn');
  return blob;
}
