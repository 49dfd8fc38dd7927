import { ByteWriter } from '../bytes/byte-writer.ts';

const START_CODE_PREFIX = 1;
/** '10', data_alignment_indicator: the payload begins with an access unit (ISO/IEC 13818-1, 2.4.3.7). */
const ALIGNED = 0x84;
const HAS_PTS = 0x80;
const HAS_DTS = 0x40;
const TIME_BYTES = 5;
const FIXED_HEADER_BYTES = 3;
const MAX_PACKET_LENGTH = 0xffff;
const CLOCK_MODULUS = 2 ** 33;

/** One PES packet. Times in ticks of 90 kHz, of which 33 bits are kept. */
export interface PesPacket {
  streamId: number;
  ptsTicks: number;
  dtsTicks: number;
  payload: readonly Uint8Array[];
}

/** PES_packet(), 2.4.3.6. Its length is left out where it has no room, which only video may do. */
export function encodePes({ streamId, ptsTicks, dtsTicks, payload }: PesPacket): Uint8Array {
  const hasDts = dtsTicks !== ptsTicks;
  const timesBytes = hasDts ? 2 * TIME_BYTES : TIME_BYTES;
  const payloadBytes = payload.reduce((sum, part) => sum + part.length, 0);
  const packetLength = FIXED_HEADER_BYTES + timesBytes + payloadBytes;
  const writer = new ByteWriter(6 + packetLength)
    .u24(START_CODE_PREFIX)
    .u8(streamId)
    .u16(packetLength > MAX_PACKET_LENGTH ? 0 : packetLength)
    .u8(ALIGNED)
    .u8(hasDts ? HAS_PTS | HAS_DTS : HAS_PTS)
    .u8(timesBytes); // PES_header_data_length
  writeTime(writer, hasDts ? 3 : 2, ptsTicks);
  if (hasDts) writeTime(writer, 1, dtsTicks);
  for (const part of payload) writer.bytes(part);
  return writer.finish();
}

/** 33 bits in three groups, each followed by a marker bit. */
function writeTime(writer: ByteWriter, prefix: number, ticks: number): void {
  const time = ((ticks % CLOCK_MODULUS) + CLOCK_MODULUS) % CLOCK_MODULUS;
  const top = Math.floor(time / 2 ** 30);
  writer
    .u8((prefix << 4) | (top << 1) | 1)
    .u16((((time >>> 15) & 0x7fff) << 1) | 1)
    .u16(((time & 0x7fff) << 1) | 1);
}
