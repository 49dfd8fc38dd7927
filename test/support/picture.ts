import { writeFileSync } from 'node:fs';
import { ffmpeg } from './ffmpeg.ts';
import { tempDir } from './temp-dir.ts';

/** Red on the left, blue on the right: a lavfi source for `encodeVideo` and `ffmpeg -f lavfi -i`. */
export function redAndBlue(width: number, height: number): string {
  const half = (colour: string): string => `color=c=${colour}:s=${width / 2}x${height}:r=25`;
  return `${half('red')}[l];${half('blue')}[r];[l][r]hstack`;
}

export interface Picture {
  width: number;
  height: number;
  /** Red, green and blue, 0 to 255. */
  colour(x: number, y: number): [number, number, number];
}

/** A JPEG as its reader sees it: size by its frame header (ITU-T T.81, B.2.2), colours by ffmpeg. */
export async function decodeJpeg(jpeg: Uint8Array): Promise<Picture> {
  const bytes = Buffer.from(jpeg);
  const header = bytes.indexOf(Buffer.of(0xff, 0xc0));
  if (bytes.readUInt16BE(0) !== 0xffd8 || header < 0) throw new Error('no baseline JPEG');
  const height = bytes.readUInt16BE(header + 5);
  const width = bytes.readUInt16BE(header + 7);
  using folder = tempDir();
  writeFileSync(folder.file('picture.jpg'), bytes);
  const program = ffmpeg('-i', folder.file('picture.jpg'), '-pix_fmt', 'rgb24', '-f', 'rawvideo', 'pipe:1');
  await program.succeeded();
  const pixels = Buffer.concat(program.stdout);
  return {
    width,
    height,
    colour: (x, y) => {
      const at = (y * width + x) * 3;
      return [pixels.readUInt8(at), pixels.readUInt8(at + 1), pixels.readUInt8(at + 2)];
    },
  };
}

/** Whether the halves of `redAndBlue` are where they should be, and have their colours. */
export function isRedAndBlue({ width, height, colour }: Picture): boolean {
  const middle = height >> 1;
  const [left, right] = [colour(width >> 2, middle), colour((width * 3) >> 2, middle)];
  return isNear(left, [255, 0, 0]) && isNear(right, [0, 0, 255]);
}

function isNear(colour: readonly number[], wanted: readonly number[]): boolean {
  return colour.every((value, index) => Math.abs(value - (wanted[index] ?? 0)) < 16);
}
