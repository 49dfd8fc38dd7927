import { BitReader } from '../../bytes/bit-reader.ts';
import { BitWriter } from '../../bytes/bit-writer.ts';
import { FormatError } from '../../bytes/format-error.ts';
import {
  AAC_CHANNELS_BY_CONFIGURATION,
  AAC_OBJECT_TYPE,
  AAC_SAMPLE_RATES_HZ,
  ESCAPE_OBJECT_TYPE,
  ESCAPE_SAMPLE_RATE_INDEX,
  GA_OBJECT_TYPES,
  OBJECT_TYPES_WITH_LAYER,
} from './tables.ts';
import { parseProgramConfig, writeProgramConfig } from './program-config.ts';
import type { ProgramConfig } from './program-config.ts';

/** syncExtensionType 0x2b7 stands before backward compatible SBR, 0x548 before PS (ISO/IEC 14496-3, 1.6.5). */
const SYNC_EXTENSION_SBR = 0x2b7;
const SYNC_EXTENSION_PS = 0x548;
const SYNC_EXTENSION_BITS = 11;
const OBJECT_TYPE_BITS = 5;

/** AudioSpecificConfig, ISO/IEC 14496-3, 1.6.2.1: what an AAC sequence header carries. */
export interface AudioSpecificConfig {
  /** The core's object type: 2 is LC. For HE-AAC signalled up front this is what lies under SBR. */
  objectType: number;
  sampleRateHz: number;
  /** 1 to 7 and 11 to 14 are layouts; 0 says that `programConfig` has them. */
  channelConfiguration: number;
  /** Spectral band replication as far as it is signalled; implicit SBR cannot be seen here. */
  sbr?: { signaling: 'explicit' | 'backwardCompatible'; sampleRateHz: number };
  /** Parametric stereo: mono coded, heard as stereo. */
  ps: boolean;
  /** GASpecificConfig: 960 instead of 1024 samples a frame. */
  frameLength960: boolean;
  /** Samples; present when the core coder is scalable. */
  coreCoderDelay?: number;
  programConfig?: ProgramConfig;
}

/**
 * Object types with a GASpecificConfig are read in full; of others, only the part all share.
 * @throws FormatError
 */
export function parseAudioSpecificConfig(bytes: Uint8Array): AudioSpecificConfig {
  const bits = new BitReader(bytes);
  const firstObjectType = readObjectType(bits);
  const firstRateHz = readSampleRate(bits);
  const channelConfiguration = bits.bits(4);
  const ps = firstObjectType === AAC_OBJECT_TYPE.ps;
  const base = { channelConfiguration, sampleRateHz: firstRateHz, frameLength960: false, ps: false };
  if (firstObjectType !== AAC_OBJECT_TYPE.sbr && !ps) {
    const general = readGeneral(bits, firstObjectType, channelConfiguration);
    return { ...base, objectType: firstObjectType, ...general, ...readSyncExtension(bits, firstRateHz) };
  }
  const sbr = { signaling: 'explicit', sampleRateHz: readSampleRate(bits) } as const;
  const objectType = readObjectType(bits);
  return { ...base, objectType, sbr, ps, ...readGeneral(bits, objectType, channelConfiguration) };
}

/** GetAudioObjectType(), 1.6.2.1. */
function readObjectType(bits: BitReader): number {
  const objectType = bits.bits(OBJECT_TYPE_BITS);
  return objectType === ESCAPE_OBJECT_TYPE ? 32 + bits.bits(6) : objectType;
}

function readSampleRate(bits: BitReader): number {
  const index = bits.bits(4);
  if (index === ESCAPE_SAMPLE_RATE_INDEX) return bits.bits(24);
  const rateHz = AAC_SAMPLE_RATES_HZ[index];
  if (rateHz === undefined) throw new FormatError('malformed', `AAC sampling frequency index ${index}`);
  return rateHz;
}

/** GASpecificConfig(), 4.4.1. */
function readGeneral(bits: BitReader, objectType: number, channelConfiguration: number): Partial<AudioSpecificConfig> {
  if (!GA_OBJECT_TYPES.has(objectType)) return {};
  const frameLength960 = bits.flag();
  const coreCoderDelay = bits.flag() ? { coreCoderDelay: bits.bits(14) } : {};
  const extended = bits.flag();
  const programConfig = channelConfiguration === 0 ? { programConfig: parseProgramConfig(bits) } : {};
  if (OBJECT_TYPES_WITH_LAYER.has(objectType)) bits.skip(3); // layerNr
  if (extended) skipGeneralExtension(bits, objectType);
  if (objectType >= AAC_OBJECT_TYPE.firstErrorResilient) bits.skip(2); // epConfig
  return { frameLength960, ...coreCoderDelay, ...programConfig };
}

