/** What that process says once it can be asked. */
export const READY = 'ready';

/** What the process that decodes pictures is asked: one at a time. */
export interface PictureOrder {
  bytes: Uint8Array;
  /** Of the largest that is made. */
  width: number;
  height: number;
  /** Of all that are made. */
  widths: readonly number[];
  maxPixels: number;
}

/** A WebP. */
export interface MadePicture {
  width: number;
  bytes: Uint8Array;
}

export type PictureAnswer =
  | { pictures: MadePicture[] }
  | { code: 'image_unreadable' | 'image_too_many_pixels' }
  /** The media type that its content says. */
  | { code: 'not_an_image'; found: string };
