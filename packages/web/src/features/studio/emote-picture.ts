const MAX_BYTES = 128 * 1024;
const TYPES = new Set(['image/png', 'image/gif', 'image/webp']);

/** A chosen file as a `data:` address, or the key of what is wrong with it. The server judges again, by the bytes. */
export async function pictureOf(file: File): Promise<{ url: string } | { problem: 'emoteType' | 'emoteTooLarge' }> {
  if (!TYPES.has(file.type)) return { problem: 'emoteType' };
  if (file.size > MAX_BYTES) return { problem: 'emoteTooLarge' };
  const reader = new FileReader();
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  reader.addEventListener('load', () => resolve(String(reader.result)));
  reader.addEventListener('error', () => reject(reader.error ?? new Error('the file cannot be read')));
  reader.readAsDataURL(file);
  try {
    return { url: await promise };
  } catch {
    // Gone or not readable any more: as good as no picture.
    return { problem: 'emoteType' };
  }
}
