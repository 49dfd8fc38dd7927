const NAMES: readonly [RegExp, string][] = [
  [/hvc1|hev1|hevc|h\.?265/i, 'H.265 (HEVC)'],
  [/avc1|h\.?264/i, 'H.264'],
  [/av01|av1/i, 'AV1'],
  [/vp09|vp9/i, 'VP9'],
  [/vp08|vp8/i, 'VP8'],
  [/opus/i, 'Opus'],
  [/flac/i, 'FLAC'],
  [/mp4a|aac/i, 'AAC'],
  [/mp3/i, 'MP3'],
];

/** The name that people know, found in a codec string or a browser's message; the text itself when there is none. */
export function codecName(text: string): string {
  return NAMES.find(([pattern]) => pattern.test(text))?.[1] ?? (text || '?');
}
