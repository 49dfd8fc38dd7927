import type { ByteRange } from './contract.ts';

/**
 * What a `Range` header asks of something of `size` bytes (RFC 9110, 14.1.2). Undefined is everything: no header, one
 * that cannot be read, or several ranges, which a server may leave aside. `unsatisfiable` is 416.
 */
export function byteRangeOf(header: string | undefined, size: number): ByteRange | undefined | 'unsatisfiable' {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/i.exec(header?.trim() ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 };
  }
  const start = Number(first);
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  // The last before the first is no range at all.
  if (last !== '' && Number(last) < start) return undefined;
  return start >= size ? 'unsatisfiable' : { start, end };
}
