import type { BitReader } from '../../bytes/bit-reader.ts';
import type { BitWriter } from '../../bytes/bit-writer.ts';

/** program_config_element(), ISO/IEC 14496-3, 4.5.2.1: channels one by one, for layouts without a number. */
export interface ProgramConfig {
  instanceTag: number;
  objectType: number;
  sampleRateIndex: number;
  front: ChannelElement[];
  side: ChannelElement[];
  back: ChannelElement[];
  lfeTags: number[];
  dataTags: number[];
  coupling: { independent: boolean; tag: number }[];
  monoMixdownTag?: number;
  stereoMixdownTag?: number;
  /** matrix_mixdown_idx and pseudo_surround_enable. */
  matrixMixdown?: { index: number; pseudoSurround: boolean };
  comment: Uint8Array;
  /** How many channels the elements make. */
  channels: number;
}

export interface ChannelElement {
  /** A channel pair instead of a single channel. */
  pair: boolean;
  tag: number;
}

/** Reads the element where `bits` stands; its comment begins on a byte boundary. */
export function parseProgramConfig(bits: BitReader): ProgramConfig {
  const head = { instanceTag: bits.bits(4), objectType: bits.bits(2), sampleRateIndex: bits.bits(4) };
  const [fronts, sides, backs] = [bits.bits(4), bits.bits(4), bits.bits(4)];
  const [lfes, datas, couplings] = [bits.bits(2), bits.bits(3), bits.bits(4)];
  const monoMixdownTag = bits.flag() ? { monoMixdownTag: bits.bits(4) } : {};
  const stereoMixdownTag = bits.flag() ? { stereoMixdownTag: bits.bits(4) } : {};
  const matrixMixdown = bits.flag() ? { matrixMixdown: { index: bits.bits(2), pseudoSurround: bits.flag() } } : {};
  const element = (): ChannelElement => ({ pair: bits.flag(), tag: bits.bits(4) });
  const front = times(fronts, element);
  const side = times(sides, element);
  const back = times(backs, element);
  const lfeTags = times(lfes, () => bits.bits(4));
  const dataTags = times(datas, () => bits.bits(4));
  const coupling = times(couplings, () => ({ independent: bits.flag(), tag: bits.bits(4) }));
  bits.align();
  const comment = Uint8Array.from(times(bits.bits(8), () => bits.bits(8)));
  const channels = [...front, ...side, ...back].reduce((sum, { pair }) => sum + (pair ? 2 : 1), lfes);
  const mixdown = { ...monoMixdownTag, ...stereoMixdownTag, ...matrixMixdown };
  return { ...head, front, side, back, lfeTags, dataTags, coupling, ...mixdown, comment, channels };
}

export function writeProgramConfig(bits: BitWriter, config: ProgramConfig): void {
  const { front, side, back, lfeTags, dataTags, coupling, matrixMixdown, comment } = config;
  bits.bits(config.instanceTag, 4).bits(config.objectType, 2).bits(config.sampleRateIndex, 4);
  bits.bits(front.length, 4).bits(side.length, 4).bits(back.length, 4);
  bits.bits(lfeTags.length, 2).bits(dataTags.length, 3).bits(coupling.length, 4);
  writeOptional(bits, config.monoMixdownTag);
  writeOptional(bits, config.stereoMixdownTag);
  bits.bit(matrixMixdown !== undefined);
  if (matrixMixdown !== undefined) bits.bits(matrixMixdown.index, 2).bit(matrixMixdown.pseudoSurround);
  for (const { pair, tag } of [...front, ...side, ...back]) bits.bit(pair).bits(tag, 4);
  for (const tag of [...lfeTags, ...dataTags]) bits.bits(tag, 4);
  for (const { independent, tag } of coupling) bits.bit(independent).bits(tag, 4);
  bits.align().bits(comment.length, 8);
  for (const byte of comment) bits.bits(byte, 8);
}

function writeOptional(bits: BitWriter, tag: number | undefined): void {
  bits.bit(tag !== undefined);
  if (tag !== undefined) bits.bits(tag, 4);
}

function times<T>(count: number, read: () => T): T[] {
  return Array.from({ length: count }, read);
}
