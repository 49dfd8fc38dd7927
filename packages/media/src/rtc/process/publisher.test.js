import { encodeRtcp, encodeRtpPacket, ntpOfMs, packH264, parseSdp, RTP_HEADER_BYTES } from '@kaibo/formats';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CHROME_SIMULCAST, LIBDATACHANNEL } from '../../../../formats/src/testing/real-offers.ts';
import { testOptions } from '../../testing/media-options.ts';
import { RecordedLine } from '../../testing/recorded-line.ts';
import { negotiatePublish } from './negotiation.ts';
import { ingestNowMs, RtcPublisher } from './publisher.ts';
const SPS = Uint8Array.of(0x67, 0x42, 0xc0, 0x1e, 0xda, 0x02, 0x80, 0xf6, 0x40);
const PPS = Uint8Array.of(0x68, 0xce, 0x3c, 0x80);
const KEY = [SPS, PPS, Uint8Array.of(0x65, 0x88, 0x80)];
const INTER = [Uint8Array.of(0x41, 0x9a, 1)];
const VIDEO = 3388068601;
const AUDIO = 3388068600;
const TICK_MS = 10;
beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());
function bench(offer = LIBDATACHANNEL) {
  const transport = new RecordedLine();
  const packets = [];
  const ends = [];
  const publisher = new RtcPublisher({
    clientId: 'a',
    transport,
    lines: negotiatePublish(parseSdp(offer)).lines,
    limits: testOptions().limits,
    onPacket: (packet) => packets.push(packet),
    onEnd: (reason) => ends.push(reason),
  });
  publisher.connected();
  return {
    publisher,
    transport,
    packets,
    ends,
    kinds: () => packets.map(({ kind, config, keyframe }) => (config ? `${kind} config` : keyframe ? 'key' : kind)),
    /** One picture of one packet. */
    video: (sequence, units = INTER, changes = {}) => {
      const [payload = new Uint8Array()] = packH264(units, {
        mode: 1,
        maxPayloadBytes: 1000,
        headroomBytes: RTP_HEADER_BYTES,
      });
      const fields = { marker: true, payloadType: 96, timestamp: sequence * 3600, ssrc: VIDEO, extensions: [] };
      publisher.receive(
        encodeRtpPacket({ ...fields, sequence, payload: payload.subarray(RTP_HEADER_BYTES), ...changes }),
      );
    },
    audio: (sequence, changes = {}) => {
      const fields = { marker: false, payloadType: 111, timestamp: sequence * 960, ssrc: AUDIO, extensions: [] };
      publisher.receive(encodeRtpPacket({ ...fields, sequence, payload: Uint8Array.of(0xfc, 1), ...changes }));
    },
    pass: (ms) => {
      for (let gone = 0; gone < ms; gone += TICK_MS) {
        vi.advanceTimersByTime(TICK_MS);
        publisher.tick(ingestNowMs());
      }
    },
    told: (type) => transport.rtcp.filter((packet) => packet.type === type),
  };
}
describe('RtcPublisher', () => {
  it('gives configurations and frames of both tracks in one time', () => {
    const { video, audio, kinds, packets } = bench();
    video(10, INTER);
    expect(packets).toEqual([]);
    video(11, KEY);
    audio(5);
    video(12);
    audio(6);
    expect(kinds()).toEqual(['video config', 'key', 'audio config', 'audio', 'video', 'audio']);
    expect(packets.map(({ dtsMs }) => dtsMs)).toEqual([1040, 1040, 1000, 1000, 1080, 1020]);
  });
  it('asks for what is lost, and for a key frame when it does not come', () => {
    const { video, pass, told, kinds } = bench();
    video(10, KEY);
    pass(1000);
    const before = told('pli').length;
    video(11);
    video(14);
    pass(10);
    expect(told('nack')).toEqual([]);
    pass(10);
    expect(told('nack')).toEqual([{ type: 'nack', ssrc: 1, mediaSsrc: VIDEO, sequences: [12, 13] }]);
    video(12);
    pass(100);
    expect(told('pli')).toHaveLength(before);
    pass(200); // 13 is given up
    expect(told('pli').length).toBeGreaterThan(before);
    video(15);
    expect(kinds()).toEqual(['video config', 'key', 'video', 'video']);
    video(16, KEY);
    video(17);
    expect(kinds().slice(4)).toEqual(['key', 'video']);
  });
  it('is not confused when the machine’s clock is set', () => {
    const { video, pass, told, publisher, ends } = bench();
    video(10, KEY);
    for (const hours of [5, -10]) {
      vi.setSystemTime(Date.now() + hours * 3_600_000);
      const from = told('nack').length;
      const sequence = 11 + (hours < 0 ? 3 : 0);
      video(sequence);
      video(sequence + 2);
      pass(50);
      expect(told('nack').length).toBeGreaterThan(from);
      video(sequence + 1);
    }
    expect(ends).toEqual([]);
    publisher.close();
  });
  it('asks for a key frame every two seconds, and for a viewer at most every 400 ms', () => {
    const { video, pass, told, publisher } = bench();
    video(1, KEY);
    for (let second = 0; second < 10; second++) {
      pass(1000);
      video(2 + second);
    }
    const asked = told('pli').length;
    expect(asked).toBeGreaterThan(10); // nobody answered: every 400 ms
    video(12, KEY);
    pass(1900);
    expect(told('pli')).toHaveLength(asked);
    for (let index = 0; index < 100; index++) publisher.requestKeyframe();
    expect(told('pli')).toHaveLength(asked + 1);
  });
  it('reports once a second, with an estimate for those who have no better one', () => {
    const { video, audio, pass, told } = bench();
    for (const sequence of [1, 2, 3, 5]) video(sequence, sequence === 1 ? KEY : INTER);
    audio(1);
    pass(1010);
    const [report] = told('rr');
    expect(report).toMatchObject({
      ssrc: 1,
      reports: [
        { ssrc: VIDEO, lost: 1, highestSequence: 5 },
        { ssrc: AUDIO, lost: 0 },
      ],
    });
    expect(told('rr')).toHaveLength(2); // one at once
    expect(told('remb')[1]).toEqual({ type: 'remb', ssrc: 1, bitrateBps: 20_000_000, mediaSsrcs: [VIDEO, AUDIO] });
    expect(told('transport-cc')).toEqual([]);
  });
  it('tells a browser of each arrival', () => {
    const { video, pass, told } = bench(CHROME_SIMULCAST);
    const wide = (number) => [{ id: 3, data: Uint8Array.of(number >> 8, number & 0xff) }];
    for (let number = 65_530; number < 65_545; number++)
      video(number & 0xffff, INTER, { payloadType: 108, ssrc: 9, extensions: wide(number & 0xffff) });
    pass(110);
    const [feedback] = told('transport-cc');
    expect(feedback).toMatchObject({ ssrc: 1, mediaSsrc: 9, baseSequence: 65_530, feedbackCount: 0 });
    expect(feedback?.type === 'transport-cc' && feedback.arrivals).toHaveLength(15);
    pass(1000);
    expect(told('transport-cc')).toHaveLength(1);
    expect(told('remb')).toEqual([]);
  });
  it('takes one source a line; another one when the first is silent', () => {
    const { video, pass, packets } = bench(CHROME_SIMULCAST);
    const from = (ssrc, sequence) => video(sequence, KEY, { payloadType: 108, ssrc });
    from(1, 1);
    from(2, 1000); // another layer
    expect(packets).toHaveLength(2);
    pass(2010);
    from(2, 1001);
    from(1, 2);
    expect(packets.filter(({ keyframe, config }) => keyframe && !config)).toHaveLength(2);
  });
  it('ends when nothing is heard for five seconds; reports count', () => {
    const { publisher, pass, ends, transport } = bench();
    const report = encodeRtcp([
      { type: 'sr', ssrc: VIDEO, ntp: ntpOfMs(1e12), rtpTimestamp: 1, packets: 0, octets: 0, reports: [] },
    ]);
    for (let second = 0; second < 12; second++) {
      pass(1000);
      publisher.receive(report);
    }
    expect(ends).toEqual([]);
    pass(5020);
    expect(ends).toEqual(['idle']);
    expect(transport.rtcp.at(-1)).toEqual({ type: 'bye', ssrcs: [1] });
    expect(transport.closed).toBe(1);
    publisher.finish('kicked');
    publisher.close();
    expect(ends).toEqual(['idle']);
    expect(vi.getTimerCount()).toBe(0);
  });
  it('takes no notice of what it cannot read or did not agree on', () => {
    const { publisher, video, audio, packets, transport } = bench();
    for (let length = 0; length < 40; length++) publisher.receive(new Uint8Array(length).fill(0x80 + length));
    video(1, KEY, { payloadType: 97 });
    audio(1, { payloadType: 0 });
    video(1, KEY, { payload: new Uint8Array() });
    audio(2, { payload: new Uint8Array() });
    publisher.receive(encodeRtcp([{ type: 'bye', ssrcs: [VIDEO] }]));
    expect(packets).toEqual([]);
    expect(transport.sent).toEqual([]);
  });
});
