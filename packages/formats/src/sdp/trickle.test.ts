import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatErrorCode } from '../testing/properties.ts';
import { CHROME_DATA, LIBDATACHANNEL } from '../testing/real-offers.ts';
import { encodeIceCandidate, parseIceCandidate } from './candidate.ts';
import type { IceCandidate } from './candidate.ts';
import { parseFmtp } from './fmtp.ts';
import { parseSdpFragment } from './fragment.ts';

const CANDIDATE = 'candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1';

describe('parseSdpFragment', () => {
  it('reads the example of RFC 9725, 4.3.3', () => {
    const text = [
      'a=group:BUNDLE 0 1',
      'm=audio 9 UDP/TLS/RTP/SAVPF 111',
      'a=mid:0',
      'a=ice-ufrag:EsAw',
      'a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1',
      `a=${CANDIDATE}`,
      'a=candidate:3471623853 1 udp 2122194687 198.51.100.2 61765 typ host generation 0 ufrag EsAw network-id 2',
      'a=end-of-candidates',
      '',
    ].join('\r\n');
    expect(parseSdpFragment(text)).toStrictEqual({
      iceUfrag: 'EsAw',
      icePwd: 'P2uYro0UCOQ4zxjKXaWCBui1',
      candidates: [
        { mid: '0', candidate: CANDIDATE },
        {
          mid: '0',
          candidate:
            'candidate:3471623853 1 udp 2122194687 198.51.100.2 61765 typ host generation 0 ufrag EsAw network-id 2',
        },
      ],
      endOfCandidates: true,
    });
  });

  it('reads ICE before the sections, a section without a mid, and nothing', () => {
    expect(
      parseSdpFragment(
        `a=ice-ufrag:u\na=ice-pwd:p\nm=audio 9 RTP/AVP 0\na=mid:a\na=${CANDIDATE}\nm=video 9 RTP/AVP 0\na=${CANDIDATE}`,
      ),
    ).toStrictEqual({
      iceUfrag: 'u',
      icePwd: 'p',
      candidates: [{ mid: 'a', candidate: CANDIDATE }, { candidate: CANDIDATE }],
      endOfCandidates: false,
    });
    expect(parseSdpFragment('')).toStrictEqual({ candidates: [], endOfCandidates: false });
  });

  it('is bounded, and throws FormatError only', () => {
    expect(formatErrorCode(() => parseSdpFragment(`a=${CANDIDATE}\n`.repeat(64)))).toBeUndefined();
    expect(formatErrorCode(() => parseSdpFragment(`a=${CANDIDATE}\n`.repeat(65)))).toBe('too_large');
    expect(formatErrorCode(() => parseSdpFragment('a='.padEnd(8193, 'x')))).toBe('too_large');
    expect(formatErrorCode(() => parseSdpFragment('{"candidate":""}'))).toBe('malformed');
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
        expect(['malformed', 'too_large', undefined]).toContain(formatErrorCode(() => parseSdpFragment(text)));
      }),
    );
  });
});

describe('ICE candidates', () => {
  it.each<[string, IceCandidate]>([
    [
      'candidate:1 1 udp 2114977791 192.0.2.2 44455 typ host',
      {
        foundation: '1',
        component: 1,
        protocol: 'udp',
        priority: 2114977791,
        address: '192.0.2.2',
        port: 44_455,
        type: 'host',
      },
    ],
    [
      'candidate:a+/ 256 tcp 4294967295 2001:db8::1 65535 typ relay',
      {
        foundation: 'a+/',
        component: 256,
        protocol: 'tcp',
        priority: 4294967295,
        address: '2001:db8::1',
        port: 65_535,
        type: 'relay',
      },
    ],
  ])('%s', (text, candidate) => {
    expect(encodeIceCandidate(candidate)).toBe(text);
    expect(parseIceCandidate(text)).toStrictEqual(candidate);
    expect(parseIceCandidate(`a=${text}`)).toStrictEqual(candidate);
  });

  it('reads those of browsers and libdatachannel', () => {
    const lines = `${CHROME_DATA}\n${LIBDATACHANNEL}`.split('\n').filter((line) => line.startsWith('a=candidate:'));
    expect(lines).toHaveLength(6);
    for (const line of lines)
      expect(parseIceCandidate(line)).toMatchObject({ component: 1, protocol: 'udp', type: 'host' });
    expect(
      parseIceCandidate('candidate:4 1 TCP 2105458943 192.168.6.2 9 typ srflx raddr 10.0.0.1 rport 9 tcptype active'),
    ).toMatchObject({ protocol: 'tcp', type: 'srflx' });
  });

  it.each([
    ['', 'malformed'],
    ['1 1 udp 1 192.0.2.1 9 typ host', 'malformed'],
    ['candidate:1 1 udp 1 192.0.2.1 9', 'malformed'],
    ['candidate:1 1 udp 1 192.0.2.1 9 typ', 'malformed'],
    ['candidate:1 257 udp 1 192.0.2.1 9 typ host', 'malformed'],
    ['candidate:1 1 udp 4294967296 192.0.2.1 9 typ host', 'malformed'],
    ['candidate:1 1 udp 1 192.0.2.1 65536 typ host', 'malformed'],
    [`candidate:1 1 udp 1 ${'a'.repeat(256)} 9 typ host`, 'malformed'],
    ['candidate:'.padEnd(1025, 'x'), 'too_large'],
  ])('refuses %j', (text, code) => {
    expect(formatErrorCode(() => parseIceCandidate(text))).toBe(code);
  });

  it('throws FormatError only', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom('typ', '1', 'udp'), fc.string({ unit: 'binary-ascii', maxLength: 8 }))),
        (words) => {
          const code = formatErrorCode(() => parseIceCandidate(`candidate:${words.join(' ')}`));
          expect(['malformed', 'too_large', undefined]).toContain(code);
        },
      ),
    );
  });
});

describe('parseFmtp', () => {
  it.each([
    ['', []],
    [
      'minptime=10;useinbandfec=1',
      [
        ['minptime', '10'],
        ['useinbandfec', '1'],
      ],
    ],
    [
      'Profile-Level-ID=42E01F; packetization-mode = 1 ;',
      [
        ['profile-level-id', '42E01F'],
        ['packetization-mode', '1'],
      ],
    ],
    ['0-15', [['0-15', '']]],
    ['111/111', [['111/111', '']]],
    [
      'a=1;A=2;b==',
      [
        ['a', '1'],
        ['b', '='],
      ],
    ],
    ['__proto__=1', [['__proto__', '1']]],
  ])('%j', (fmtp, entries) => {
    expect([...parseFmtp(fmtp)]).toStrictEqual(entries);
  });

  it('is bounded', () => {
    expect(parseFmtp(Array.from({ length: 65 }, (_, index) => `p${index}=1`).join(';')).size).toBe(64);
  });
});
