import { ByteWriter } from '../bytes/byte-writer.ts';

const HEADER_BYTES = 8;

/** A box of these contents, one after another (ISO/IEC 14496-12, 4.2). For what is made once; fragments are written in place. */
export function box(type: string, ...contents: readonly Uint8Array[]): Uint8Array {
  const sizeBytes = contents.reduce((sum, part) => sum + part.length, HEADER_BYTES);
  const writer = new ByteWriter(sizeBytes).u32(sizeBytes).utf8(type);
  for (const part of contents) writer.bytes(part);
  return writer.finish();
}

/** A box that begins with a version and flags. */
export function fullBox(
  type: string,
  { version, flags }: { version: number; flags: number },
  ...contents: readonly Uint8Array[]
): Uint8Array {
  return box(type, new ByteWriter(4).u8(version).u24(flags).finish(), ...contents);
}
