import { makeJpeg, PosterError } from '../snapshot/jpeg.ts';
import { findFfmpeg } from '../transcode/find-ffmpeg.ts';

/** A file is looked for its place first. */
const TIME_LIMIT_MS = 30_000;

/** A JPEG of a recorded file at about `atMs`; undefined where there is no ffmpeg, or no picture. */
export async function posterOfFile(path: string, atMs: number): Promise<Buffer | undefined> {
  const ffmpeg = findFfmpeg();
  if (ffmpeg === undefined) return undefined;
  const input = ['-ss', (atMs / 1000).toFixed(3), '-i', path];
  try {
    return await makeJpeg({ ffmpeg, input, timeLimitMs: TIME_LIMIT_MS });
  } catch (error) {
    if (error instanceof PosterError) return undefined;
    throw error;
  }
}
