import { describe, expect, it } from 'vitest';
import { DEFAULT_MEDIA_OPTIONS } from '../../options.ts';
import { encoderName } from './encoders.ts';
import type { TranscodeOptions } from './profile.ts';
import { renditionArgs } from './rendition-conversion.ts';

const settings = (changes: Partial<TranscodeOptions>): TranscodeOptions => ({
  ...DEFAULT_MEDIA_OPTIONS.transcode,
  ...changes,
});
const HD = { video: { codec: 'h264', width: 1920, height: 1080 }, hasAudio: true, fps: 60 } as const;
const PROFILE = { name: '720p', height: 720, videoBps: 2_500_000 };

/** The command line of one profile, its pictures' part alone. */
function line(changes: Partial<TranscodeOptions>): string {
  return renditionArgs(HD, [PROFILE], settings(changes)).join(' ');
}

const INPUT = '-probesize 32 -analyzeduration 0 -threads 1 -copyts -f matroska -i pipe:0';
const OUT = '-flush_packets 1 -flvflags no_duration_filesize -f flv';
const TIMES = '-map 0:v:0 -fps_mode passthrough -enc_time_base:v 1:1000';
const RATE = '-bf 0 -g 30000 -force_key_frames source -b:v 2500000 -maxrate 2500000 -bufsize 2500000';

describe('the command line', () => {
  it('of x264', () => {
    expect(line({})).toBe(
      `${INPUT} ${TIMES} -vf scale=1280:720,format=yuv420p -c:v libx264 -profile:v high ` +
        `-preset veryfast -tune zerolatency -threads 2 -level:v 3.2 -sc_threshold 0 -forced-idr 1 ${RATE} ${OUT} pipe:1`,
    );
    expect(line({ preset: 'medium', threads: 4 })).toContain('-preset medium -tune zerolatency -threads 4');
  });

  it('of NVENC', () => {
    expect(line({ encoder: 'nvenc', device: '1' })).toBe(
      `${INPUT} ${TIMES} -vf scale=1280:720,format=yuv420p -c:v h264_nvenc -profile:v high ` +
        `-gpu 1 -preset p4 -tune ll -rc cbr -level:v 3.2 -no-scenecut 1 -zerolatency 1 -forced-idr 1 ${RATE} ${OUT} pipe:1`,
    );
  });

  it('of VAAPI', () => {
    expect(line({ encoder: 'vaapi' })).toBe(
      `-vaapi_device /dev/dri/renderD128 ${INPUT} ${TIMES} -vf scale=1280:720,format=nv12,hwupload ` +
        `-c:v h264_vaapi -profile:v high -rc_mode VBR -async_depth 1 -level:v 3.2 ${RATE} ${OUT} pipe:1`,
    );
    expect(line({ encoder: 'vaapi', device: '/dev/dri/renderD129' })).toContain('-vaapi_device /dev/dri/renderD129');
  });

  it('of QSV', () => {
    const filters = 'scale=1280:720,format=nv12,hwupload=extra_hw_frames=16,format=qsv';
    expect(line({ encoder: 'qsv' })).toBe(
      `-init_hw_device qsv=hw -filter_hw_device hw ${INPUT} ${TIMES} -vf ${filters} -c:v h264_qsv -profile:v high ` +
        `-preset veryfast -level:v 32 -async_depth 1 -look_ahead 0 -forced_idr 1 ${RATE} ${OUT} pipe:1`,
    );
    expect(line({ encoder: 'qsv', device: '/dev/dri/renderD129' })).toContain(
      'qsv=hw,child_device=/dev/dri/renderD129',
    );
  });

  it('of VideoToolbox', () => {
    expect(line({ encoder: 'videotoolbox' })).toBe(
      `${INPUT} ${TIMES} -vf scale=1280:720,format=nv12 -c:v h264_videotoolbox -profile:v high ` +
        `-realtime 1 -level:v 3.2 ${RATE} ${OUT} pipe:1`,
    );
  });

  it('leaves out pictures, encodes sound, and has an output for each profile', () => {
    const profiles = [
      { name: '480p', height: 480, videoBps: 1_000_000, audioBps: 96_000, fps: 30 },
      { name: 'audio', audioBps: 48_000 },
      { name: '360p', height: 360, videoBps: 500_000 },
    ];
    const args = renditionArgs(HD, profiles, settings({}));
    expect(args).toContain(
      `select='key+isnan(prev_selected_t)+gte(t-prev_selected_t,0.0267)',scale=854:480,format=yuv420p`,
    );
    expect(args.filter((arg) => arg.startsWith('pipe:'))).toEqual(['pipe:0', 'pipe:1', 'pipe:3', 'pipe:4']);
    expect(args.filter((arg) => arg === '0:a:0')).toHaveLength(2);
    expect(args.join(' ')).toContain(`-map 0:a:0 -c:a aac -profile:a aac_low -b:a 48000 -ac 2 ${OUT} pipe:3`);
  });

  it('decodes pictures larger than 1080p by several threads, and opens no device for sound alone', () => {
    const uhd = { ...HD, video: { codec: 'h265', width: 3840, height: 2160 } } as const;
    expect(renditionArgs(uhd, [PROFILE], settings({ threads: 3 })).slice(0, 6)).toEqual([
      '-probesize',
      '32',
      '-analyzeduration',
      '0',
      '-threads',
      '3',
    ]);
    const sound = renditionArgs(
      { hasAudio: true, fps: 0 },
      [{ name: 'audio', audioBps: 48_000 }],
      settings({ encoder: 'vaapi' }),
    );
    expect(sound).not.toContain('-vaapi_device');
  });

  it('names the encoder as ffmpeg lists it', () => {
    expect(encoderName('x264')).toBe('libx264');
    expect(encoderName('vaapi')).toBe('h264_vaapi');
  });
});
