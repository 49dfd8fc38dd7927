/** A picture's size in its own pixels. */
export interface PictureSize {
  width: number;
  height: number;
}

/** What is kept of a picture: the middle in shares of its sides, and how much nearer than the largest cut that fits. */
export interface Crop {
  x: number;
  y: number;
  /** 1 to `MAX_ZOOM`. */
  zoom: number;
}

/** The cut in the picture's pixels; not whole numbers. */
export interface CropRect extends PictureSize {
  x: number;
  y: number;
}

export const MAX_ZOOM = 6;
export const CENTRED: Crop = { x: 0.5, y: 0.5, zoom: 1 };

/** `aspect` is width through height of what is cut out, here as everywhere below. */
export function rectOf(picture: PictureSize, aspect: number, crop: Crop): CropRect {
  const width = Math.min(picture.width, picture.height * aspect) / crop.zoom;
  const height = width / aspect;
  return { x: crop.x * picture.width - width / 2, y: crop.y * picture.height - height / 2, width, height };
}

/** The nearest one that lies in the picture. */
export function within(picture: PictureSize, aspect: number, crop: Crop): Crop {
  const zoom = Math.min(MAX_ZOOM, Math.max(1, crop.zoom));
  const { width, height } = rectOf(picture, aspect, { ...crop, zoom });
  const [marginX, marginY] = [width / picture.width / 2, height / picture.height / 2];
  return { x: clamp(crop.x, marginX), y: clamp(crop.y, marginY), zoom };
}

/** Moves the picture under the frame; `by` is in shares of the frame, to the right and down. */
export function moved(picture: PictureSize, aspect: number, crop: Crop, by: { x: number; y: number }): Crop {
  const { width, height } = rectOf(picture, aspect, crop);
  const [x, y] = [crop.x - (by.x * width) / picture.width, crop.y - (by.y * height) / picture.height];
  return within(picture, aspect, { ...crop, x, y });
}

/** Nearer by a factor; what lies under `at` (shares of the frame, from its top left) stays where it is. */
export function zoomed(
  picture: PictureSize,
  aspect: number,
  crop: Crop,
  { factor, at = { x: 0.5, y: 0.5 } }: { factor: number; at?: { x: number; y: number } },
): Crop {
  const zoom = Math.min(MAX_ZOOM, Math.max(1, crop.zoom * factor));
  const [before, after] = [rectOf(picture, aspect, crop), rectOf(picture, aspect, { ...crop, zoom })];
  const x = crop.x + ((at.x - 0.5) * (before.width - after.width)) / picture.width;
  const y = crop.y + ((at.y - 0.5) * (before.height - after.height)) / picture.height;
  return within(picture, aspect, { x, y, zoom });
}

function clamp(value: number, margin: number): number {
  return Math.min(1 - margin, Math.max(margin, value));
}
