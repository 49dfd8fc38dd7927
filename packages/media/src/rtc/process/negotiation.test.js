import { encodeSdp, parseSdp } from '@kaibo/formats';
import { describe, expect, it } from 'vitest';
import {
  CHROME_DATA,
  CHROME_SIMULCAST,
  FIREFOX_PLAY,
  GSTREAMER,
  LIBDATACHANNEL,
  OBS,
} from '../../../../formats/src/testing/real-offers.ts';
import { negotiatePlay, negotiatePublish, NegotiationError } from './negotiation.ts';
const TRANSPORT = {
  iceUfrag: 'ours',
  icePwd: 'p'.repeat(22),
  fingerprint: { algorithm: 'sha-256', value: 'AA' },
  setup: 'passive',
};
const CANDIDATE = 'candidate:1 1 udp 2130706431 192.0.2.1 8000 typ host';
const OPTIONS = { candidates: [CANDIDATE], origin: '- 1 1 IN IP4 127.0.0.1' };
/** The answer as the offerer reads it, and what was agreed on. */
function answer(negotiated, sources) {
  const text = encodeSdp(negotiated.answer(TRANSPORT, { ...OPTIONS, sources }));
  const sdp = parseSdp(text);
  return {
    text,
    sdp,
    lines: sdp.media.map(
      ({ kind, port, direction, codecs }) =>
        `${kind} ${port} ${direction} ${codecs.map(({ payloadType, name }) => `${payloadType}:${name}`).join(' ')}`,
    ),
  };
}
const publish = (offer) => answer(negotiatePublish(parseSdp(offer)));
const play = (offer, video = 'h264', h264Profile) => answer(negotiatePlay(parseSdp(offer), { video, h264Profile }));
/** The other direction of a real offer. */
const asViewer = (offer) => offer.replaceAll('a=sendonly', 'a=recvonly');
const failure = (act) => {
  try {
    act();
  } catch (error) {
    if (error instanceof NegotiationError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'none';
};
describe('a publisher’s offer', () => {
  it.each([
    {
      name: 'Chrome, simulcast',
      offer: CHROME_SIMULCAST,
      lines: ['audio 9 recvonly 111:opus', 'video 9 recvonly 108:H264'],
    },
    {
      name: 'Chrome, with a data channel',
      offer: CHROME_DATA,
      lines: ['video 9 recvonly 108:H264', 'application 0 inactive '],
    },
    { name: 'libdatachannel', offer: LIBDATACHANNEL, lines: ['audio 9 recvonly 111:opus', 'video 9 recvonly 96:H264'] },
    { name: 'OBS, sound only', offer: OBS, lines: ['audio 9 recvonly 111:opus'] },
    { name: 'GStreamer', offer: GSTREAMER, lines: ['video 9 recvonly 96:H264'] },
  ])('of $name', ({ offer, lines }) => {
    const { lines: answered, sdp, text } = publish(offer);
    expect(answered).toEqual(lines);
    expect(sdp.media.map(({ mid }) => mid)).toEqual(parseSdp(offer).media.map(({ mid }) => mid));
    expect(sdp.bundle).toEqual(sdp.media.filter(({ port }) => port !== 0).map(({ mid }) => mid));
    for (const media of sdp.media.filter(({ port }) => port !== 0)) {
      expect(media).toMatchObject({
        ...TRANSPORT,
        rtcpMux: true,
        candidates: [CANDIDATE],
        endOfCandidates: true,
        ssrcs: [],
      });
    }
    expect(text).not.toContain('simulcast');
    expect(text).not.toContain('a=rid');
  });
  it('asks for what we do ourselves: arrivals told by transport-cc, else an estimate', () => {
    const chrome = publish(CHROME_SIMULCAST).sdp.media[1];
    expect(chrome?.codecs[0]?.feedback.toSorted()).toEqual(['ccm fir', 'nack', 'nack pli', 'transport-cc']);
    expect(chrome?.extensions.map(({ id }) => id)).toEqual([3, 4]);
    const obs = publish(LIBDATACHANNEL).sdp.media[1];
    expect(obs?.codecs[0]?.feedback).toEqual(['nack', 'nack pli', 'goog-remb']);
    expect(obs?.extensions).toEqual([]);
  });
  it('gets stereo with forward error correction', () => {
    expect(publish(OBS).sdp.media[0]?.codecs[0]?.fmtp).toContain('stereo=1');
    expect(publish(OBS).sdp.media[0]?.codecs[0]?.fmtp).toContain('useinbandfec=1');
  });
  it.each([
    { name: 'H.264 before all', keep: ['VP8', 'H264', 'AV1', 'VP9'], chosen: '108:H264' },
    { name: 'AV1 without it', keep: ['VP8', 'AV1', 'VP9'], chosen: '45:AV1' },
    { name: 'VP9 without that', keep: ['VP8', 'VP9'], chosen: '98:VP9' },
    { name: 'VP8 at last', keep: ['VP8'], chosen: '96:VP8' },
  ])('takes $name', ({ keep, chosen }) => {
    const names = ['VP8', 'H264', 'AV1', 'VP9'].filter((name) => !keep.includes(name));
    const offer = names.reduce((text, name) => text.replace(`${name}/90000`, `${name}x/90000`), CHROME_SIMULCAST);
    expect(publish(offer).lines[1]).toBe(`video 9 recvonly ${chosen}`);
  });
  it('of H.264 takes fragments before single units, and these when there is nothing else', () => {
    const zero = CHROME_SIMULCAST.replaceAll('packetization-mode=1', 'packetization-mode=0');
    expect(publish(zero).lines[1]).toBe('video 9 recvonly 108:H264');
    const both = CHROME_DATA.replace(
      'a=rtpmap:108 H264/90000',
      'a=rtpmap:96 H264/90000\na=fmtp:96 profile-level-id=42e01f\na=rtpmap:108 H264/90000',
    ).replace('a=rtpmap:96 VP8/90000\n', '');
    expect(publish(both).lines[0]).toBe('video 9 recvonly 108:H264');
  });
  it.each([
    {
      name: 'no codec in common',
      offer: CHROME_DATA.replaceAll(/(VP8|H264)\/90000/g, 'H261/90000'),
      text: 'codec_unsupported: No codec in common. Offered video: H261, rtx.',
    },
    {
      name: 'no bundle',
      offer: LIBDATACHANNEL.replace('a=group:BUNDLE 0 1\n', ''),
      text: 'bundle_required: Audio and video must be bundled (a=group:BUNDLE).',
    },
    {
      name: 'nothing that is sent',
      offer: asViewer(OBS),
      text: 'nothing_offered: The offer has no audio or video for us.',
    },
    {
      name: 'a data channel alone',
      offer: CHROME_DATA.replace('m=video 9', 'm=video 0').replace('BUNDLE 0 1', 'BUNDLE 1'),
      text: 'nothing_offered: The offer has no audio or video for us.',
    },
  ])('of $name is refused', ({ offer, text }) => expect(failure(() => negotiatePublish(parseSdp(offer)))).toBe(text));
  it('takes the lines that exist in a bundle only (Firefox and GStreamer, max-bundle)', () => {
    const offer = LIBDATACHANNEL.replace('m=video 60992', 'm=video 0').replace('a=mid:1', 'a=mid:1\na=bundle-only');
    expect(publish(offer).lines).toEqual(['audio 9 recvonly 111:opus', 'video 9 recvonly 96:H264']);
  });
  it('refuses a second line of a kind, and one that was given up', () => {
    const second = CHROME_DATA.slice(CHROME_DATA.indexOf('m=video'), CHROME_DATA.indexOf('m=application'));
    const offer = `${CHROME_DATA.replace('BUNDLE 0 1', 'BUNDLE 0 1 2')}${second.replace('a=mid:0', 'a=mid:2')}`;
    expect(publish(offer).lines).toEqual([
      'video 9 recvonly 108:H264',
      'application 0 inactive ',
      'video 0 inactive 96:VP8',
    ]);
    const givenUp = LIBDATACHANNEL.replace('m=audio 60992', 'm=audio 0').replace('BUNDLE 0 1', 'BUNDLE 1');
    const { lines, sdp } = publish(givenUp);
    expect(lines).toEqual(['audio 0 inactive 111:opus', 'video 9 recvonly 96:H264']);
    expect(sdp.bundle).toEqual(['1']);
  });
  it('of one line without a bundle or a name is answered without them', () => {
    const { text, sdp } = publish(OBS.replace(/a=group:BUNDLE.*\n/, '').replace('a=mid:0\n', ''));
    expect(sdp.bundle).toEqual([]);
    expect(text).not.toContain('BUNDLE');
  });
  it('of many lines is refused', () => {
    const line = OBS.slice(OBS.indexOf('m=audio')).replace('a=mid:0\n', '');
    expect(() => negotiatePublish(parseSdp(OBS + line.repeat(8)))).toThrow('9 lines of media');
  });
});
describe('a viewer’s offer', () => {
  it('of Firefox is answered with the stream’s sources', () => {
    const negotiated = negotiatePlay(parseSdp(FIREFOX_PLAY), { video: 'h264', h264Profile: 0x42 });
    const sources = new Map([
      [0, { ssrc: 11, msid: 'kaibo 0' }],
      [1, { ssrc: 22, msid: 'kaibo 1' }],
    ]);
    const { lines, sdp } = answer(negotiated, sources);
    expect(lines).toEqual(['audio 9 sendonly 109:opus', 'video 9 sendonly 126:H264']);
    expect(sdp.media.map(({ ssrcs }) => ssrcs)).toEqual([
      [{ ssrc: 11, cname: 'kaibo', msid: 'kaibo 0' }],
      [{ ssrc: 22, cname: 'kaibo', msid: 'kaibo 1' }],
    ]);
    expect(sdp.media.flatMap(({ extensions }) => extensions)).toEqual([]);
  });
  it('keeps each codec, the stream’s own first', () => {
    const offer = asViewer(CHROME_SIMULCAST);
    expect(play(offer, 'vp9').lines[1]).toBe('video 9 sendonly 98:VP9 108:H264 45:AV1 96:VP8');
    expect(play(offer, undefined).lines[1]).toBe('video 9 sendonly 108:H264 45:AV1 98:VP9 96:VP8');
  });
  it('of another codec than the stream’s is refused by name', () => {
    const offer = asViewer(CHROME_SIMULCAST);
    expect(failure(() => play(offer, 'h265'))).toBe(
      'codec_unsupported: This stream’s video is H265, which was not offered.',
    );
    expect(failure(() => play(FIREFOX_PLAY, 'vp8'))).toBe(
      'codec_unsupported: This stream’s video is VP8, which was not offered.',
    );
    expect(failure(() => play(CHROME_SIMULCAST))).toMatch(/^nothing_offered/);
  });
  it('of H.264 profiles takes the one that is nearest', () => {
    const more = ['42001f', '4d001f', '64001f'].map(
      (profile, index) =>
        `a=rtpmap:${35 + index} H264/90000\na=fmtp:${35 + index} packetization-mode=1;profile-level-id=${profile}\n`,
    );
    const offer = asViewer(CHROME_DATA)
      .replace('SAVPF 96 97 108 109', 'SAVPF 96 97 108 109 35 36 37')
      .replace('a=rtpmap:109', `${more.join('')}a=rtpmap:109`);
    const chosen = (profile) => play(offer, 'h264', profile).sdp.media[0]?.codecs[0]?.payloadType;
    expect([0x64, 0x4d, 0x42, 0x58, undefined].map(chosen)).toEqual([37, 36, 108, 108, 108]);
  });
  it('is answered validly whatever is left out', () => {
    const offer = parseSdp(asViewer(CHROME_DATA));
    const { lines } = answer(negotiatePlay(offer, { video: 'h264' }));
    expect(lines).toEqual(['video 9 sendonly 108:H264 96:VP8', 'application 0 inactive ']);
  });
});
