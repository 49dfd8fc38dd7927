import { ByteWriter } from '../bytes/byte-writer.ts';
import { FormatError } from '../bytes/format-error.ts';
// draft-holmer-rmcat-transport-wide-cc-extensions-01, 3.1: a status for each packet in chunks of 16 bits, then the
// arrival of each received one.
/** A chunk of two bytes can speak of 8,191 packets, so the count of 16 bits is bounded further: half a second at 130 Mbit/s. */
const MAX_PACKETS = 8192;
// Packet status symbols, 3.1.1.
const NOT_RECEIVED = 0;
const SMALL_DELTA = 1;
const LARGE_DELTA = 2;
const RESERVED = 3;
// Chunks, 3.1.3 and 3.1.4.
const VECTOR_BIT = 0x8000;
const TWO_BIT_SYMBOLS_BIT = 0x4000;
const ONE_BIT_SYMBOLS = 14;
const TWO_BIT_SYMBOLS = 7;
const MAX_RUN = 0x1fff;
const MIN_LARGE_DELTA = -0x8000;
const MAX_LARGE_DELTA = 0x7fff;
const MAX_SMALL_DELTA = 0xff;
/** The feedback control information; the reader ends with the packet. @throws FormatError */
export function readTransportCc(reader) {
  const baseSequence = reader.u16();
  const count = reader.u16(); // packet status count
  if (count > MAX_PACKETS) throw new FormatError('too_large', `transport-cc feedback on ${count} packets`);
  const referenceTime = reader.u24();
  const feedbackCount = reader.u8();
  const symbols = [];
  while (symbols.length < count) readChunk(reader.u16(), symbols, count);
  const arrivals = symbols.map((symbol) => readDelta(reader, symbol));
  return { baseSequence, feedbackCount, referenceTime, arrivals };
}
/** Adds the chunk's symbols, up to `count` in all: the last chunk may be longer. */
function readChunk(chunk, symbols, count) {
  if ((chunk & VECTOR_BIT) === 0) {
    const run = Math.min(chunk & MAX_RUN, count - symbols.length);
    if (run === 0) throw new FormatError('malformed', 'transport-cc run of no packets');
    for (let index = 0; index < run; index += 1) symbols.push(chunk >> 13);
    return;
  }
  const bits = (chunk & TWO_BIT_SYMBOLS_BIT) === 0 ? 1 : 2;
  const size = Math.min(bits === 1 ? ONE_BIT_SYMBOLS : TWO_BIT_SYMBOLS, count - symbols.length);
  for (let index = 1; index <= size; index += 1) symbols.push((chunk >> (14 - index * bits)) & (bits === 1 ? 1 : 3));
}
/** 3.1.5: eight bits unsigned, or sixteen signed. */
function readDelta(reader, symbol) {
  if (symbol === RESERVED) throw new FormatError('malformed', 'transport-cc status 3 is reserved');
  if (symbol === NOT_RECEIVED) return undefined;
  return symbol === SMALL_DELTA ? reader.u8() : reader.i16();
}
/** Not yet filled up to a whole word. @throws FormatError `too_large` for too many packets, or a delta above 16 bits */
export function encodeTransportCc(feedback) {
  const { arrivals } = feedback;
  if (arrivals.length > MAX_PACKETS) throw new FormatError('too_large', `feedback on ${arrivals.length} packets`);
  const writer = new ByteWriter(16 + arrivals.length * 2)
    .u16(feedback.baseSequence)
    .u16(arrivals.length)
    .u24(feedback.referenceTime)
    .u8(feedback.feedbackCount);
  const symbols = arrivals.map(symbolOf);
  for (let at = 0; at < symbols.length;) at += writeChunk(writer, symbols, at);
  for (const delta of arrivals) {
    if (delta === undefined) continue;
    if (symbolOf(delta) === SMALL_DELTA) writer.u8(delta);
    else writer.i16(delta);
  }
  return writer.finish();
}
function symbolOf(delta) {
  if (delta === undefined) return NOT_RECEIVED;
  if (delta >= 0 && delta <= MAX_SMALL_DELTA) return SMALL_DELTA;
  if (delta < MIN_LARGE_DELTA || delta > MAX_LARGE_DELTA) throw new FormatError('too_large', `arrival delta ${delta}`);
  return LARGE_DELTA;
}
/** Writes the chunk that says most from `at` on, and returns of how many packets it speaks. */
function writeChunk(writer, symbols, at) {
  const symbol = symbols[at] ?? NOT_RECEIVED;
  const run = runLength(symbols, at, symbol);
  const vector = symbols.slice(at, at + ONE_BIT_SYMBOLS);
  const oneBit = !vector.includes(LARGE_DELTA);
  const vectorLength = Math.min(vector.length, oneBit ? ONE_BIT_SYMBOLS : TWO_BIT_SYMBOLS);
  if (run >= vectorLength) {
    writer.u16((symbol << 13) | run);
    return run;
  }
  const bits = oneBit ? 1 : 2;
  let chunk = VECTOR_BIT | (oneBit ? 0 : TWO_BIT_SYMBOLS_BIT);
  for (let index = 1; index <= vectorLength; index += 1) chunk |= (vector[index - 1] ?? 0) << (14 - index * bits);
  writer.u16(chunk);
  return vectorLength;
}
function runLength(symbols, at, symbol) {
  let run = 1;
  while (run < MAX_RUN && symbols[at + run] === symbol) run += 1;
  return run;
}
