import { describe, expect, it } from 'vitest';
import { decodeAmf0 } from '../amf/amf0-decode.ts';
import { encodeAmf0 } from '../amf/amf0-encode.ts';
import { AmfEcmaArray } from '../amf/value.ts';
import { concat, hex, toHex } from '../testing/hex.ts';
import { assertOnlyFormatErrors, formatErrorCode, hostileBytes } from '../testing/properties.ts';
import { REAL_FLV } from '../testing/real-samples.ts';
import { FlvDemuxer } from './demuxer.ts';
import { encodeFlvHeader } from './header.ts';
import { packetFromTag, tagFromPacket } from './media-packet.ts';
import { encodeFlvTag } from './tag.ts';
import type { FlvTagType } from './tag.ts';

const none = { keyframe: false, config: false, end: false, metadata: false, multitrack: false, alternate: false };

describe('packetFromTag', () => {
  it.each<[string, FlvTagType, string, object]>([
    ['AVC configuration', 9, '17 00 000000', { kind: 'video', codec: 'h264', config: true }],
    ['AVC key frame', 9, '17 01 000050', { kind: 'video', codec: 'h264', keyframe: true, ptsMs: 180 }],
    ['AVC frame', 9, '27 01 fffff6', { kind: 'video', codec: 'h264', ptsMs: 90 }],
    ['AVC end', 9, '17 02 000000', { kind: 'video', codec: 'h264', end: true }],
    ['command frame', 9, '57 00', { kind: 'video', codec: 'h264' }],
    ['enhanced command frame', 9, 'd0 00', { kind: 'video', codec: 'unknown' }],
    ['HEVC SequenceStart', 9, '90 68766331', { kind: 'video', codec: 'h265', config: true }],
    ['AV1 in MPEG-2 TS', 9, '95 61763031', { kind: 'video', codec: 'av1', config: true }],
    ['HEVC key frame', 9, '93 68766331', { kind: 'video', codec: 'h265', keyframe: true }],
    ['HEVC end', 9, '92 68766331', { kind: 'video', codec: 'h265', end: true }],
    ['colour info', 9, '94 68766331', { kind: 'video', codec: 'h265', metadata: true }],
    ['multitrack key frame', 9, '96 01 61763031 00', { kind: 'video', codec: 'av1', keyframe: true, multitrack: true }],
    ['H.263 key frame', 9, '12', { kind: 'video', codec: 'h263', keyframe: true }],
    ['AAC configuration', 8, 'af 00 1210', { kind: 'audio', codec: 'aac', config: true }],
    ['AAC frame', 8, 'af 01', { kind: 'audio', codec: 'aac' }],
    ['MP3', 8, '2f', { kind: 'audio', codec: 'mp3' }],
    ['Opus SequenceStart', 8, '90 4f707573', { kind: 'audio', codec: 'opus', config: true }],
    ['MultichannelConfig', 8, '94 4f707573', { kind: 'audio', codec: 'opus', config: true }],
    ['Opus end', 8, '92 4f707573', { kind: 'audio', codec: 'opus', end: true }],
    ['script of another name', 18, '02 0003 616263', { kind: 'data', codec: 'script' }],
    ['script without a name', 18, '', { kind: 'data', codec: 'script' }],
    ['script cut off', 18, '02 000a 6f6e', { kind: 'data', codec: 'script' }],
  ])('%s', (_name, type, bytes, expected) => {
    const tag = { type, timestampMs: 100, body: hex(bytes) };
    const packet = packetFromTag(tag);
    expect(packet).toStrictEqual({ ...none, dtsMs: 100, ptsMs: 100, payload: tag.body, ...expected });
    expect(tagFromPacket(packet)).toStrictEqual(tag);
  });

  it('knows onMetaData, also behind @setDataFrame', () => {
    for (const values of [
      ['onMetaData', {}],
      ['@setDataFrame', 'onMetaData', {}],
    ]) {
      expect(packetFromTag({ type: 18, timestampMs: 0, body: encodeAmf0(values) }).metadata).toBe(true);
    }
  });

  it('refuses an empty body of video and audio', () => {
    for (const type of [8, 9] as const) {
      expect(formatErrorCode(() => packetFromTag({ type, timestampMs: 0, body: hex('') }))).toBe('truncated');
    }
  });

  it('random bytes throw FormatError only', () => {
    for (const type of [8, 9, 18] as const) {
      assertOnlyFormatErrors((body) => packetFromTag({ type, timestampMs: 0, body }), hostileBytes());
    }
  });
});

describe('a FLV file of ffmpeg', () => {
  const demuxer = new FlvDemuxer();
  const tags = demuxer.push(REAL_FLV);
  const packets = tags.map((tag) => packetFromTag(tag));

  it('is metadata, configurations, and frames out of order', () => {
    demuxer.finish();
    expect(
      packets.map(({ kind, dtsMs, ptsMs, keyframe, config, end, metadata }) => {
        const marks = Object.entries({ keyframe, config, end, metadata })
          .filter(([, set]) => set)
          .map(([mark]) => mark);
        return [kind, dtsMs, ptsMs, ...marks].join(' ');
      }),
    ).toStrictEqual([
      'data 0 0 metadata',
      'video 0 0 config',
      'audio 0 0 config',
      'video 0 40 keyframe',
      'audio 17 17',
      'video 40 120',
      'audio 40 40',
      'audio 63 63',
      'video 80 80',
      'audio 86 86',
      'audio 110 110',
      'audio 133 133',
      'video 80 80 end',
    ]);
  });

  it('has its metadata', () => {
    const [name, metadata] = decodeAmf0(packets[0]?.payload ?? hex(''));
    expect(name).toBe('onMetaData');
    expect(metadata instanceof AmfEcmaArray && metadata.entries).toMatchObject({
      width: 64,
      height: 48,
      framerate: 25,
      videocodecid: 7,
      stereo: false,
    });
  });

  it('comes back byte for byte', () => {
    const bytes = concat(
      encodeFlvHeader({ hasAudio: true, hasVideo: true }),
      ...packets.map((packet) => encodeFlvTag(tagFromPacket(packet))),
    );
    expect(toHex(bytes)).toBe(toHex(REAL_FLV));
  });
});
