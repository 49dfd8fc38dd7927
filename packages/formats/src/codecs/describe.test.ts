import { describe, expect, it } from 'vitest';
import { packetFromTag } from '../flv/media-packet.ts';
import type { MediaPacket } from '../flv/media-packet.ts';
import { concat, hex } from '../testing/hex.ts';
import { assertOnlyFormatErrors, formatErrorCode, hostileBytes } from '../testing/properties.ts';
import * as real from '../testing/real-samples.ts';
import { describeAudioPacket } from './describe-audio.ts';
import { describeVideoConfig } from './describe-video.ts';

function packet(type: 8 | 9, header: string, record: Uint8Array = hex('')): MediaPacket {
  return packetFromTag({ type, timestampMs: 0, body: concat(hex(header), record) });
}

describe('describeVideoConfig', () => {
  it.each([
    [
      'x264 Baseline',
      '17 00 000000',
      real.AVC_BASELINE_320X180,
      { codec: 'h264', profile: 'Baseline', level: '1.2', width: 320, height: 180 },
    ],
    [
      'x264 High',
      '17 00 000000',
      real.AVC_HIGH_1280X720,
      { codec: 'h264', profile: 'High', level: '3.1', width: 1280, height: 720 },
    ],
    [
      'x264 High, enhanced',
      '90 61766331',
      real.AVC_HIGH_1280X720,
      { codec: 'h264', profile: 'High', level: '3.1', width: 1280, height: 720 },
    ],
    [
      'x264 interlaced',
      '17 00 000000',
      real.AVC_INTERLACED_1920X1080,
      { codec: 'h264', profile: 'High', level: '6.2', width: 1920, height: 1080 },
    ],
    [
      'x264 4:2:2',
      '17 00 000000',
      real.AVC_HIGH422_642X358,
      { codec: 'h264', profile: 'High(422)', level: '3', width: 642, height: 358 },
    ],
    [
      'x264 4:4:4',
      '17 00 000000',
      real.AVC_HIGH444_640X358,
      { codec: 'h264', profile: 'High(444+Predictive)', level: '3', width: 640, height: 358 },
    ],
    [
      'x265 Main',
      '90 68766331',
      real.HEVC_MAIN_1920X1080,
      { codec: 'h265', profile: 'Main', level: '4', width: 1920, height: 1080 },
    ],
    [
      'x265 Main10 as codec id 12',
      '1c 00 000000',
      real.HEVC_MAIN10_1278X718,
      { codec: 'h265', profile: 'Main10', level: '3.1', width: 1278, height: 718 },
    ],
    [
      'SVT-AV1',
      '90 61763031',
      real.AV1_MAIN_640X360,
      { codec: 'av1', profile: 'Main', level: '2.1', width: 640, height: 360 },
    ],
    [
      'libaom, as codec id 13',
      '1d 00 000000',
      real.AV1_MAIN_10BIT_426X240,
      { codec: 'av1', profile: 'Main', level: '2.0', width: 426, height: 240 },
    ],
    ['VP9 of ffmpeg', '90 76703039', hex('01000000000a820202020000'), { codec: 'vp9', profile: '0', level: '1.0' }],
    ['VP8, without version and flags', '90 76703038', hex('0100820202020000'), { codec: 'vp8', profile: '1' }],
    ['VP9 of nothing', '90 76703039', hex(''), { codec: 'vp9' }],
    [
      'the first of the tracks',
      '96 00 61763031 00',
      real.AV1_MAIN_640X360,
      { codec: 'av1', profile: 'Main', level: '2.1', width: 640, height: 360 },
    ],
  ])('%s', (_name, header, record, info) => {
    expect(describeVideoConfig(packet(9, header, record))).toStrictEqual(info);
  });

  it('takes the empty AV1 record of the E-RTMP lab samples', () => {
    // veovera/enhanced-rtmp, e-rtmp-lab/assets/testsrc.flv
    expect(describeVideoConfig(packet(9, '90 61763031'))).toStrictEqual({ codec: 'av1' });
  });

  it('knows nothing of frames, MPEG-2 TS descriptors, unread codecs and audio', () => {
    for (const header of ['17 01 000000', '95 61763031', '90 76766331'])
      expect(describeVideoConfig(packet(9, header))).toBeUndefined();
    expect(describeVideoConfig(packet(8, 'af 00'))).toBeUndefined();
  });

  it('refuses a malformed record', () => {
    expect(formatErrorCode(() => describeVideoConfig(packet(9, '17 00 000000')))).toBe('truncated');
    assertOnlyFormatErrors(
      (record) => describeVideoConfig(packet(9, '90 68766331', record)),
      hostileBytes(real.HEVC_MAIN_1920X1080),
    );
    assertOnlyFormatErrors(
      (record) => describeVideoConfig(packet(9, '17 00 000000', record)),
      hostileBytes(real.AVC_HIGH_1280X720),
    );
    assertOnlyFormatErrors(
      (record) => describeVideoConfig(packet(9, '90 61763031', record)),
      hostileBytes(real.AV1_MAIN_640X360),
    );
  });
});

describe('describeAudioPacket', () => {
  it.each([
    ['AAC', 'af 00', real.AAC_LC_STEREO, { codec: 'aac', sampleRateHz: 44_100, channels: 2, profile: 'LC' }],
    [
      'AAC 2.1, enhanced',
      '90 6d703461',
      real.AAC_LC_2_1,
      { codec: 'aac', sampleRateHz: 44_100, channels: 3, profile: 'LC' },
    ],
    ['HE-AAC v2', 'af 00', hex('eb8a0800'), { codec: 'aac', sampleRateHz: 44_100, channels: 2, profile: 'HEv2' }],
    ['Opus 5.1', '90 4f707573', real.OPUS_5_1, { codec: 'opus', sampleRateHz: 48_000, channels: 6 }],
    ['Opus without a head', '90 4f707573', hex(''), { codec: 'opus', sampleRateHz: 48_000 }],
    ['FLAC', '90 664c6143', real.FLAC_STEREO, { codec: 'flac', sampleRateHz: 48_000, channels: 2 }],
    ['a multichannel config', '94 4f707573', hex('00 06'), { codec: 'opus', channels: 6 }],
    ['MP3', '2e', hex('ff'), { codec: 'mp3', sampleRateHz: 44_100, channels: 1 }],
    ['PCM', '3b', hex('00'), { codec: 'pcm', sampleRateHz: 22_050, channels: 2 }],
    ['G.711', '72', hex('00'), { codec: 'g711a', sampleRateHz: 8_000, channels: 1 }],
    ['Speex', 'b6', hex('00'), { codec: 'speex', sampleRateHz: 16_000, channels: 1 }],
  ])('%s', (_name, header, record, info) => {
    expect(describeAudioPacket(packet(8, header, record))).toStrictEqual(info);
  });

  it('knows nothing of frames, unread codecs and video', () => {
    for (const header of ['af 01', '91 4f707573', '90 61632d33'])
      expect(describeAudioPacket(packet(8, header))).toBeUndefined();
    expect(describeAudioPacket(packet(9, '17 00 000000'))).toBeUndefined();
  });
});
