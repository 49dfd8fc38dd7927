import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, hex, toHex } from '../testing/hex.ts';
import { assertOnlyFormatErrors, assertRoundTrip, formatErrorCode, hostileBytes } from '../testing/properties.ts';
import { encodeRtcp } from './rtcp-encode.ts';
import { parseRtcp } from './rtcp-parse.ts';
import type { EncodableRtcpPacket, RtcpPacket, TransportCc } from './rtcp.ts';

const REPORT = {
  ssrc: 0x11111111,
  fractionLost: 0x20,
  lost: -2,
  highestSequence: 0x0001_0005,
  jitter: 6,
  lastSr: 0xb705_2000,
  delaySinceLastSr: 0x5_4000,
};
const REPORT_BYTES = '11111111 20 fffffe 00010005 00000006 b7052000 00054000';

function feedback(fields: Partial<TransportCc>): TransportCc {
  return {
    type: 'transport-cc',
    ssrc: 1,
    mediaSsrc: 2,
    baseSequence: 5,
    feedbackCount: 3,
    referenceTime: 4,
    arrivals: [],
    ...fields,
  };
}
const TCC_HEAD = '00000001 00000002 0005';

const both: [string, EncodableRtcpPacket, string][] = [
  [
    'a sender report',
    {
      type: 'sr',
      ssrc: 0xaaaaaaaa,
      ntp: { seconds: 0x83aa_7e80, fraction: 0x8000_0000 },
      rtpTimestamp: 90_000,
      packets: 10,
      octets: 1000,
      reports: [REPORT],
    },
    `81c8 000c aaaaaaaa 83aa7e80 80000000 00015f90 0000000a 000003e8 ${REPORT_BYTES}`,
  ],
  ['a receiver report', { type: 'rr', ssrc: 0xaaaaaaaa, reports: [REPORT] }, `81c9 0007 aaaaaaaa ${REPORT_BYTES}`],
  ['a report of nothing', { type: 'rr', ssrc: 1, reports: [] }, '80c9 0001 00000001'],
  [
    'source descriptions',
    {
      type: 'sdes',
      chunks: [
        { ssrc: 1, cname: 'kaibo' },
        { ssrc: 2, cname: 'xy' },
      ],
    },
    '82ca 0006 00000001 01 05 6b6169626f 00 00000002 01 02 7879 00000000',
  ],
  ['a goodbye', { type: 'bye', ssrcs: [1, 2] }, '82cb 0002 00000001 00000002'],
  [
    'a NACK over the end of the sequence numbers',
    { type: 'nack', ssrc: 1, mediaSsrc: 2, sequences: [65_535, 0, 15, 16, 100] },
    '81cd 0005 00000001 00000002 ffff 8001 0010 0000 0064 0000',
  ],
  [
    'an extended report of a receiver',
    { type: 'xr', ssrc: 1, receiverTime: { seconds: 0x83aa_7e80, fraction: 0x8000_0000 }, delays: [] },
    '80cf 0004 00000001 04 00 0002 83aa7e80 80000000',
  ],
  [
    'an extended report of a sender, to two receivers',
    {
      type: 'xr',
      ssrc: 1,
      delays: [
        { ssrc: 2, lastReceiverTime: 0xb705_2000, delaySinceThen: 0x5_4000 },
        { ssrc: 3, lastReceiverTime: 0, delaySinceThen: 0 },
      ],
    },
    '80cf 0008 00000001 05 00 0006 00000002 b7052000 00054000 00000003 00000000 00000000',
  ],
  ['a picture loss indication', { type: 'pli', ssrc: 1, mediaSsrc: 2 }, '81ce 0002 00000001 00000002'],
  [
    'a full intra request',
    { type: 'fir', ssrc: 1, requests: [{ ssrc: 2, sequence: 7 }] },
    '84ce 0004 00000001 00000000 00000002 07000000',
  ],
  [
    // draft-alvestrand-rmcat-remb-03, 2.2: 0x1312d mantissa of 5,000,000 bit/s with exponent 5.
    'an estimate of the bit rate',
    { type: 'remb', ssrc: 1, bitrateBps: 5_000_000, mediaSsrcs: [3] },
    '8fce 0005 00000001 00000000 52454d42 01 1662 5a 00000003',
  ],
  ['feedback on nothing', feedback({}), `8fcd 0004 ${TCC_HEAD} 0000 000004 03`],
  [
    'feedback by a run, small deltas',
    feedback({ arrivals: Array.from({ length: 20 }, () => 4) }),
    `8fcd 000a ${TCC_HEAD} 0014 000004 03 2014 ${'04'.repeat(20)} 0000`,
  ],
  [
    'feedback by a vector of one bit, at the end shorter',
    feedback({ arrivals: [0, undefined, 255] }),
    `8fcd 0005 ${TCC_HEAD} 0003 000004 03 a800 00 ff`,
  ],
  [
    'feedback by vectors of two bits, large and negative deltas',
    feedback({ arrivals: [1, undefined, 256, -1, -32_768, 32_767, undefined, 2, 3] }),
    `8fcd 0008 ${TCC_HEAD} 0009 000004 03 d2a8 2002 01 0100 ffff 8000 7fff 02 03 00`,
  ],
  [
    'feedback by a run of losses before a large delta',
    feedback({ arrivals: [...Array.from({ length: 8 }, () => undefined), 300] }),
    `8fcd 0006 ${TCC_HEAD} 0009 000004 03 0008 4001 012c 0000`,
  ],
];

