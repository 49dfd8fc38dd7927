import { FormatError } from '../../bytes/format-error.ts';
import { parseVp8KeyFrame } from '../vp8/key-frame.ts';
import { parseVp9KeyFrame } from '../vp9/frame-header.ts';
import type { Vp9KeyFrame } from '../vp9/frame-header.ts';
import type { VpConfig } from './config.ts';

const CHROMA_420 = 1;
const CHROMA_422 = 2;
const CHROMA_444 = 3;
const UNSPECIFIED = { colourPrimaries: 2, transferCharacteristics: 2, matrixCoefficients: 2 };
/** color_space of VP9 (7.2.2) in the code points of ISO/IEC 23091-2. */
const COLOURS: ReadonlyMap<number, typeof UNSPECIFIED> = new Map([
  [1, { colourPrimaries: 6, transferCharacteristics: 6, matrixCoefficients: 6 }], // BT.601
  [2, { colourPrimaries: 1, transferCharacteristics: 1, matrixCoefficients: 1 }], // BT.709
  [3, { colourPrimaries: 6, transferCharacteristics: 6, matrixCoefficients: 6 }], // SMPTE 170
  [4, { colourPrimaries: 7, transferCharacteristics: 7, matrixCoefficients: 7 }], // SMPTE 240
  [5, { colourPrimaries: 9, transferCharacteristics: 14, matrixCoefficients: 9 }], // BT.2020
  [7, { colourPrimaries: 1, transferCharacteristics: 13, matrixCoefficients: 0 }], // RGB
]);
/** Ten times the level, and the largest picture it allows in luma samples (VP9 specification, annex A). */
const LEVELS: readonly (readonly [level: number, maxPictureSamples: number])[] = [
  [10, 36_864],
  [11, 73_728],
  [20, 122_880],
  [21, 245_760],
  [30, 552_960],
  [31, 983_040],
  [40, 2_228_224],
  [50, 8_912_896],
];
const HIGHEST_LEVEL = 60;

/**
 * The record for a stream that has none, told by a key frame. Level is the lowest one for the size of a VP9 picture; the
 * frame rate, which a key frame does not say, may want a higher one. VP8 has no levels.
 * @throws FormatError for a frame that is no key frame
 */
export function vpConfigOf(codec: 'vp8' | 'vp9', keyFrame: Uint8Array): VpConfig {
  if (codec === 'vp8') {
    const { version: profile } = parseVp8KeyFrame(keyFrame);
    return { profile, level: 0, bitDepth: 8, chromaSubsampling: CHROMA_420, fullRange: false, ...UNSPECIFIED };
  }
  const frame = parseVp9KeyFrame(keyFrame);
  const samples = frame.width * frame.height;
  return {
    profile: frame.profile,
    level: LEVELS.find(([, max]) => samples <= max)?.[0] ?? HIGHEST_LEVEL,
    bitDepth: frame.bitDepth,
    chromaSubsampling: chromaOf(frame),
    fullRange: frame.fullRange,
    ...(COLOURS.get(frame.colorSpace) ?? UNSPECIFIED),
  };
}

function chromaOf({ subsamplingX, subsamplingY }: Vp9KeyFrame): number {
  if (subsamplingX === 1) return subsamplingY === 1 ? CHROMA_420 : CHROMA_422;
  if (subsamplingY === 1) throw new FormatError('unsupported', 'VP9 picture in 4:4:0, for which vpcC has no number');
  return CHROMA_444;
}