function skipGeneralExtension(bits: BitReader, objectType: number): void {
  if (objectType === AAC_OBJECT_TYPE.erBsac) bits.skip(5 + 11); // numOfSubFrame, layer_length
  const resilient = objectType === 17 || objectType === 19 || objectType === 20 || objectType === 23;
  if (resilient) bits.skip(3); // section data, scalefactor data, spectral data resilience
  bits.skip(1); // extensionFlag3
}

/** 1.6.6.1: trailing bits that decoders without SBR do not look at. Anything else there is padding. */
function readSyncExtension(bits: BitReader, coreRateHz: number): Partial<AudioSpecificConfig> {
  if (
    bits.remainingBits < SYNC_EXTENSION_BITS + OBJECT_TYPE_BITS ||
    bits.bits(SYNC_EXTENSION_BITS) !== SYNC_EXTENSION_SBR
  )
    return {};
  if (readObjectType(bits) !== AAC_OBJECT_TYPE.sbr || bits.remainingBits < 1 || !bits.flag()) return {};
  const sampleRateHz = bits.remainingBits >= 4 ? readSampleRate(bits) : coreRateHz * 2;
  const sbr = { signaling: 'backwardCompatible', sampleRateHz } as const;
  const psFollows =
    bits.remainingBits >= SYNC_EXTENSION_BITS + 1 && bits.bits(SYNC_EXTENSION_BITS) === SYNC_EXTENSION_PS;
  return { sbr, ps: psFollows && bits.flag() };
}

/** @throws FormatError `unsupported` for object types without a GASpecificConfig or with one that has layers */
export function encodeAudioSpecificConfig(config: AudioSpecificConfig): Uint8Array {
  const { objectType, sbr } = config;
  if (
    !GA_OBJECT_TYPES.has(objectType) ||
    OBJECT_TYPES_WITH_LAYER.has(objectType) ||
    objectType >= AAC_OBJECT_TYPE.firstErrorResilient
  ) {
    throw new FormatError('unsupported', `AAC object type ${objectType} is not written`);
  }
  const bits = new BitWriter();
  const explicit = sbr?.signaling === 'explicit';
  const extensionType = config.ps ? AAC_OBJECT_TYPE.ps : AAC_OBJECT_TYPE.sbr;
  bits.bits(explicit ? extensionType : objectType, OBJECT_TYPE_BITS);
  writeSampleRate(bits, config.sampleRateHz);
  bits.bits(config.channelConfiguration, 4);
  if (explicit) {
    writeSampleRate(bits, sbr.sampleRateHz);
    bits.bits(objectType, OBJECT_TYPE_BITS);
  }
  writeGeneral(bits, config);
  if (sbr?.signaling === 'backwardCompatible') writeSyncExtension(bits, sbr.sampleRateHz, config.ps);
  return bits.finish();
}

function writeGeneral(bits: BitWriter, config: AudioSpecificConfig): void {
  bits.bit(config.frameLength960).bit(config.coreCoderDelay !== undefined);
  if (config.coreCoderDelay !== undefined) bits.bits(config.coreCoderDelay, 14);
  bits.bit(0); // extensionFlag
  if (config.channelConfiguration !== 0) return;
  if (config.programConfig === undefined)
    throw new FormatError('malformed', 'AAC channel configuration 0 without program config');
  writeProgramConfig(bits, config.programConfig);
}

function writeSyncExtension(bits: BitWriter, sampleRateHz: number, ps: boolean): void {
  bits.bits(SYNC_EXTENSION_SBR, SYNC_EXTENSION_BITS);
  bits.bits(AAC_OBJECT_TYPE.sbr, OBJECT_TYPE_BITS);
  bits.bit(1); // sbrPresentFlag
  writeSampleRate(bits, sampleRateHz);
  if (ps) bits.bits(SYNC_EXTENSION_PS, SYNC_EXTENSION_BITS).bit(1);
}

function writeSampleRate(bits: BitWriter, rateHz: number): void {
  const index = AAC_SAMPLE_RATES_HZ.indexOf(rateHz);
  if (index >= 0) bits.bits(index, 4);
  else bits.bits(ESCAPE_SAMPLE_RATE_INDEX, 4).bits(rateHz, 24);
}

/** Channels a listener gets: the layout's, doubled from mono by parametric stereo. Undefined for reserved layouts. */
export function channelsOf(config: AudioSpecificConfig): number | undefined {
  if (config.ps && config.channelConfiguration === 1) return 2;
  return config.programConfig?.channels ?? AAC_CHANNELS_BY_CONFIGURATION.get(config.channelConfiguration);
}
