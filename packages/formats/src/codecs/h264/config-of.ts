import { FormatError } from '../../bytes/format-error.ts';
import { PROFILES_WITH_EXTENSION } from './config.ts';
import type { AvcConfig } from './config.ts';
import { parseH264Sps } from './sps.ts';

const NAL_LENGTH_BYTES = 4;

/**
 * The record for a stream that carries its parameter sets in band, told by the first SPS; lengths of four bytes.
 * @throws FormatError for a malformed SPS, or none
 */
export function avcConfigOf(sps: readonly Uint8Array[], pps: readonly Uint8Array[]): AvcConfig {
  const [first] = sps;
  if (first === undefined) throw new FormatError('malformed', 'H.264 configuration without an SPS');
  const info = parseH264Sps(first);
  const config = {
    profileIdc: info.profileIdc,
    profileCompatibility: info.constraints,
    levelIdc: info.levelIdc,
    nalLengthBytes: NAL_LENGTH_BYTES,
    sps: [...sps],
    pps: [...pps],
  };
  if (!PROFILES_WITH_EXTENSION.has(info.profileIdc)) return config;
  return {
    ...config,
    extension: {
      chromaFormat: info.chromaFormatIdc,
      bitDepthLuma: info.bitDepthLuma,
      bitDepthChroma: info.bitDepthChroma,
      spsExt: [],
    },
  };
}
