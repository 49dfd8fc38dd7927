const BYTES = 16;

/**
 * Of something that a person wants done once: nobody else makes the same. Not `crypto.randomUUID`, which browsers keep
 * from pages that came by plain HTTP, as they do in many a home network.
 */
export function newKey(): string {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
