import { ByteWriter } from '../bytes/byte-writer.ts';
import { crc32 } from '../bytes/crc32.ts';

export const PAT_PID = 0x0000;
export const PMT_PID = 0x1000;
// table_id, ISO/IEC 13818-1, table 2-31.
const TABLE_PAT = 0x00;
const TABLE_PMT = 0x02;
const PROGRAM_NUMBER = 1;
/** transport_stream_id of the PAT and program_number of the PMT stand at the same place. */
const TABLE_ID_EXTENSION = 1;
/** version_number 0, current_next_indicator. */
const VERSION_0_CURRENT = 0xc1;
const CRC_BYTES = 4;
/** Of a section's length: what stands between it and the contents. */
const SECTION_HEAD_BYTES = 5;
const CRC_START = 0xffff_ffff;

export interface ElementaryStream {
  pid: number;
  /** stream_type, table 2-34. */
  streamType: number;
}

/** program_association_section(), 2.4.4.3, after its pointer_field: one program. */
export function programAssociation(): Uint8Array {
  return section(
    TABLE_PAT,
    new ByteWriter(4)
      .u16(PROGRAM_NUMBER)
      .u16(0xe000 | PMT_PID)
      .finish(),
  );
}

/** TS_program_map_section(), 2.4.4.8, after its pointer_field. The first stream carries the clock. */
export function programMap(streams: readonly ElementaryStream[]): Uint8Array {
  const writer = new ByteWriter()
    .u16(0xe000 | (streams[0]?.pid ?? 0x1fff)) // PCR_PID
    .u16(0xf000); // program_info_length
  for (const { pid, streamType } of streams) {
    writer
      .u8(streamType)
      .u16(0xe000 | pid)
      .u16(0xf000); // ES_info_length
  }
  return section(TABLE_PMT, writer.finish());
}

function section(tableId: number, contents: Uint8Array): Uint8Array {
  const whole = new ByteWriter()
    .u8(tableId)
    .u16(0xb000 | (SECTION_HEAD_BYTES + contents.length + CRC_BYTES)) // section_syntax_indicator, section_length
    .u16(TABLE_ID_EXTENSION)
    .u8(VERSION_0_CURRENT)
    .u8(0) // section_number
    .u8(0) // last_section_number
    .bytes(contents);
  whole.u32(crc32(whole.finish(), CRC_START));
  return new ByteWriter(1 + whole.length)
    .u8(0) // pointer_field
    .bytes(whole.finish())
    .finish();
}
