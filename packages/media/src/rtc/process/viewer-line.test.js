import { parseRtcp, parseRtpPacket } from '@kaibo/formats';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RtpHistory } from './rtp-history.ts';
import { ViewerLine } from './viewer-line.ts';
const SSRC = 77;
const STEP = 90;
const FRAME_TICKS = 3600;
beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());
/** Frames of `perFrame` packets at 25 fps, and a viewer of them. */
function bench({ perFrame = 2, accepts = () => true } = {}) {
  const history = new RtpHistory();
  const sent = [];
  let type = 96;
  const line = new ViewerLine({
    history,
    ssrc: SSRC,
    payloadType: () => type,
    send: (bytes) => accepts() && sent.push(Buffer.from(bytes)) > 0,
  });
  let frame = 0;
  return {
    history,
    line,
    sent,
    useType: (next) => (type = next),
    /** Adds frames and gives them on. */
    frames: (count) => {
      for (; count > 0; count--) {
        const from = history.next;
        frame++;
        for (let index = 1; index <= perFrame; index++)
          history.push({
            bytes: Uint8Array.of(...new Uint8Array(12), frame & 0xff, index),
            frame,
            timestamp: frame * FRAME_TICKS,
            marker: index === perFrame,
          });
        line.advance(from);
      }
    },
    /** Begins at a packet, the newest frame being the present one. */
    begin: (from, changes = {}) => line.begin(from, { frame, timestamp: frame * FRAME_TICKS, step: STEP, ...changes }),
    packets: () => sent.map((bytes) => parseRtpPacket(bytes)),
    get frame() {
      return frame;
    },
  };
}
const expectContiguous = (sequences) => {
  const first = sequences[0] ?? 0;
  expect(sequences).toEqual(sequences.map((_, index) => (first + index) & 0xffff));
};
describe('ViewerLine', () => {
  it('sends nothing before it begins, then the past close together and the present in its own time', () => {
    const { line, frames, begin, packets } = bench();
    frames(5);
    expect(line.hasBegun).toBe(false);
    expect(packets()).toEqual([]);
    begin(4); // frame 3
    expect(packets().map(({ timestamp }) => timestamp)).toEqual(
      [5 * FRAME_TICKS - 2 * STEP, 5 * FRAME_TICKS - STEP, 5 * FRAME_TICKS].flatMap((time) => [time, time]),
    );
    frames(2);
    expect(
      packets()
        .slice(-4)
        .map(({ timestamp }) => timestamp / FRAME_TICKS),
    ).toEqual([6, 6, 7, 7]);
    expect(packets().map(({ marker }) => marker)).toEqual(packets().map((_, index) => index % 2 === 1));
    expect(new Set(packets().map(({ ssrc, payloadType }) => `${ssrc} ${payloadType}`))).toEqual(new Set(['77 96']));
    expectContiguous(packets().map(({ sequence }) => sequence));
  });
  it('sends what is much in portions, so that no queue overflows, and joins the present', () => {
    const { frames, begin, packets } = bench();
    frames(100);
    begin(0);
    expect(packets()).toHaveLength(40);
    frames(1);
    expect(packets()).toHaveLength(40);
    vi.advanceTimersByTime(4);
    expect(packets()).toHaveLength(80);
    vi.advanceTimersByTime(100);
    expect(packets()).toHaveLength(202);
    frames(1);
    expect(packets()).toHaveLength(204);
    expectContiguous(packets().map(({ sequence }) => sequence));
    expect(vi.getTimerCount()).toBe(0);
  });
  it('numbers on over another beginning, and over the end of 16 bits', () => {
    const { frames, begin, packets, history } = bench();
    frames(100);
    for (let round = 0; round < 300; round++) {
      begin(history.next - 100);
      vi.advanceTimersByTime(20);
      frames(1);
      for (let more = 0; more < 10; more++) frames(10);
    }
    expect(packets().length).toBeGreaterThan(66_000);
    expectContiguous(packets().map(({ sequence }) => sequence));
  });
  it('answers a NACK with the very bytes, of the past, of the present, and of before another beginning', () => {
    const { frames, begin, sent, line } = bench();
    frames(6);
    begin(2); // 4 frames of the past
    frames(3);
    begin(2, { frame: 10, timestamp: 9 * FRAME_TICKS + 20 * 8, step: 20 }); // a picture again
    frames(2);
    const first = sent.map((bytes) => bytes.toString('hex'));
    const sequences = sent.map((bytes) => bytes.readUInt16BE(2));
    sent.length = 0;
    line.resend(sequences, 0);
    expect(sent.map((bytes) => bytes.toString('hex'))).toEqual(first);
    expect(line.resent).toBe(first.length);
  });
  it('sends again what is kept only: nothing from before it began, or after', () => {
    const { frames, begin, sent, line, history } = bench();
    frames(4);
    begin(6);
    const first = sent[0]?.readUInt16BE(2) ?? 0;
    sent.length = 0;
    line.resend(
      [first - 1, first + 2, first + 1000, first + 40_000].map((one) => one & 0xffff),
      0,
    );
    expect(sent).toEqual([]);
    frames(5000);
    sent.length = 0;
    expect(history.first).toBeGreaterThan(6);
    line.resend([first], 0);
    expect(sent).toEqual([]);
  });
  it('sends at most a thousand again in a second', () => {
    const { frames, begin, sent, line } = bench();
    frames(1);
    begin(0);
    const sequence = sent[0]?.readUInt16BE(2) ?? 0;
    sent.length = 0;
    const many = Array.from({ length: 5000 }, () => sequence);
    line.resend(many, 10_000);
    line.resend(many, 10_999);
    expect(sent).toHaveLength(1000);
    line.resend(many, 11_000);
    expect(sent).toHaveLength(2000);
  });
  it('knows when it was overtaken', () => {
    const { frames, begin, line, packets, history } = bench();
    frames(4096);
    begin(0);
    frames(100);
    expect(line.isLost).toBe(true);
    vi.advanceTimersByTime(100);
    expect(packets()).toHaveLength(40);
    begin(history.next - 2);
    expect(line.isLost).toBe(false);
    expectContiguous(packets().map(({ sequence }) => sequence));
  });
  it('counts what was sent, in reports of its own', () => {
    let open = true;
    const { frames, begin, line } = bench({ accepts: () => open });
    expect(line.report(0, 0)).toBeUndefined();
    frames(3);
    begin(0);
    open = false;
    frames(2);
    expect(parseRtcp(line.report(1_800_000_000_000, 4242) ?? new Uint8Array())).toMatchObject([
      { type: 'sr', ssrc: SSRC, rtpTimestamp: 4242, packets: 6, octets: 12 },
      { type: 'sdes', chunks: [{ ssrc: SSRC, cname: 'kaibo' }] },
    ]);
    expect(line.sentBytes).toBe(6 * 14);
  });
  it('is still once closed', () => {
    const { frames, begin, line, packets } = bench();
    frames(100);
    begin(0);
    line.close();
    line.close();
    vi.advanceTimersByTime(100);
    frames(3);
    expect(packets()).toHaveLength(40);
    expect(vi.getTimerCount()).toBe(0);
  });
});
