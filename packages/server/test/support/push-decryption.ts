import { createDecipheriv, hkdfSync, type ECDH } from 'node:crypto';

/** RFC 8291 and RFC 8188: one record of aes128gcm, by the browser's keys. */
export function decryptPush(record: Buffer, { browser, auth }: { browser: ECDH; auth: Buffer }): Buffer {
  const salt = record.subarray(0, 16);
  // 4 bytes of record size, 1 of the key's length.
  const keyLength = record.readUInt8(20);
  const sender = record.subarray(21, 21 + keyLength);
  const sealed = record.subarray(21 + keyLength);
  const secret = browser.computeSecret(sender);
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), browser.getPublicKey(), sender]);
  const key = Buffer.from(hkdfSync('sha256', secret, auth, info, 32));
  const contentKey = Buffer.from(hkdfSync('sha256', key, salt, 'Content-Encoding: aes128gcm\0', 16));
  const nonce = Buffer.from(hkdfSync('sha256', key, salt, 'Content-Encoding: nonce\0', 12));
  const decipher = createDecipheriv('aes-128-gcm', contentKey, nonce);
  decipher.setAuthTag(sealed.subarray(-16));
  const padded = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
  // A 2 ends the last record's text; zeros follow it.
  return padded.subarray(0, padded.lastIndexOf(2));
}
