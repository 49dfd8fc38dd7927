/** Three digits sort right up to 999 files; more only sort wrong. */
const CLOSED = /^(\d{3,7})\.mp4$/;
const OPEN = /^(\d{3,7})\.open\.mp4$/;

/** A file that is whole: it will not change. */
export function partName(n: number): string {
  return `${String(n).padStart(3, '0')}.mp4`;
}

/** One that is being written, or that a crash left. It plays all the same. */
export function openPartName(n: number): string {
  return `${String(n).padStart(3, '0')}.open.mp4`;
}

/** What a file's name says; undefined for all that is not a part. */
export function parsePartName(name: string): { n: number; isOpen: boolean } | undefined {
  const [, digits] = CLOSED.exec(name) ?? OPEN.exec(name) ?? [];
  return digits === undefined ? undefined : { n: Number(digits), isOpen: OPEN.test(name) };
}
