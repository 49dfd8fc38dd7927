import { PICTURES, type FileRow, type PicturePurpose } from './contract.ts';

export const WEBP = 'image/webp';
/** Of every picture's file. */
export const PICTURE_FOLDER = 'images/';

/** Where the pictures of one file are, without what tells their sizes apart. */
export function pictureKey(id: string): string {
  return `${PICTURE_FOLDER}${id.slice(0, 2)}/${id}`;
}

/** One of them: `full`, or so many pixels wide. Known by its address alone, so that nobody is asked before it is sent. */
export function pictureFile(id: string, size: 'full' | number): string {
  return `${pictureKey(id)}-${size}.webp`;
}

/** All of them. */
export function pictureFiles(id: string, purpose: PicturePurpose): string[] {
  return PICTURES[purpose].widths.map((width, n) => pictureFile(id, n === 0 ? 'full' : width));
}

/** The file that a key belongs to; undefined when we made no such key. */
export function pictureIdOf(key: string): string | undefined {
  return /^images\/[0-9a-f]{2}\/([0-9a-f-]{36})-(?:full|\d+)\.webp$/.exec(key)?.[1];
}

export function isPicture(row: FileRow): row is FileRow & { purpose: PicturePurpose } {
  return row.kind === 'image';
}

/** The path by which everybody reads a picture. */
export function pictureUrl(id: string): string {
  return `/files/${id}.webp`;
}

/** The file of such a path, whatever size it asks for. */
export function pictureIdOfUrl(path: string): string | undefined {
  return /^\/files\/([0-9a-f-]{36})\.webp(?:\?w=\d{1,4})?$/.exec(path)?.[1];
}
