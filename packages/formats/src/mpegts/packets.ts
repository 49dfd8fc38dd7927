import { ByteWriter } from '../bytes/byte-writer.ts';

/** ISO/IEC 13818-1, 2.4.3.2. */
export const TS_PACKET_BYTES = 188;
const HEADER_BYTES = 4;
const SYNC_BYTE = 0x47;
const UNIT_START = 0x4000;
// adaptation_field_control.
const PAYLOAD_ONLY = 0x10;
const ADAPTATION_AND_PAYLOAD = 0x30;
// Flags of the adaptation field, 2.4.3.4.
const RANDOM_ACCESS = 0x40;
const HAS_PCR = 0x10;
const PCR_BYTES = 6;
const STUFFING = 0xff;
const CLOCK_MODULUS = 2 ** 33;

/** One PES packet or section, as the payload of transport packets. */
export interface TsUnit {
  pid: number;
  /** In pieces, one after another. */
  bytes: Uint8Array;
  /** Program clock reference in ticks of 90 kHz. */
  clockTicks?: number;
  randomAccess?: boolean;
  /** Fills the last packet behind the bytes, as sections are filled, instead of in an adaptation field. */
  section?: boolean;
}

/** Collects transport packets of several PIDs; their continuity counters go on over what `take` hands out. */
export class TsPackets {
  readonly #counters = new Map<number, number>();
  #writer = new ByteWriter();

  write(unit: TsUnit): void {
    const { pid, bytes, section = false } = unit;
    let at = 0;
    do {
      const field = at === 0 ? adaptationField(unit) : [];
      const room = TS_PACKET_BYTES - HEADER_BYTES - field.length;
      const missing = Math.max(room - (bytes.length - at), 0);
      const adaptation = section ? field : stuffed(field, missing);
      this.#header(pid, { isStart: at === 0, hasAdaptation: adaptation.length > 0 });
      for (const byte of adaptation) this.#writer.u8(byte);
      this.#writer.bytes(bytes.subarray(at, at + room));
      if (section) for (let index = 0; index < missing; index += 1) this.#writer.u8(STUFFING);
      at += room;
    } while (at < bytes.length);
  }

  /** What was written since it was called last. */
  take(): Uint8Array {
    const bytes = this.#writer.finish();
    this.#writer = new ByteWriter(bytes.length);
    return bytes;
  }

  #header(pid: number, { isStart, hasAdaptation }: { isStart: boolean; hasAdaptation: boolean }): void {
    const counter = this.#counters.get(pid) ?? 0;
    this.#counters.set(pid, (counter + 1) & 0x0f);
    this.#writer
      .u8(SYNC_BYTE)
      .u16((isStart ? UNIT_START : 0) | pid)
      .u8((hasAdaptation ? ADAPTATION_AND_PAYLOAD : PAYLOAD_ONLY) | counter);
  }
}

/** With its length; empty when there is nothing to say. */
function adaptationField({ clockTicks, randomAccess = false }: TsUnit): number[] {
  if (clockTicks === undefined && !randomAccess) return [];
  const access = randomAccess ? RANDOM_ACCESS : 0;
  if (clockTicks === undefined) return [1, access];
  const base = ((clockTicks % CLOCK_MODULUS) + CLOCK_MODULUS) % CLOCK_MODULUS;
  const high = Math.floor(base / 2); // 32 of the 33 bits
  return [
    1 + PCR_BYTES,
    access | HAS_PCR,
    Math.floor(high / 2 ** 24) & 0xff,
    (high >>> 16) & 0xff,
    (high >>> 8) & 0xff,
    high & 0xff,
    (base % 2 === 1 ? 0x80 : 0) | 0x7e, // the last bit, reserved, program_clock_reference_extension
    0,
  ];
}

/** The field made longer, or made up, so that the packet is full. */
function stuffed(field: readonly number[], missing: number): readonly number[] {
  if (missing === 0) return field;
  const [length = -1, flags = 0, ...rest] = field;
  const fullLength = length + missing;
  if (fullLength === 0) return [0];
  return [fullLength, flags, ...rest, ...Array<number>(fullLength - 1 - rest.length).fill(STUFFING)];
}
