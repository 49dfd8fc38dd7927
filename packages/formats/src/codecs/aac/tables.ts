/** Audio object types, ISO/IEC 14496-3, table 1.17. */
export const AAC_OBJECT_TYPE = {
  main: 1,
  lc: 2,
  ssr: 3,
  ltp: 4,
  sbr: 5,
  scalable: 6,
  firstErrorResilient: 17,
  erScalable: 20,
  erBsac: 22,
  ps: 29,
} as const;

/** Object type 31 says that six more bits follow. */
export const ESCAPE_OBJECT_TYPE = 31;
/** Object types whose configuration is a GASpecificConfig (1.6.2.1). */
export const GA_OBJECT_TYPES: ReadonlySet<number> = new Set([1, 2, 3, 4, 6, 7, 17, 19, 20, 21, 22, 23]);
/** GASpecificConfig has a layerNr for these (4.4.1). */
export const OBJECT_TYPES_WITH_LAYER: ReadonlySet<number> = new Set([
  AAC_OBJECT_TYPE.scalable,
  AAC_OBJECT_TYPE.erScalable,
]);

/** By samplingFrequencyIndex, table 1.18. 13 and 14 are reserved. */
export const AAC_SAMPLE_RATES_HZ: readonly number[] = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
];
/** samplingFrequencyIndex 15 says that the rate follows in 24 bits. */
export const ESCAPE_SAMPLE_RATE_INDEX = 15;

/** By channelConfiguration, table 1.19; 0 is told by the program config, 8 to 10 and 15 are reserved. */
export const AAC_CHANNELS_BY_CONFIGURATION: ReadonlyMap<number, number> = new Map([
  [1, 1],
  [2, 2],
  [3, 3],
  [4, 4],
  [5, 5],
  [6, 6],
  [7, 8],
  [11, 7],
  [12, 8],
  [13, 24],
  [14, 8],
]);

/** In SRS's words: what a player must be able to decode. */
export function aacProfileName(config: { objectType: number; sbr?: unknown; ps: boolean }): string | undefined {
  if (config.ps) return 'HEv2';
  if (config.sbr !== undefined) return 'HE';
  return PROFILE_NAMES.get(config.objectType);
}

const PROFILE_NAMES: ReadonlyMap<number, string> = new Map([
  [AAC_OBJECT_TYPE.main, 'Main'],
  [AAC_OBJECT_TYPE.lc, 'LC'],
  [AAC_OBJECT_TYPE.ssr, 'SSR'],
  [AAC_OBJECT_TYPE.ltp, 'LTP'],
]);
