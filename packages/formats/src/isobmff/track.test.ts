import { describe, expect, it } from 'vitest';
import { flvPacket } from '../testing/flv-packets.ts';
import { concat, hex } from '../testing/hex.ts';
import { assertOnlyFormatErrors, formatErrorCode, hostileBytes } from '../testing/properties.ts';
import * as real from '../testing/real-samples.ts';
import { encodeInitSegment } from './init-segment.ts';
import { parseInit } from './moov.ts';
import { samplePayload } from './sample-payload.ts';
import { audioTrackOf, videoTrackOf } from './track.ts';

/** 320x180, profile 0, 8 bits. */
const VP9_KEY_FRAME = hex('824983420013f00b30');
const VP9_CONFIG = hex('01000000000a820202020000');
const AV1_CONFIG_OBUS = real.AV1_MAIN_640X360.subarray(4);
/** MPEG-1 layer III, 44.1 kHz, joint stereo; MPEG-2 layer III, 22.05 kHz, mono. */
const MP3_FRAME = hex('fffb9064 00');
const MP3_MPEG2_FRAME = hex('fff380c4 00');

describe('videoTrackOf', () => {
  it.each([
    ['H.264 Baseline', '17 00 000000', real.AVC_BASELINE_320X180, 'avc', 'avc1.42c00c', 320, 180],
    ['H.264 High, enhanced', '90 61766331', real.AVC_HIGH_1280X720, 'avc', 'avc1.64001f', 1280, 720],
    ['H.265 Main', '90 68766331', real.HEVC_MAIN_1920X1080, 'hevc', 'hvc1.1.6.L120.90', 1920, 1080],
    ['H.265 Main 10', '1c 00 000000', real.HEVC_MAIN10_1278X718, 'hevc', 'hvc1.2.4.L93.90', 1278, 718],
    ['AV1', '90 61763031', real.AV1_MAIN_640X360, 'av1', 'av01.0.01M.08', 640, 360],
    ['AV1 of 10 bits', '90 61763031', real.AV1_MAIN_10BIT_426X240, 'av1', 'av01.0.00M.10', 426, 240],
    ['the first of the tracks', '96 00 61763031 00', real.AV1_MAIN_640X360, 'av1', 'av01.0.01M.08', 640, 360],
    ['VP9, whose size is in a key frame', '90 76703039', VP9_CONFIG, 'vp9', 'vp09.00.10.08', 0, 0],
  ])('%s', (_name, header, record, codec, codecString, width, height) => {
    const track = videoTrackOf(flvPacket('video', header, record));
    expect(track).toMatchObject({ kind: 'video', codec, codecString, width, height, timescale: 90_000 });
    expect(parseInit(encodeInitSegment({ video: track }))).toEqual([
      { trackId: 1, kind: 'video', timescale: 90_000, codecString, width, height },
    ]);
  });

  it('writes hvcC of the draft as version 1', () => {
    const draft = concat(hex('00'), real.HEVC_MAIN_1920X1080.subarray(1));
    const { sampleEntry } = videoTrackOf(flvPacket('video', '90 68766331', draft));
    expect(sampleEntry).toEqual(videoTrackOf(flvPacket('video', '90 68766331', real.HEVC_MAIN_1920X1080)).sampleEntry);
  });

  it('learns from a key frame what the record does not say', () => {
    const vp9 = flvPacket('video', '90 76703039', VP9_CONFIG);
    const key = flvPacket('video', '91 76703039', VP9_KEY_FRAME);
    expect(videoTrackOf(vp9, key)).toMatchObject({ codecString: 'vp09.00.10.08', width: 320, height: 180 });
    const empty = flvPacket('video', '90 61763031');
    const av1Key = flvPacket('video', '91 61763031', AV1_CONFIG_OBUS);
    expect(videoTrackOf(empty, av1Key)).toMatchObject({ codecString: 'av01.0.01M.08', width: 640, height: 360 });
    expect(formatErrorCode(() => videoTrackOf(empty))).toBe('truncated');
  });

  it.each([
    ['H.266', '90 76766331', real.AVC_HIGH_1280X720],
    ['a frame', '17 01 000000', real.AVC_HIGH_1280X720],
    ['a command', '57 00', hex('')],
    ['Sorenson', '12', hex('00')],
    ['H.264 without parameter sets', '17 00 000000', hex('0164001fffe000')],
  ])('refuses %s', (_name, header, record) => {
    expect(formatErrorCode(() => videoTrackOf(flvPacket('video', header, record)))).toBe('unsupported');
  });

  it.each([
    ['17 00 000000', real.AVC_HIGH_1280X720],
    ['90 68766331', real.HEVC_MAIN_1920X1080],
    ['90 61763031', real.AV1_MAIN_640X360],
    ['90 76703039', VP9_CONFIG],
  ])('damaged records after %s throw FormatError only', (header, record) => {
    const key = flvPacket('video', '91 76703039', VP9_KEY_FRAME);
    assertOnlyFormatErrors((bytes) => videoTrackOf(flvPacket('video', header, bytes), key), hostileBytes(record));
    assertOnlyFormatErrors(
      (bytes) => videoTrackOf(flvPacket('video', header), flvPacket('video', '91 61763031', bytes)),
      hostileBytes(AV1_CONFIG_OBUS, VP9_KEY_FRAME),
    );
  });
});

