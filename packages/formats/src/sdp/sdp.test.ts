import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatErrorCode } from '../testing/properties.ts';
import * as offers from '../testing/real-offers.ts';
import { MAX_SDP_BYTES } from './description.ts';
import type { Sdp, SdpCodec, SdpMedia } from './description.ts';
import { encodeSdp } from './encode.ts';
import { parseSdp } from './parse.ts';

const REAL = Object.entries(offers);
const HEAD = 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n';
const VIDEO = 'm=video 9 UDP/TLS/RTP/SAVPF 96\r\n';
const EMPTY: SdpMedia = {
  kind: 'video',
  port: 9,
  protocol: 'UDP/TLS/RTP/SAVPF',
  mid: '',
  direction: 'sendrecv',
  codecs: [],
  extensions: [],
  ssrcs: [],
  ssrcGroups: [],
  rids: [],
  candidates: [],
  endOfCandidates: false,
  rtcpMux: false,
  rtcpRsize: false,
};

function section(sdp: Sdp, index: number): SdpMedia {
  const media = sdp.media[index];
  if (media === undefined) throw new Error(`no section ${index}`);
  return media;
}

function codec(media: SdpMedia, payloadType: number): SdpCodec | undefined {
  return media.codecs.find((one) => one.payloadType === payloadType);
}

/** The one section of these lines. */
function parsed(lines: string): SdpMedia {
  return section(parseSdp(HEAD + lines), 0);
}

