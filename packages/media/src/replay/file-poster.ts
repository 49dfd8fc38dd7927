import { FfmpegProcess } from '../transcode/ffmpeg-process.ts';
import { findFfmpeg } from '../transcode/find-ffmpeg.ts';

const WIDTH = 640;
/** Of MJPEG's 2 (best) to 31. */
const QUALITY = 4;
const TIME_LIMIT_MS = 30_000;
const MAX_JPEG_BYTES = 1024 * 1024;
/** SOI and EOI (ITU-T T.81, B.1.1.3): what was cut short lacks the second. */
const JPEG_BEGIN = Buffer.of(0xff, 0xd8);
const JPEG_END = Buffer.of(0xff, 0xd9);

/** A JPEG of a recorded file at about `atMs`; undefined where there is no ffmpeg, or no picture. Nothing is thrown. */
export async function posterOfFile(path: string, atMs: number): Promise<Buffer | undefined> {
  const ffmpeg = findFfmpeg();
  if (ffmpeg === undefined) return undefined;
  const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  const child = new FfmpegProcess({
    ffmpeg,
    args: [
      ...['-threads', '1', '-ss', (atMs / 1000).toFixed(3), '-i', path, '-an', '-frames:v', '1'],
      ...['-vf', `scale=w='min(${WIDTH},iw)':h=-2:out_range=full`, '-pix_fmt', 'yuvj420p'],
      ...['-c:v', 'mjpeg', '-q:v', String(QUALITY), '-threads', '1', '-f', 'mjpeg', 'pipe:1'],
    ],
    maxBacklogBytes: 0,
    isBackground: true,
    output: (part) => {
      sizeBytes += part.length;
      if (sizeBytes > MAX_JPEG_BYTES) resolve(undefined);
      else parts.push(part);
    },
    ended: () => {
      const jpeg = Buffer.concat(parts);
      const isWhole = jpeg.subarray(0, 2).equals(JPEG_BEGIN) && jpeg.subarray(-2).equals(JPEG_END);
      resolve(isWhole ? jpeg : undefined);
    },
  });
  const limit = setTimeout(() => resolve(undefined), TIME_LIMIT_MS);
  child.finish();
  try {
    return await promise;
  } finally {
    clearTimeout(limit);
    child.close();
  }
}