describe('audioTrackOf', () => {
  it.each([
    ['AAC', 'af 00', real.AAC_LC_STEREO, 'aac', 'mp4a.40.2', 44_100, 44_100, 2, 1024],
    ['AAC 5.1, enhanced', '90 6d703461', real.AAC_LC_5_1, 'aac', 'mp4a.40.2', 48_000, 48_000, 6, 1024],
    ['HE-AAC v2, counted at its core', 'af 00', hex('eb8a0800'), 'aac', 'mp4a.40.29', 22_050, 44_100, 2, 1024],
    ['Opus', '90 4f707573', real.OPUS_MONO, 'opus', 'opus', 48_000, 48_000, 1, undefined],
    ['Opus 5.1', '90 4f707573', real.OPUS_5_1, 'opus', 'opus', 48_000, 48_000, 6, undefined],
    ['Opus without a head', '90 4f707573', hex(''), 'opus', 'opus', 48_000, 48_000, 2, undefined],
    ['FLAC', '90 664c6143', real.FLAC_STEREO, 'flac', 'flac', 48_000, 48_000, 2, 4608],
    ['MP3, of a frame', '2e', MP3_FRAME, 'mp3', 'mp4a.6B', 44_100, 44_100, 2, 1152],
    ['MP3 of half the rate', '91 2e6d7033', MP3_MPEG2_FRAME, 'mp3', 'mp4a.69', 22_050, 22_050, 1, 576],
  ])('%s', (_name, header, record, codec, codecString, timescale, sampleRateHz, channels, frameSamples) => {
    const track = audioTrackOf(flvPacket('audio', header, record));
    expect(track).toMatchObject({ kind: 'audio', codec, codecString, timescale, sampleRateHz, channels });
    expect(track.frameSamples).toBe(frameSamples);
    expect(parseInit(encodeInitSegment({ audio: track }))).toEqual([
      { trackId: 2, kind: 'audio', timescale, codecString },
    ]);
  });

  it.each([
    ['PCM', '3e', hex('00')],
    ['AC-3', '90 61632d33', hex('00')],
    ['an AAC frame', 'af 01', real.AAC_LC_STEREO],
    ['a multichannel configuration', '94 4f707573', hex('00 06')],
    ['MPEG audio layer II', '2e', hex('fffd9064')],
  ])('refuses %s', (_name, header, record) => {
    expect(formatErrorCode(() => audioTrackOf(flvPacket('audio', header, record)))).toBe('unsupported');
  });

  it.each([
    ['af 00', real.AAC_LC_5_1],
    ['90 4f707573', real.OPUS_5_1],
    ['90 664c6143', real.FLAC_STEREO],
    ['2e', MP3_FRAME],
  ])('damaged records after %s throw FormatError only', (header, record) => {
    assertOnlyFormatErrors(
      (bytes) => encodeInitSegment({ audio: audioTrackOf(flvPacket('audio', header, bytes)) }),
      hostileBytes(record),
    );
  });
});

describe('samplePayload', () => {
  it.each([
    ['H.264', 'video', '27 01 000028', '0102'],
    ['H.264, enhanced, with composition time', 'video', 'a1 61766331 000028', '0102'],
    ['H.264, enhanced, without', 'video', 'a3 61766331', '0102'],
    ['AV1', 'video', 'a1 61763031', '0102'],
    ['with a nanosecond offset', 'video', 'a7 02 000001 01 68766331 000028', '0102'],
    ['the first of two tracks', 'video', 'a6 11 61763031 00 000002', '0102 01 000001 03'],
    ['VP6', 'video', '24', '0102'],
    ['AAC', 'audio', 'af 01', '0102'],
    ['Opus', 'audio', '91 4f707573', '0102'],
    ['Opus with a nanosecond offset', 'audio', '97 02 000001 01 4f707573', '0102'],
    ['the first of two audio tracks', 'audio', '95 11 4f707573 00 000002', '0102 01 000001 03'],
    ['MP3', 'audio', '2e', '0102'],
  ] as const)('%s is what follows its header, as a view', (_name, kind, header, digits) => {
    const packet = flvPacket(kind, header, hex(digits));
    const sample = samplePayload(packet);
    expect(sample).toEqual(hex('0102'));
    expect(sample.buffer).toBe(packet.payload.buffer);
  });

  it('is empty for a frame of nothing, and nothing for script data', () => {
    expect(samplePayload(flvPacket('audio', 'af 01'))).toHaveLength(0);
    expect(formatErrorCode(() => samplePayload({ ...flvPacket('audio', 'af 01'), kind: 'data' }))).toBe('unsupported');
    expect(formatErrorCode(() => samplePayload({ ...flvPacket('audio', 'af 01'), payload: hex('') }))).toBe(
      'truncated',
    );
  });
});
