/** A picture that can be drawn. `close()` gives its memory back. */
export interface OpenPicture {
  image: HTMLImageElement;
  /** A `blob:` address. */
  url: string;
  width: number;
  height: number;
  name: string;
  close(): void;
}

/** Why a file is not taken; the words are `picture.problem.*`. */
export type PictureProblem = 'svg' | 'notPicture' | 'tooLarge' | 'tooManyPixels' | 'unreadable';

/** As the server: a picture of more would take all the memory of a phone, too. */
const MAX_PIXELS = 50_000_000;
const MAX_FILE_BYTES = 40_000_000;
const HEAD_BYTES = 512;

/** The first bytes of what browsers draw, a character each. */
const KINDS: readonly RegExp[] = [
  /^\x89PNG\r\n/,
  /^\xff\xd8\xff/,
  /^GIF8[79]a/,
  /^RIFF[\s\S]{4}WEBP/,
  /^[\s\S]{4}ftyp(?:avi[fs]|hei[cfx]|mif1|msf1)/,
  /^BM[\s\S]{4}\0\0\0\0/,
];

/** Looks at the bytes, since a name and a type are only claims; the size is looked at before anything is unpacked. */
export async function openPicture(file: File): Promise<OpenPicture | { problem: PictureProblem }> {
  // No TextDecoder: what it calls Latin-1 is Windows-1252, which has other characters for some bytes.
  const head = String.fromCharCode(...new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer()));
  if (!KINDS.some((kind) => kind.test(head))) return { problem: /<svg/i.test(head) ? 'svg' : 'notPicture' };
  if (file.size > MAX_FILE_BYTES) return { problem: 'tooLarge' };
  const url = URL.createObjectURL(file);
  const image = new Image();
  const close = (): void => URL.revokeObjectURL(url);
  const isLoaded = new Promise<boolean>((resolve) => {
    image.addEventListener('load', () => resolve(true), { once: true });
    image.addEventListener('error', () => resolve(false), { once: true });
  });
  image.src = url;
  // Browsers read a picture's head for this, and unpack the rest when it is drawn.
  const problem = (await isLoaded) ? sizeProblem(image) : 'unreadable';
  if (problem !== null) {
    close();
    return { problem };
  }
  return { image, url, width: image.naturalWidth, height: image.naturalHeight, name: file.name, close };
}

function sizeProblem({ naturalWidth, naturalHeight }: HTMLImageElement): PictureProblem | null {
  if (naturalWidth === 0 || naturalHeight === 0) return 'unreadable';
  return naturalWidth * naturalHeight > MAX_PIXELS ? 'tooManyPixels' : null;
}
