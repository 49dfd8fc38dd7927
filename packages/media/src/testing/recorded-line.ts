import { isRtcp, parseRtcp, parseRtpPacket, type RtcpPacket, type RtpPacket } from '@kaibo/formats';

/** A peer's transport that keeps what it was given, bytes as they were at that moment. */
export class RecordedLine {
  readonly sent: Uint8Array[] = [];
  closed = 0;

  send(bytes: Uint8Array): boolean {
    this.sent.push(Uint8Array.from(bytes));
    return true;
  }

  close(): void {
    this.closed++;
  }

  get rtp(): RtpPacket[] {
    return this.sent.filter((bytes) => !isRtcp(bytes)).map((bytes) => parseRtpPacket(bytes));
  }

  get rtcp(): RtcpPacket[] {
    return this.sent.filter(isRtcp).flatMap((bytes) => parseRtcp(bytes));
  }
}