describe('RTCP', () => {
  it.each(both)('%s', (_name, packet, bytes) => {
    expect(toHex(encodeRtcp([packet]))).toBe(toHex(hex(bytes)));
    expect(parseRtcp(hex(bytes))).toStrictEqual([packet]);
  });

  it('reads and writes compounds', () => {
    const packets = both.map(([, packet]) => packet);
    const bytes = concat(...both.map(([, , digits]) => hex(digits)));
    expect(parseRtcp(bytes)).toStrictEqual(packets);
    expect(encodeRtcp(packets)).toStrictEqual(bytes);
    expect(parseRtcp(hex(''))).toStrictEqual([]);
  });

  it.each<[string, string, RtcpPacket]>([
    ['a profile-specific extension', '80c9 0002 00000001 deadbeef', { type: 'rr', ssrc: 1, reports: [] }],
    ['padding', 'a1ce 0003 00000001 00000002 00000004', { type: 'pli', ssrc: 1, mediaSsrc: 2 }],
    ['a reason for leaving', '81cb 0002 00000001 02 6279 00', { type: 'bye', ssrcs: [1] }],
    [
      'other source items',
      '81ca 0003 00000001 02 01 61 01 01 62 00 00',
      { type: 'sdes', chunks: [{ ssrc: 1, cname: 'b' }] },
    ],
    ['a chunk without a name', '81ca 0002 00000001 00000000', { type: 'sdes', chunks: [{ ssrc: 1, cname: '' }] }],
    ['extended reports', '80cf 0001 00000001', { type: 'xr', ssrc: 1, delays: [] }],
    ['extended reports of other kinds', '80cf 0003 00000001 2a 00 0001 ffffffff', { type: 'xr', ssrc: 1, delays: [] }],
    ['an unknown feedback on packets', '83cd 0002 00000001 00000002', { type: 'other', packetType: 205 }],
    ['an unknown feedback on pictures', '82ce 0002 00000001 00000002', { type: 'other', packetType: 206 }],
    ['an unknown application', '8fce 0003 00000001 00000002 41424344', { type: 'other', packetType: 206 }],
    ['an application of nothing', '8fce 0002 00000001 00000002', { type: 'other', packetType: 206 }],
    // A chunk of two bits that could have been a run, and one longer than the count.
    [
      'vectors of two bits for small deltas',
      `8fcd 0005 ${TCC_HEAD} 0002 000004 03 d400 0102`,
      feedback({ arrivals: [1, 2] }),
    ],
    ['a run longer than the count', `8fcd 0005 ${TCC_HEAD} 0002 000004 03 3fff 0102`, feedback({ arrivals: [1, 2] })],
  ])('reads %s', (_name, bytes, packet) => {
    expect(parseRtcp(hex(bytes))).toStrictEqual([packet]);
  });

  it.each([
    ['version 1', '41c9 0001 00000001', 'malformed'],
    ['a length past the end', '80c9 0002 00000001', 'truncated'],
    ['reports past the end', '81c9 0001 00000001', 'truncated'],
    ['sources past the end', '82cb 0001 00000001', 'truncated'],
    ['a name past the end', '81ca 0002 00000001 01 05 6161', 'truncated'],
    ['padding longer than the packet', 'a0c9 0001 00000005', 'malformed'],
    ['padding of a packet of nothing', 'a0c9 0000', 'malformed'],
    ['a reserved status', `8fcd 0005 ${TCC_HEAD} 0001 000004 03 6001 0000`, 'malformed'],
    ['a run of nothing', `8fcd 0005 ${TCC_HEAD} 0001 000004 03 2000 0000`, 'malformed'],
    ['statuses past the end', `8fcd 0004 ${TCC_HEAD} 0001 000004 03`, 'truncated'],
    ['deltas past the end', `8fcd 0005 ${TCC_HEAD} 0003 000004 03 2003 0102`, 'truncated'],
    ['33 packets', '80c9 0001 00000001'.repeat(33), 'too_large'],
    ['feedback on 8,193 packets', `8fcd 0005 ${TCC_HEAD} 2001 000004 03 0000 0000`, 'too_large'],
    ['a NACK of 4,096 packets', `81cd 00f3 00000001 00000002 ${'0001 ffff'.repeat(240)} 0002 7fff`, undefined],
    ['a NACK of 4,097 packets', `81cd 00f3 00000001 00000002 ${'0001 ffff'.repeat(241)}`, 'too_large'],
    ['65 full intra requests', `84ce 0084 00000001 00000000 ${'00000002 07000000'.repeat(65)}`, 'too_large'],
  ])('answers %s', (_name, bytes, code) => {
    expect(formatErrorCode(() => parseRtcp(hex(bytes)))).toBe(code);
  });

  it.each<[string, EncodableRtcpPacket]>([
    ['32 reports', { type: 'rr', ssrc: 1, reports: Array.from({ length: 32 }, () => REPORT) }],
    ['32 sources', { type: 'bye', ssrcs: Array.from({ length: 32 }, () => 1) }],
    ['a long name', { type: 'sdes', chunks: [{ ssrc: 1, cname: 'x'.repeat(256) }] }],
    [
      '256 sources of an estimate',
      { type: 'remb', ssrc: 1, bitrateBps: 1, mediaSsrcs: Array.from({ length: 256 }, () => 1) },
    ],
    ['feedback on 8,193 packets', feedback({ arrivals: Array.from({ length: 8193 }, () => undefined) })],
    ['a delta above 16 bits', feedback({ arrivals: [32_768] })],
    ['a delta below 16 bits', feedback({ arrivals: [-32_769] })],
    [
      '65,536 words',
      { type: 'fir', ssrc: 1, requests: Array.from({ length: 32_768 }, () => ({ ssrc: 1, sequence: 1 })) },
    ],
  ])('does not write %s', (_name, packet) => {
    expect(formatErrorCode(() => encodeRtcp([packet]))).toBe('too_large');
  });

  it('rounds an estimate down to 18 bits, and names a packet once', () => {
    const [remb] = parseRtcp(encodeRtcp([{ type: 'remb', ssrc: 1, bitrateBps: 0x7_ffff + 0.5, mediaSsrcs: [] }]));
    expect(remb).toMatchObject({ bitrateBps: 0x7_fffe });
    const [nack] = parseRtcp(encodeRtcp([{ type: 'nack', ssrc: 1, mediaSsrc: 2, sequences: [5, 5, 6, 6] }]));
    expect(nack).toMatchObject({ sequences: [5, 6] });
  });

  it('decode(encode(x)) is x', () => {
    const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
    const source = { ssrc: u32, mediaSsrc: u32 };
    const report = fc.record({
      ssrc: u32,
      fractionLost: fc.nat(255),
      lost: fc.integer({ min: -0x80_0000, max: 0x7f_ffff }),
      highestSequence: u32,
      jitter: u32,
      lastSr: u32,
      delaySinceLastSr: u32,
    });
    const delta = fc.oneof(fc.constant(undefined), fc.nat(255), fc.integer({ min: -0x8000, max: 0x7fff }));
    const packet = fc.oneof<fc.Arbitrary<EncodableRtcpPacket>[]>(
      fc.record({ type: fc.constant('rr'), ssrc: u32, reports: fc.array(report, { maxLength: 5 }) }),
      fc.record({
        type: fc.constant('sdes'),
        chunks: fc.array(fc.record({ ssrc: u32, cname: fc.string({ maxLength: 20 }) }), { maxLength: 5 }),
      }),
      fc.record({
        type: fc.constant('nack'),
        ...source,
        sequences: fc
          .uniqueArray(fc.nat(0xffff), { maxLength: 50 })
          .map((sequences) => sequences.toSorted((left, right) => left - right)),
      }),
      fc.record({
        type: fc.constant('transport-cc'),
        ...source,
        baseSequence: fc.nat(0xffff),
        feedbackCount: fc.nat(255),
        referenceTime: fc.nat(0xff_ffff),
        arrivals: fc
          .array(fc.tuple(delta, fc.integer({ min: 1, max: 40 })), { maxLength: 20 })
          .map((runs) => runs.flatMap(([value, count]) => Array.from({ length: count }, () => value))),
      }),
    );
    assertRoundTrip(fc.array(packet, { maxLength: 5 }), { encode: encodeRtcp, decode: parseRtcp });
  });

  it('random and damaged bytes throw FormatError only', () => {
    assertOnlyFormatErrors(parseRtcp, hostileBytes(...both.map(([, , bytes]) => hex(bytes))));
  });
});
