import {
  ByteWriter,
  FormatError,
  type MediaPacket,
  parseAv1Config,
  parseAvcConfig,
  parseHevcConfig,
  parseVideoTagHeader,
  splitLengthPrefixed,
} from '@kaibo/formats';

/** One picture as a program that knows nothing of FLV reads it. */
export interface KeyPicture {
  /** ffmpeg's name of the container. */
  format: 'h264' | 'hevc' | 'ivf';
  bytes: Uint8Array;
}

/** ITU-T H.264 and H.265, annex B. */
const START_CODE = Uint8Array.of(0, 0, 0, 1);
/** A temporal delimiter, which FLV and MP4 leave out (AV1 specification 5.6, 7.5): type 2, with a size, of 0 bytes. */
const AV1_TEMPORAL_DELIMITER = Uint8Array.of(0x12, 0);
const IVF_FOUR_CC = { vp8: 'VP80', vp9: 'VP90', av1: 'AV01' } as const;
const IVF_HEADER_BYTES = 32;

/**
 * A key frame alone, with what its decoder needs before it. `config` is the track's configuration; VP8 and VP9 do without.
 * @throws FormatError `unsupported` for a codec that has no form outside of FLV here; what reading either packet throws
 */
export function keyPictureOf({ config, key }: { config?: MediaPacket; key: MediaPacket }): KeyPicture {
  const frame = codedBytes(key);
  switch (key.codec) {
    case 'h264': {
      const { sps, pps, nalLengthBytes } = parseAvcConfig(recordOf(config));
      return { format: 'h264', bytes: annexB([...sps, ...pps, ...splitLengthPrefixed(frame, nalLengthBytes)]) };
    }
    case 'h265': {
      const { arrays, nalLengthBytes } = parseHevcConfig(recordOf(config));
      const sets = arrays.flatMap(({ units }) => units);
      return { format: 'hevc', bytes: annexB([...sets, ...splitLengthPrefixed(frame, nalLengthBytes)]) };
    }
    case 'av1': {
      const { configObus } = parseAv1Config(recordOf(config));
      return ivf(IVF_FOUR_CC.av1, Buffer.concat([AV1_TEMPORAL_DELIMITER, configObus, frame]));
    }
    case 'vp8':
    case 'vp9':
      return ivf(IVF_FOUR_CC[key.codec], frame);
    default:
      throw new FormatError('unsupported', `a picture of ${key.codec}`);
  }
}

function recordOf(config: MediaPacket | undefined): Uint8Array {
  if (config === undefined) throw new FormatError('malformed', 'a key frame without its configuration');
  return codedBytes(config);
}

/** The codec's own bytes, of the first track. */
function codedBytes({ payload }: MediaPacket): Uint8Array {
  const header = parseVideoTagHeader(payload);
  const track = header.form === 'enhanced' ? header.multitrack?.tracks[0] : undefined;
  return track?.payload ?? payload.subarray(header.headerBytes);
}

function annexB(units: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(units.flatMap((unit) => [START_CODE, unit]));
}

/** The container of one frame whose size the frame itself tells (the IVF file format, as libvpx writes it). */
function ivf(fourCc: string, frame: Uint8Array): KeyPicture {
  const writer = new ByteWriter(IVF_HEADER_BYTES + 12 + frame.length)
    .utf8('DKIF')
    .u16le(0) // version
    .u16le(IVF_HEADER_BYTES)
    .utf8(fourCc)
    .u16le(0) // width
    .u16le(0) // height
    .u32le(1) // frames per second, as a fraction
    .u32le(1)
    .u32le(1) // frames
    .u32le(0); // unused
  writer.u32le(frame.length).u32le(0).u32le(0).bytes(frame); // size, time of 64 bits, frame
  return { format: 'ivf', bytes: writer.finish() };
}
