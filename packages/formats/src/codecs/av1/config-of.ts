import { BitReader } from '../../bytes/bit-reader.ts';
import { ByteWriter } from '../../bytes/byte-writer.ts';
import { FormatError } from '../../bytes/format-error.ts';
import { readColorConfig } from './color-config.ts';
import type { Av1Config } from './config.ts';
import { OBU_SEQUENCE_HEADER, parseObus, writeObu } from './obu.ts';
import { readUpToSize } from './sequence-header.ts';

/**
 * The record for a stream that has none, told by its sequence header: that OBU itself, or any OBUs it is among, such as
 * the temporal unit of a key frame. Metadata OBUs are not taken along.
 * @throws FormatError also when there is no sequence header
 */
export function av1ConfigOf(obus: Uint8Array): Av1Config {
  const sequence = parseObus(obus).find((obu) => obu.type === OBU_SEQUENCE_HEADER);
  if (sequence === undefined) throw new FormatError('malformed', 'AV1 configuration without a sequence header');
  const bits = new BitReader(sequence.payload);
  const { header, reduced } = readUpToSize(bits);
  const { seqProfile, seqLevelIdx0, seqTier0 } = header;
  const color = readColorConfig(bits, { reduced, seqProfile });
  const writer = new ByteWriter();
  writeObu(writer, sequence);
  return { seqProfile, seqLevelIdx0, seqTier0, ...color, configObus: writer.finish() };
}
