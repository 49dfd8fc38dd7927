import type { RtpPacket } from '@kaibo/formats';

/** A packet of which a test says what matters to it. */
export function rtpPacket(changes: Partial<RtpPacket> = {}): RtpPacket {
  return {
    marker: false,
    payloadType: 96,
    sequence: 0,
    timestamp: 0,
    ssrc: 1,
    extensions: [],
    payload: Uint8Array.of(1),
    ...changes,
  };
}
