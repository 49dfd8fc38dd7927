import { RTP_HEADER_BYTES } from '@kaibo/formats';
/** What a retransmission may still ask for, and a newcomer begins with. */
const MAX_PACKETS = 8192;
const MAX_BYTES = 16 * 1024 * 1024;
const MASK = MAX_PACKETS - 1;
/** The newest packets of one line by a number that rises by one, in a ring bounded in packets and bytes. */
export class RtpHistory {
  #ring = [];
  #bytes = 0;
  /** Of the oldest that is kept. */
  first = 0;
  /** Of the next one. */
  next = 0;
  push(packet) {
    if (this.next - this.first === MAX_PACKETS) this.#dropOldest();
    this.#ring[this.next & MASK] = packet;
    this.next++;
    this.#bytes += packet.bytes.length;
    while (this.#bytes > MAX_BYTES) this.#dropOldest();
  }
  get(number) {
    return number >= this.first && number < this.next ? this.#ring[number & MASK] : undefined;
  }
  #dropOldest() {
    const oldest = this.#ring[this.first & MASK];
    this.#ring[this.first & MASK] = undefined;
    this.#bytes -= oldest?.bytes.length ?? 0;
    this.first++;
  }
}
const VERSION_2 = 0x80;
const MARKER_BIT = 0x80;
/** Writes the fixed header (RFC 3550, 5.1) in place. */
export function writeRtpHeader({ bytes, marker }, header) {
  const { payloadType, sequence, timestamp, ssrc } = header;
  bytes[0] = VERSION_2;
  bytes[1] = marker ? payloadType | MARKER_BIT : payloadType;
  bytes[2] = sequence >>> 8;
  bytes[3] = sequence;
  bytes[4] = timestamp >>> 24;
  bytes[5] = timestamp >>> 16;
  bytes[6] = timestamp >>> 8;
  bytes[7] = timestamp;
  bytes[8] = ssrc >>> 24;
  bytes[9] = ssrc >>> 16;
  bytes[10] = ssrc >>> 8;
  bytes[11] = ssrc;
}
export function payloadBytes({ bytes }) {
  return bytes.length - RTP_HEADER_BYTES;
}
