import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { TlsFiles } from './options.ts';

/** RFC 8996: 1.0 and 1.1 are not to be used. Said again at every renewal, because Node forgets it there. */
const OLDEST_TLS = 'TLSv1.2';

/** A private key and its certificate chain, as PEM texts. */
export interface Certificate {
  key: string;
  cert: string;
}

/**
 * Tries the pair here, before any worker has it: a worker that is given a bad one dies of it, and so does the next.
 * Throws what reading throws, and OpenSSL's reason when the pair cannot be used.
 */
export async function readCertificate(files: TlsFiles): Promise<Certificate> {
  const [key, cert] = await Promise.all([readFile(files.key, 'utf8'), readFile(files.cert, 'utf8')]);
  createSecureContext(secureContextOf({ key, cert }));
  return { key, cert };
}

/** What a TLS listener is made with, and given at a renewal. */
export function secureContextOf({ key, cert }: Certificate): Certificate & { minVersion: typeof OLDEST_TLS } {
  return { key, cert, minVersion: OLDEST_TLS };
}
