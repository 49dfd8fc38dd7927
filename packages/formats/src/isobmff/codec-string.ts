import type { AudioSpecificConfig } from '../codecs/aac/audio-specific-config.ts';
import { AAC_OBJECT_TYPE } from '../codecs/aac/tables.ts';
import type { Av1Config } from '../codecs/av1/config.ts';
import type { AvcConfig } from '../codecs/h264/config.ts';
import type { HevcConfig } from '../codecs/h265/config.ts';
import type { VpConfig } from '../codecs/vpx/config.ts';

// The `codecs` parameter of RFC 6381, as each codec's binding defines it.

/** Level 1, for records that do not know: a string without a level says nothing to a browser. */
const VP_LOWEST_LEVEL = 10;

const hex2 = (value: number): string => value.toString(16).padStart(2, '0');
const decimal2 = (value: number): string => String(value).padStart(2, '0');

/** `avc1.64001f`: profile, constraints and level (ISO/IEC 14496-15, E.3). */
export function avcCodecString({ profileIdc, profileCompatibility, levelIdc }: AvcConfig): string {
  return `avc1.${hex2(profileIdc)}${hex2(profileCompatibility)}${hex2(levelIdc)}`;
}

/** `hvc1.1.6.L93.B0`: profile, compatibility flags in reverse order, tier and level, constraint bytes (14496-15, E.3). */
export function hevcCodecString(config: HevcConfig): string {
  const space = ['', 'A', 'B', 'C'][config.profileSpace] ?? '';
  const constraints = [...config.constraintFlags];
  while (constraints.at(-1) === 0) constraints.pop();
  return [
    'hvc1',
    `${space}${config.profileIdc}`,
    reverseBits32(config.profileCompatibilityFlags).toString(16).toUpperCase(),
    `${config.tierFlag ? 'H' : 'L'}${config.levelIdc}`,
    ...constraints.map((byte) => byte.toString(16).toUpperCase()),
  ].join('.');
}

function reverseBits32(value: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 32; bit += 1) reversed = reversed * 2 + ((value >>> bit) & 1);
  return reversed;
}

/** `av01.0.04M.08`: profile, level and tier, bit depth ("AV1 Codec ISO Media File Format Binding", 5). */
export function av1CodecString(config: Av1Config): string {
  const depth = config.highBitdepth ? (config.twelveBit ? 12 : 10) : 8;
  return `av01.${config.seqProfile}.${decimal2(config.seqLevelIdx0)}${config.seqTier0 === 1 ? 'H' : 'M'}.${decimal2(depth)}`;
}

/** `vp09.00.10.08`: profile, level, bit depth ("VP Codec ISO Media File Format Binding" 1.0). */
export function vpCodecString(fourCc: 'vp08' | 'vp09', { profile, level, bitDepth }: VpConfig): string {
  return `${fourCc}.${decimal2(profile)}.${decimal2(level === 0 ? VP_LOWEST_LEVEL : level)}.${decimal2(bitDepth)}`;
}

/** `mp4a.40.2`: the object type a player must be able to decode, so that of SBR or PS where they are signalled (RFC 6381, 3.3). */
export function aacCodecString({ objectType, sbr, ps }: AudioSpecificConfig): string {
  if (ps) return `mp4a.40.${AAC_OBJECT_TYPE.ps}`;
  return `mp4a.40.${sbr === undefined ? objectType : AAC_OBJECT_TYPE.sbr}`;
}
