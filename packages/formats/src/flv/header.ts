import type { ByteReader } from '../bytes/byte-reader.ts';
import { ByteWriter } from '../bytes/byte-writer.ts';
import { FormatError } from '../bytes/format-error.ts';

/** Bytes of the file header proper (FLV specification 10.1, E.2). */
export const FLV_FILE_HEADER_BYTES = 9;
/** The file header and PreviousTagSize0: what stands before the first tag. */
export const FLV_HEADER_BYTES = 13;
/** A header may announce itself longer than 9 bytes "to accommodate larger headers in future versions"; not longer than this. */
export const FLV_MAX_FILE_HEADER_BYTES = 1024;

const SIGNATURE = 0x46_4c_56; // "FLV"
const VERSION = 1;
const FLAG_AUDIO = 0x04;
const FLAG_VIDEO = 0x01;

export interface FlvHeader {
  hasAudio: boolean;
  hasVideo: boolean;
}

/** The 13 bytes a FLV stream begins with. */
export function encodeFlvHeader(flags: FlvHeader): Uint8Array {
  return new ByteWriter(FLV_HEADER_BYTES)
    .u24(SIGNATURE)
    .u8(VERSION)
    .u8((flags.hasAudio ? FLAG_AUDIO : 0) | (flags.hasVideo ? FLAG_VIDEO : 0))
    .u32(FLV_FILE_HEADER_BYTES)
    .u32(0) // PreviousTagSize0
    .finish();
}

/** Reads the 9 bytes of the file header. `fileHeaderBytes` is the size it gives itself: 9 to 1024. */
export function readFlvHeader(reader: ByteReader): FlvHeader & { fileHeaderBytes: number } {
  if (reader.u24() !== SIGNATURE) throw new FormatError('malformed', 'no FLV signature');
  const version = reader.u8();
  if (version !== VERSION) throw new FormatError('unsupported', `FLV version ${version}`);
  const flags = reader.u8();
  const fileHeaderBytes = reader.u32();
  if (fileHeaderBytes < FLV_FILE_HEADER_BYTES)
    throw new FormatError('malformed', `FLV header of ${fileHeaderBytes} bytes`);
  if (fileHeaderBytes > FLV_MAX_FILE_HEADER_BYTES)
    throw new FormatError('too_large', `FLV header of ${fileHeaderBytes} bytes`);
  return { hasAudio: (flags & FLAG_AUDIO) !== 0, hasVideo: (flags & FLAG_VIDEO) !== 0, fileHeaderBytes };
}
