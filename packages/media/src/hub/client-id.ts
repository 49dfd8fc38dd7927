import { randomBytes } from 'node:crypto';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz012345';
const LENGTH = 12;

/** Random and unique enough for one server's life (60 bits); the form of SRS's ids. */
export function randomClientId(): string {
  let id = '';
  for (const byte of randomBytes(LENGTH)) id += ALPHABET.charAt(byte % ALPHABET.length);
  return id;
}
