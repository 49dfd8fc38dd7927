// Publisher and load generator are two processes: they share CLOCK_MONOTONIC, and the stamp travels inside the video as
// an H.264 SEI of type user_data_unregistered (ITU-T H.264 D.1.7), which every server passes through.

const UUID = Buffer.from('livebench-stamp1', 'latin1');
const UUID_START = UUID.readUInt32BE(0);
/** length(4) + NAL header, payload type, payload size (3) + UUID (16) + time (16 hex) + sequence (8 hex) + stop bit. */
export const STAMP_BYTES = 48;
/** Where the stamp stands in a FLV video tag's body: after frame type, packet type and composition time. */
export const STAMP_OFFSET = 5;

const CALIBRATIONS = 200;

/**
 * ms of CLOCK_MONOTONIC that `performance.now()` is behind: from the one of many readings that was interrupted least,
 * because a process that is preempted between the two clocks would be wrong by that for ever.
 */
function calibrate(): number {
  let best = { gapMs: Infinity, offsetMs: 0 };
  for (let i = 0; i < CALIBRATIONS; i++) {
    const before = performance.now();
    const monotonic = Number(process.hrtime.bigint()) / 1e6;
    const after = performance.now();
    if (after - before < best.gapMs) best = { gapMs: after - before, offsetMs: monotonic - (before + after) / 2 };
  }
  return best.offsetMs;
}

const offsetMs = calibrate();

/** CLOCK_MONOTONIC in ms, the same in every process of this machine. */
export function monotonicMs(): number {
  return performance.now() + offsetMs;
}

/** A length-prefixed SEI NAL unit to put in front of a frame's other NAL units. */
export function encodeStamp(sentAtMs: number, sequence: number): Buffer {
  const bytes = Buffer.alloc(STAMP_BYTES);
  bytes.writeUInt32BE(STAMP_BYTES - 4, 0);
  bytes.set([6, 5, 40], 4);
  UUID.copy(bytes, 7);
  bytes.write(
    BigInt(Math.round(sentAtMs * 1e6))
      .toString(16)
      .padStart(16, '0'),
    23,
    'latin1',
  );
  bytes.write(sequence.toString(16).padStart(8, '0'), 39, 'latin1');
  bytes[47] = 0x80;
  return bytes;
}

function hex(bytes: Buffer, at: number, digits: number): number {
  let value = 0;
  for (let i = at; i < at + digits; i++) {
    const code = bytes[i] ?? 0;
    value = value * 16 + (code <= 57 ? code - 48 : code - 87);
  }
  return value;
}

/** True when a stamp's NAL unit, length field included, stands at `at`. */
export function hasStamp(bytes: Buffer, at: number): boolean {
  return (
    bytes[at + 4] === 6 && bytes[at + 5] === 5 && bytes[at + 6] === 40 && bytes.readUInt32BE(at + 7) === UUID_START
  );
}

export function stampTimeMs(bytes: Buffer, at: number): number {
  return (hex(bytes, at + 23, 8) * 2 ** 32 + hex(bytes, at + 31, 8)) / 1e6;
}

export function stampSequence(bytes: Buffer, at: number): number {
  return hex(bytes, at + 39, 8);
}
