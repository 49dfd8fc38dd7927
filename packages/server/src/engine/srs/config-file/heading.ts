import type { SrsRelease } from './release.ts';

/** The first lines of a file for SRS. */
export function heading({ name }: SrsRelease, what: string): string {
  return `# SRS ${name}, ${what}. Written by "kaibo srs config"; holds secrets: for SRS's eyes only.\n\n`;
}