describe('parseSdp', () => {
  it('reads Chromium: a simulcast offer', () => {
    const sdp = parseSdp(offers.CHROME_SIMULCAST);
    expect([sdp.bundle, sdp.iceLite, sdp.iceOptions]).toStrictEqual([['0', '1'], false, 'trickle']);
    const [audio, video] = [section(sdp, 0), section(sdp, 1)];
    expect(audio).toMatchObject({ kind: 'audio', mid: '0', direction: 'sendonly', setup: 'actpass', iceUfrag: 'FkwS' });
    expect(audio.fingerprint?.algorithm).toBe('sha-256');
    expect(audio.codecs[0]).toStrictEqual({
      payloadType: 111,
      name: 'opus',
      clockRate: 48_000,
      channels: 2,
      fmtp: 'minptime=10;useinbandfec=1',
      feedback: ['transport-cc'],
    });
    expect(audio.ssrcs).toStrictEqual([{ ssrc: 3557063495, cname: 'nd8jbLEz0QL42eQQ', msid: audio.msid }]);
    expect(video.codecs.map(({ payloadType, name }) => `${payloadType} ${name}`)).toStrictEqual([
      '96 VP8',
      '97 rtx',
      '108 H264',
      '109 rtx',
      '45 AV1',
      '46 rtx',
      '98 VP9',
      '99 rtx',
    ]);
    expect(codec(video, 108)?.feedback).toStrictEqual(['goog-remb', 'transport-cc', 'ccm fir', 'nack', 'nack pli']);
    expect(video.rids).toStrictEqual(['q', 'h', 'f'].map((id) => ({ id, direction: 'send' })));
    expect([video.simulcast, video.rtcpMux, video.rtcpRsize, video.ssrcs]).toStrictEqual([
      'send q;h;f',
      true,
      true,
      [],
    ]);
    expect(video.extensions).toContainEqual({ id: 10, uri: 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id' });
  });

  it('reads Chromium: candidates and a data channel', () => {
    const sdp = parseSdp(offers.CHROME_DATA);
    const [video, data] = [section(sdp, 0), section(sdp, 1)];
    expect(video.ssrcGroups).toStrictEqual([{ semantics: 'FID', ssrcs: [1886227959, 3968040825] }]);
    expect(video.ssrcs.map(({ ssrc }) => ssrc)).toStrictEqual([1886227959, 3968040825]);
    expect(video.candidates).toHaveLength(2);
    expect(video.candidates[0]).toMatch(/^candidate:1054139331 1 udp 2113937151 [-0-9a-f]+\.local 39137 typ host/);
    expect(data).toMatchObject({ kind: 'application', protocol: 'UDP/DTLS/SCTP', mid: '1', codecs: [] });
  });

  it('reads Firefox: fingerprint of the session, attributes in any order', () => {
    const sdp = parseSdp(offers.FIREFOX_PLAY);
    const [audio, video] = [section(sdp, 0), section(sdp, 1)];
    expect(audio.fingerprint).toStrictEqual(video.fingerprint);
    expect(audio.fingerprint?.value).toMatch(/^C0:B1:/);
    expect(audio.extensions[1]).toStrictEqual({
      id: 2,
      uri: 'urn:ietf:params:rtp-hdrext:csrc-audio-level',
      direction: 'recvonly',
    });
    expect(codec(audio, 9)).toStrictEqual({
      payloadType: 9,
      name: 'G722',
      clockRate: 8000,
      channels: 1,
      fmtp: '',
      feedback: [],
    });
    expect(codec(video, 126)?.fmtp).toBe('profile-level-id=42e01f;level-asymmetry-allowed=1;packetization-mode=1');
    expect([audio.rtcpRsize, video.rtcpRsize, video.direction]).toStrictEqual([false, true, 'recvonly']);
  });

  it('reads OBS: ICE and setup of the session, two kinds of groups', () => {
    const sdp = parseSdp(offers.OBS);
    expect(sdp.iceOptions).toBe('ice2,trickle');
    expect(sdp.bundle).toStrictEqual(['0', '1']);
    expect(section(sdp, 0)).toMatchObject({
      port: 57_249,
      setup: 'actpass',
      iceUfrag: 'nxcM',
      icePwd: 'ezjAjgSSLLvbRhUA1zc6Se',
      msid: 'XmQSKutZo7zYcEQl XmQSKutZo7zYcEQl-audio',
      rtcpMux: true,
      rtcpRsize: false,
    });
  });

  it('reads libdatachannel: candidates of the first section only', () => {
    const sdp = parseSdp(offers.LIBDATACHANNEL);
    const [audio, video] = [section(sdp, 0), section(sdp, 1)];
    expect([audio.candidates.length, audio.endOfCandidates]).toStrictEqual([2, true]);
    expect([video.candidates.length, video.endOfCandidates]).toStrictEqual([0, false]);
    expect(video.fingerprint).toStrictEqual(audio.fingerprint);
    expect(video.codecs).toMatchObject([{ name: 'H264', feedback: ['nack', 'nack pli', 'goog-remb'] }]);
  });

  it('reads GStreamer: the fmtp after everything else', () => {
    const video = section(parseSdp(offers.GSTREAMER), 0);
    expect(video).toMatchObject({ mid: 'video0', direction: 'sendonly', rtcpRsize: true });
    expect(codec(video, 97)?.fmtp).toBe('apt=96');
    expect(video.ssrcs[1]).toStrictEqual({
      ssrc: 1429131839,
      msid: 'user3977049223@host-7363340d webrtctransceiver0',
      cname: 'user3977049223@host-7363340d',
    });
  });

  it.each<[string, string, Partial<SdpMedia>]>([
    ['a payload type without rtpmap, left out', VIDEO, {}],
    [
      'a static one',
      'm=audio 9/2 RTP/AVP 0',
      {
        kind: 'audio',
        protocol: 'RTP/AVP',
        codecs: [{ payloadType: 0, name: 'PCMU', clockRate: 8000, fmtp: '', feedback: [] }],
      },
    ],
    ['no formats', 'm=video 0 UDP/TLS/RTP/SAVPF', { port: 0 }],
    [
      'feedback of all payload types',
      `${VIDEO}a=rtcp-fb:* nack\r\na=rtcp-fb:*   nack   pli\r\na=rtcp-fb:96 nack\r\na=rtpmap:96 VP8/90000`,
      { codecs: [{ payloadType: 96, name: 'VP8', clockRate: 90_000, fmtp: '', feedback: ['nack', 'nack pli'] }] },
    ],
    [
      'lines of payload types that are not offered',
      `${VIDEO}a=rtpmap:97 VP8/90000\r\na=fmtp:97 x=1\r\na=rtcp-fb:97 nack`,
      {},
    ],
    [
      'SHA-256 before others',
      `${VIDEO}a=fingerprint:sha-1 AA\r\na=fingerprint:SHA-256 BB\r\na=fingerprint:sha-512 CC`,
      { fingerprint: { algorithm: 'sha-256', value: 'BB' } },
    ],
    ['another hash alone', `${VIDEO}a=fingerprint:sha-512 CC`, { fingerprint: { algorithm: 'sha-512', value: 'CC' } }],
    ['bandwidth in kbit/s', `${VIDEO}b=AS:2500\r\nb=TIAS:9`, { bandwidthKbps: 2500 }],
    ['bandwidth in bit/s', `${VIDEO}b=TIAS:2500001`, { bandwidthKbps: 2501 }],
    ['another bandwidth', `${VIDEO}b=RR:1`, {}],
    ['an unknown setup', `${VIDEO}a=setup:sideways`, {}],
    ['unknown attributes', `${VIDEO}a=x-google-flag:conference\r\na=__proto__:1\r\na=constructor`, {}],
    ['an unknown source attribute', `${VIDEO}a=ssrc:1 mslabel:x`, { ssrcs: [{ ssrc: 1 }] }],
    ['a bare line feed, blanks at the end', `m=video 9 UDP/TLS/RTP/SAVPF 96 \na=mid:v \n\n`, { mid: 'v' }],
    ['a value with colons', `${VIDEO}a=msid:a:b c:d`, { msid: 'a:b c:d' }],
  ])('reads %s', (_name, lines, fields) => {
    expect(parsed(lines)).toStrictEqual({ ...EMPTY, ...fields });
  });

  it.each([
    ['', 'malformed'],
    ['v=1', 'malformed'],
    ['o=- 1 1 IN IP4 0.0.0.0', 'malformed'],
    ['v=0\r\ns=-', 'malformed'],
    ['v=0\r\nnonsense', 'malformed'],
    [`${HEAD}m=video 9`, 'malformed'],
    [`${HEAD}m=video x UDP/TLS/RTP/SAVPF 96`, 'malformed'],
    [`${HEAD}m=video 65536 UDP/TLS/RTP/SAVPF 96`, 'malformed'],
    [`${HEAD}m=video 9 UDP/TLS/RTP/SAVPF 128`, 'malformed'],
    [`${HEAD}${VIDEO}a=rtpmap:96`, 'malformed'],
    [`${HEAD}${VIDEO}a=rtpmap:96 VP8`, 'malformed'],
    [`${HEAD}${VIDEO}a=rtpmap:96 VP8/-1`, 'malformed'],
    [`${HEAD}${VIDEO}a=rtpmap:96 opus/48000/256`, 'malformed'],
    [`${HEAD}${VIDEO}a=extmap:1`, 'malformed'],
    [`${HEAD}${VIDEO}a=extmap:4352 urn:x`, 'malformed'],
    [`${HEAD}${VIDEO}a=ssrc:4294967296 cname:x`, 'malformed'],
    [`${HEAD}${VIDEO}a=ssrc-group:`, 'malformed'],
    [`${HEAD}${VIDEO}a=rid:h sideways`, 'malformed'],
    [`${HEAD}${VIDEO}a=mid:0\r\n${VIDEO}a=mid:0`, 'malformed'],
    [`${HEAD}${VIDEO}b=AS:fast`, 'malformed'],
  ])('refuses %j', (text, code) => {
    expect(formatErrorCode(() => parseSdp(text))).toBe(code);
  });

  const many = (count: number, line: (index: number) => string): string =>
    Array.from({ length: count }, (_, index) => line(index)).join('\r\n');

  it.each<[string, number, (count: number) => string]>([
    ['characters', MAX_SDP_BYTES - HEAD.length, (count) => '\n'.repeat(count)],
    ['characters in a line', 8192, (count) => `a=${'x'.repeat(count - 2)}`],
    ['sections', 32, (count) => many(count, () => 'm=audio 9 RTP/AVP 0')],
    ['sections in a bundle', 32, (count) => `a=group:BUNDLE ${many(count, String).replaceAll('\r\n', ' ')}`],
    [
      'payload types',
      128,
      (count) => `m=audio 9 RTP/AVP ${many(count, (index) => String(index % 128)).replaceAll('\r\n', ' ')}`,
    ],
    [
      'feedback of one',
      32,
      (count) => `${VIDEO}a=rtpmap:96 VP8/90000\r\n${many(count, (index) => `a=rtcp-fb:96 ${index}`)}`,
    ],
    ['feedback of all', 32, (count) => `${VIDEO}${many(count, (index) => `a=rtcp-fb:* ${index}`)}`],
    ['extensions', 64, (count) => VIDEO + many(count, (index) => `a=extmap:${index} urn:x`)],
    ['sources', 64, (count) => VIDEO + many(count, (index) => `a=ssrc:${index} cname:x`)],
    ['groups of sources', 64, (count) => VIDEO + many(count, () => 'a=ssrc-group:FID 1 2')],
    ['sources of a group', 64, (count) => `${VIDEO}a=ssrc-group:SIM ${many(count, String).replaceAll('\r\n', ' ')}`],
    ['rids', 32, (count) => VIDEO + many(count, (index) => `a=rid:${index} send`)],
    ['candidates', 64, (count) => VIDEO + many(count, () => 'a=candidate:1 1 udp 1 192.0.2.1 9 typ host')],
  ])('takes so many %s: %d', (_name, max, text) => {
    expect(formatErrorCode(() => parseSdp(HEAD + text(max)))).toBeUndefined();
    expect(formatErrorCode(() => parseSdp(HEAD + text(max + 1)))).toBe('too_large');
  });

  it('feedback of one and of all together is bounded too', () => {
    const own = many(20, (index) => `a=rtcp-fb:96 a${index}`);
    const all = many(20, (index) => `a=rtcp-fb:* b${index}`);
    expect(formatErrorCode(() => parseSdp(`${HEAD}${VIDEO}a=rtpmap:96 VP8/90000\r\n${own}\r\n${all}`))).toBe(
      'too_large',
    );
  });

  it('damaged offers throw FormatError only', () => {
    const change = fc.record({ at: fc.nat(6000), text: fc.string({ unit: 'binary-ascii', maxLength: 3 }) });
    const damaged = fc
      .tuple(fc.constantFrom(...REAL.map(([, text]) => text)), fc.array(change, { maxLength: 5 }), fc.nat(6000))
      .map(([text, changes, length]) =>
        changes.reduce(
          (whole, { at, text: inserted }) => whole.slice(0, at) + inserted + whole.slice(at + 1),
          text.slice(0, length),
        ),
      );
    fc.assert(
      fc.property(fc.oneof(damaged, fc.string({ unit: 'binary-ascii' })), (text) => {
        expect(['malformed', 'too_large', undefined]).toContain(formatErrorCode(() => parseSdp(text)));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('encodeSdp', () => {
  it('writes an answer line by line', () => {
    const answer: Sdp = {
      origin: '- 1 2 IN IP4 127.0.0.1',
      bundle: ['0', '1'],
      iceLite: true,
      iceOptions: 'trickle',
      media: [
        {
          ...EMPTY,
          mid: '0',
          direction: 'recvonly',
          codecs: [
            {
              payloadType: 111,
              name: 'opus',
              clockRate: 48_000,
              channels: 2,
              fmtp: 'useinbandfec=1',
              feedback: ['nack'],
            },
          ],
          extensions: [
            { id: 3, uri: 'urn:x' },
            { id: 4, uri: 'urn:y', direction: 'recvonly' },
          ],
          iceUfrag: 'u',
          icePwd: 'p',
          fingerprint: { algorithm: 'sha-256', value: 'AA:BB' },
          setup: 'passive',
          ssrcs: [{ ssrc: 1, cname: 'c', msid: 's t' }, { ssrc: 2 }],
          ssrcGroups: [{ semantics: 'FID', ssrcs: [1, 2] }],
          msid: 's t',
          rids: [{ id: 'h', direction: 'recv' }],
          simulcast: 'recv h',
          candidates: ['candidate:1 1 udp 1 192.0.2.1 8000 typ host'],
          endOfCandidates: true,
          rtcpMux: true,
          rtcpRsize: true,
          bandwidthKbps: 2500,
        },
        { ...EMPTY, port: 0, mid: '1', direction: 'inactive' },
        { ...EMPTY, kind: 'application', protocol: 'UDP/DTLS/SCTP', port: 0, direction: 'inactive' },
      ],
    };
    const text = [
      'v=0',
      'o=- 1 2 IN IP4 127.0.0.1',
      's=-',
      't=0 0',
      'a=group:BUNDLE 0 1',
      'a=ice-lite',
      'a=ice-options:trickle',
      'm=video 9 UDP/TLS/RTP/SAVPF 111',
      'c=IN IP4 0.0.0.0',
      'b=AS:2500',
      'a=ice-ufrag:u',
      'a=ice-pwd:p',
      'a=fingerprint:sha-256 AA:BB',
      'a=setup:passive',
      'a=mid:0',
      'a=extmap:3 urn:x',
      'a=extmap:4/recvonly urn:y',
      'a=recvonly',
      'a=msid:s t',
      'a=rtcp-mux',
      'a=rtcp-rsize',
      'a=rtpmap:111 opus/48000/2',
      'a=rtcp-fb:111 nack',
      'a=fmtp:111 useinbandfec=1',
      'a=rid:h recv',
      'a=simulcast:recv h',
      'a=ssrc-group:FID 1 2',
      'a=ssrc:1 cname:c',
      'a=ssrc:1 msid:s t',
      'a=ssrc:2',
      'a=candidate:1 1 udp 1 192.0.2.1 8000 typ host',
      'a=end-of-candidates',
      'm=video 0 UDP/TLS/RTP/SAVPF 0',
      'c=IN IP4 0.0.0.0',
      'a=mid:1',
      'a=inactive',
      'm=application 0 UDP/DTLS/SCTP webrtc-datachannel',
      'c=IN IP4 0.0.0.0',
      'a=inactive',
      '',
    ];
    expect(encodeSdp(answer).split('\r\n')).toStrictEqual(text);
  });

  it.each(REAL)('what was read of %s comes back', (_name, text) => {
    const sdp = parseSdp(text);
    expect(parseSdp(encodeSdp(sdp))).toStrictEqual(sdp);
  });

  it('lets no value begin a line', () => {
    for (const mid of ['0\r\na=x', '0\na=x', '0\r']) {
      const sdp = { origin: '-', bundle: [], iceLite: false, media: [{ ...EMPTY, mid }] };
      expect(formatErrorCode(() => encodeSdp(sdp))).toBe('malformed');
    }
  });
});
