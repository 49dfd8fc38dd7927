import { FfmpegProcess } from '../transcode/ffmpeg-process.ts';

/** Of a poster, in pixels. */
const POSTER_WIDTH = 640;
/** A phone held upright is higher than this for no longer than it takes to draw it. */
const MAX_HEIGHT_PER_WIDTH = 2;
/** Of MJPEG's 2 (best) to 31: 640×360 becomes 15 to 40 KB. */
const QUALITY = 4;
/** A machine at its limits takes seconds for what is done in a tenth of one. */
const TIME_LIMIT_MS = 10_000;
/** 8K. What says that it is larger would only eat memory. */
const MAX_PIXELS = 8192 * 4352;
const MAX_JPEG_BYTES = 1024 * 1024;
/** SOI and EOI (ITU-T T.81, B.1.1.3): what was cut short lacks the second. */
const JPEG_BEGIN = Buffer.of(0xff, 0xd8);
const JPEG_END = Buffer.of(0xff, 0xd9);

export interface JpegOrder {
  /** Path of the program. */
  ffmpeg: string;
  /** What ffmpeg is told of its input, `-i` included; its first picture is taken. */
  input: readonly string[];
  /** For its standard input. */
  bytes?: Uint8Array;
  /** Pixels; the height follows from the picture's shape, up to twice the width. */
  width?: number;
  timeLimitMs?: number;
  /** Kills the ffmpeg. */
  signal?: AbortSignal;
}

/** No picture could be made. `failed`: ffmpeg could not read it, or could not be started; its last words are the message. */
export class PosterError extends Error {
  readonly code: 'timed_out' | 'too_large' | 'failed' | 'aborted';

  constructor(code: PosterError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** A picture as a JPEG, by an ffmpeg that runs when nothing else wants to. @throws PosterError */
export async function makeJpeg(order: JpegOrder): Promise<Buffer> {
  const { ffmpeg, input, bytes = new Uint8Array(), width = POSTER_WIDTH, timeLimitMs = TIME_LIMIT_MS, signal } = order;
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  const child = new FfmpegProcess({
    ffmpeg,
    kind: 'poster',
    args: ['-threads', '1', '-max_pixels', String(MAX_PIXELS), ...input, ...outputArgs(width)],
    maxBacklogBytes: bytes.length,
    isBackground: true,
    output: (part) => {
      sizeBytes += part.length;
      if (sizeBytes > MAX_JPEG_BYTES) reject(new PosterError('too_large', `a picture of ${sizeBytes} bytes`));
      else parts.push(part);
    },
    ended: ({ detail }) => {
      const jpeg = Buffer.concat(parts);
      const isWhole = jpeg.subarray(0, 2).equals(JPEG_BEGIN) && jpeg.subarray(-2).equals(JPEG_END);
      if (isWhole) resolve(jpeg);
      else reject(new PosterError('failed', detail));
    },
  });
  const abort = (): void => reject(new PosterError('aborted', 'nobody wants the picture any more'));
  const limit = setTimeout(() => reject(new PosterError('timed_out', `not in ${timeLimitMs} ms`)), timeLimitMs);
  signal?.addEventListener('abort', abort);
  if (signal?.aborted === true) abort();
  child.write(bytes);
  child.finish();
  try {
    return await promise;
  } finally {
    clearTimeout(limit);
    signal?.removeEventListener('abort', abort);
    child.close();
  }
}

/**
 * `dar` is the shape of the picture as it is shown: pixels need not be square. JPEG is full range BT.601, whatever the
 * stream is (JFIF 1.02); without saying so, the colours of HD would be off.
 */
function outputArgs(width: number): string[] {
  const even = (value: string): string => `'max(2,2*round(${value}/2))'`;
  const height = width * MAX_HEIGHT_PER_WIDTH;
  const size = `w=${even(`min(${width},${height}*dar)`)}:h=${even(`min(${height},${width}/dar)`)}`;
  return [
    ...['-an', '-frames:v', '1', '-vf', `scale=${size}:out_color_matrix=bt601:out_range=full,setsar=1`],
    ...['-pix_fmt', 'yuvj420p', '-c:v', 'mjpeg', '-q:v', String(QUALITY), '-threads', '1', '-f', 'mjpeg', 'pipe:1'],
  ];
}
