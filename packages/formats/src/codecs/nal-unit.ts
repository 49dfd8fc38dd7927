/**
 * The payload of a NAL unit without its emulation prevention bytes: the 3 of every 0 0 3 goes (ITU-T H.264 7.3.1,
 * H.265 7.3.1.1). `headerBytes` of the NAL unit are left out: 1 for H.264, 2 for H.265.
 */
export function rbspOf(nalUnit: Uint8Array, headerBytes: number): Uint8Array {
  const rbsp = new Uint8Array(Math.max(nalUnit.length - headerBytes, 0));
  let length = 0;
  let zeros = 0;
  for (const byte of nalUnit.subarray(headerBytes)) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    rbsp[length] = byte;
    length += 1;
  }
  return rbsp.subarray(0, length);
}
