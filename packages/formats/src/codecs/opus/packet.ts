import { ByteReader } from '../../bytes/byte-reader.ts';
import { FormatError } from '../../bytes/format-error.ts';

/** Samples of one frame at 48 kHz by the upper five bits of the TOC byte (RFC 6716, 3.1, table 2). */
const SILK_SAMPLES = [480, 960, 1920, 2880] as const;
const HYBRID_SAMPLES = [480, 960] as const;
const CELT_SAMPLES = [120, 240, 480, 960] as const;
const FIRST_HYBRID_CONFIG = 12;
const FIRST_CELT_CONFIG = 16;
/** RFC 6716, 3.2.5, R5: no packet is longer than 120 ms. */
const MAX_PACKET_SAMPLES = 5760;

/** Samples at 48 kHz that a packet decodes to. @throws FormatError for an empty packet, or one above 120 ms */
export function opusPacketSamples(packet: Uint8Array): number {
  const reader = new ByteReader(packet);
  const toc = reader.u8();
  const samples = frameSamples(toc >> 3) * frameCount(toc & 3, reader);
  if (samples > MAX_PACKET_SAMPLES) throw new FormatError('malformed', `Opus packet of ${samples} samples`);
  return samples;
}

function frameSamples(config: number): number {
  if (config >= FIRST_CELT_CONFIG) return CELT_SAMPLES[config & 3] ?? 0;
  if (config >= FIRST_HYBRID_CONFIG) return HYBRID_SAMPLES[config & 1] ?? 0;
  return SILK_SAMPLES[config & 3] ?? 0;
}

/** RFC 6716, 3.2: one frame, two, or as many as the next byte says. */
function frameCount(code: number, reader: ByteReader): number {
  if (code < 3) return code === 0 ? 1 : 2;
  const count = reader.u8() & 0x3f;
  if (count === 0) throw new FormatError('malformed', 'Opus packet without frames');
  return count;
}
