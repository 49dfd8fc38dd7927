import type { MediaPacket } from '@kaibo/formats';
import { type JpegOrder, makeJpeg, PosterError } from './jpeg.ts';
import { keyPictureOf } from './key-picture.ts';

/** A key frame of 4K at any sensible quality. */
export const MAX_KEY_BYTES = 8 * 1024 * 1024;

interface PosterOrder extends Omit<JpegOrder, 'input' | 'bytes'> {
  /** The video track's configuration packet; VP8 and VP9 do without. */
  config?: MediaPacket;
  key: MediaPacket;
}

/**
 * One key frame of H.264, HEVC, AV1, VP8 or VP9 as a JPEG.
 * @throws FormatError for packets that cannot be read, PosterError for all else
 */
export async function renderPoster({ config, key, ...order }: PosterOrder): Promise<Buffer> {
  const { format, bytes } = keyPictureOf({ config, key });
  if (bytes.length > MAX_KEY_BYTES) throw new PosterError('too_large', `a key frame of ${bytes.length} bytes`);
  return makeJpeg({ ...order, input: ['-f', format, '-i', 'pipe:0'], bytes });
}
