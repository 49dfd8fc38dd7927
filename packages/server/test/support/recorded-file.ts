import { writeFileSync } from 'node:fs';

const TIMESCALE = 1000;
const FRAME_MS = 40;
const DEFAULT_BASE_IS_MOOF = 0x02_0000;
const TFHD_DURATION = 0x08;
const TFHD_SIZE = 0x10;
const TRUN_OFFSET = 0x01;
const TRUN_FIRST_FLAGS = 0x04;
const KEY = 0x0200_0000;
const FRAME_BYTES = 100;

/** A fragmented MP4 of one video track whose frames are noise: a fragment and a key frame each second. Its size in bytes. */
export function writeRecordedFile(path: string, seconds: number): number {
  const parts = [box('ftyp', Buffer.from('iso6'), u32(0), Buffer.from('iso6')), moov()];
  for (let second = 0; second < seconds; second++) parts.push(moof(second), mdat());
  const bytes = Buffer.concat(parts);
  writeFileSync(path, bytes);
  return bytes.length;
}

function box(type: string, ...contents: Buffer[]): Buffer {
  const size = 8 + contents.reduce((sum, { length }) => sum + length, 0);
  return Buffer.concat([u32(size), Buffer.from(type), ...contents]);
}

const full = (type: string, version: number, flags: number, ...contents: Buffer[]): Buffer =>
  box(type, u32(((version << 24) | flags) >>> 0), ...contents);

function u32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeUInt32BE(value, index * 4));
  return bytes;
}

function moov(): Buffer {
  const tkhd = full('tkhd', 0, 3, u32(0, 0, 1, 0, 0), Buffer.alloc(52), u32(640 << 16, 360 << 16));
  const mdhd = full('mdhd', 0, 0, u32(0, 0, TIMESCALE, 0, 0));
  const hdlr = full('hdlr', 0, 0, u32(0), Buffer.from('vide'), Buffer.alloc(13));
  const stbl = box('stbl', full('stsd', 0, 0, u32(0)));
  const trex = full('trex', 0, 0, u32(1, 1, 0, 0, 0));
  const mvhd = full('mvhd', 0, 0, u32(0, 0, TIMESCALE, 0), Buffer.alloc(80));
  return box('moov', mvhd, box('trak', tkhd, box('mdia', mdhd, hdlr, box('minf', stbl))), box('mvex', trex));
}

function moof(second: number): Buffer {
  const tfhd = full('tfhd', 0, DEFAULT_BASE_IS_MOOF | TFHD_DURATION | TFHD_SIZE, u32(1, FRAME_MS, FRAME_BYTES));
  const tfdt = full('tfdt', 1, 0, u32(0, second * TIMESCALE));
  const trun = full('trun', 0, TRUN_OFFSET | TRUN_FIRST_FLAGS, u32(TIMESCALE / FRAME_MS, 0, KEY));
  return box('moof', full('mfhd', 0, 0, u32(second + 1)), box('traf', tfhd, tfdt, trun));
}

const mdat = (): Buffer => box('mdat', Buffer.alloc((TIMESCALE / FRAME_MS) * FRAME_BYTES, 7));
