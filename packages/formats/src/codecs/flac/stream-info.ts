import { BitReader } from '../../bytes/bit-reader.ts';
import { BitWriter } from '../../bytes/bit-writer.ts';
import { ByteReader } from '../../bytes/byte-reader.ts';
import { ByteWriter } from '../../bytes/byte-writer.ts';
import { FormatError } from '../../bytes/format-error.ts';

const SIGNATURE = 0x66_4c_61_43; // "fLaC"
const SIGNATURE_BYTES = 4;
const BLOCK_TYPE_STREAMINFO = 0;
const LAST_BLOCK = 0x80;
const STREAMINFO_BYTES = 34;
const MD5_BYTES = 16;

/** STREAMINFO, RFC 9639, 8.2: what a FLAC sequence header carries. */
export interface FlacStreamInfo {
  minBlockSamples: number;
  maxBlockSamples: number;
  /** 0 is unknown. */
  minFrameBytes: number;
  maxFrameBytes: number;
  sampleRateHz: number;
  /** 1 to 8. */
  channels: number;
  /** 4 to 32. */
  bitsPerSample: number;
  /** 36 bits; 0 is unknown, as in a live stream. */
  totalSamples: number;
  /** Of the unencoded audio; zeros when unknown. */
  md5: Uint8Array;
}

/**
 * `fLaC`, then the STREAMINFO block (E-RTMP v2, "Enhanced Audio": FlacSequenceHeader). The 34 bytes of STREAMINFO
 * alone, as MP4 and Matroska muxers hand them on, are taken too. Later metadata blocks are not looked at.
 * @throws FormatError
 */
export function parseFlacStreamInfo(bytes: Uint8Array): FlacStreamInfo {
  const reader = new ByteReader(bytes);
  if (bytes.length !== STREAMINFO_BYTES) readBlockHeader(reader);
  const sizes = {
    minBlockSamples: reader.u16(),
    maxBlockSamples: reader.u16(),
    minFrameBytes: reader.u24(),
    maxFrameBytes: reader.u24(),
  };
  const bits = new BitReader(reader.bytes(8));
  const sampleRateHz = bits.bits(20);
  const channels = bits.bits(3) + 1;
  const bitsPerSample = bits.bits(5) + 1;
  const totalSamples = bits.bits(4) * 2 ** 32 + bits.bits(32);
  return { ...sizes, sampleRateHz, channels, bitsPerSample, totalSamples, md5: reader.bytes(MD5_BYTES) };
}

/** The signature and the header of the first block, which must be STREAMINFO (RFC 9639, 8.1). */
function readBlockHeader(reader: ByteReader): void {
  if (reader.remaining < SIGNATURE_BYTES || reader.u32() !== SIGNATURE)
    throw new FormatError('malformed', 'no fLaC signature');
  const type = reader.u8() & ~LAST_BLOCK;
  const blockBytes = reader.u24();
  if (type !== BLOCK_TYPE_STREAMINFO || blockBytes !== STREAMINFO_BYTES) {
    throw new FormatError('malformed', `FLAC begins with block type ${type} of ${blockBytes} bytes`);
  }
}

/** With the signature, as the one and last metadata block. */
export function encodeFlacStreamInfo(info: FlacStreamInfo): Uint8Array {
  if (info.md5.length !== MD5_BYTES) throw new FormatError('malformed', `MD5 of ${info.md5.length} bytes`);
  const packed = new BitWriter()
    .bits(info.sampleRateHz, 20)
    .bits(info.channels - 1, 3)
    .bits(info.bitsPerSample - 1, 5)
    .bits(Math.floor(info.totalSamples / 2 ** 32), 4)
    .bits(info.totalSamples >>> 0, 32)
    .finish();
  return new ByteWriter()
    .u32(SIGNATURE)
    .u8(LAST_BLOCK | BLOCK_TYPE_STREAMINFO)
    .u24(STREAMINFO_BYTES)
    .u16(info.minBlockSamples)
    .u16(info.maxBlockSamples)
    .u24(info.minFrameBytes)
    .u24(info.maxFrameBytes)
    .bytes(packed)
    .bytes(info.md5)
    .finish();
}
