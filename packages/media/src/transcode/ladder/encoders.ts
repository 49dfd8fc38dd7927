import type { TranscodeEncoder, TranscodeOptions } from './profile.ts';

/** One rendition's pictures, as an encoder is told of them. */
export interface PictureOrder {
  width: number;
  height: number;
  videoBps: number;
  /** H.264 level_idc: 31 is level 3.1. */
  level: number;
  /** At most; undefined is all that there are. */
  fps?: number;
}

interface EncoderRow {
  /** Its name in ffmpeg. */
  codec: string;
  /** What stands before the input: devices. */
  setup(device: string | undefined): string[];
  /** After the pictures are scaled: how they get to where the encoder is. */
  filters: string;
  options(settings: {
    preset: string | undefined;
    device: string | undefined;
    threads: number;
    level: string;
  }): string[];
}

/** What they have in common stands in `pictureArgs`: H.264 High without B-frames, key frames only where they are forced. */
const ENCODERS: Readonly<Record<TranscodeEncoder, EncoderRow>> = {
  x264: {
    codec: 'libx264',
    setup: () => [],
    filters: 'format=yuv420p',
    options: ({ preset = 'veryfast', threads, level }) => [
      ...['-preset', preset, '-tune', 'zerolatency', '-threads', String(threads), '-level:v', level],
      ...['-sc_threshold', '0', '-forced-idr', '1'],
    ],
  },
  nvenc: {
    codec: 'h264_nvenc',
    setup: () => [],
    filters: 'format=yuv420p',
    options: ({ preset = 'p4', device, level }) => [
      ...(device === undefined ? [] : ['-gpu', device]),
      ...['-preset', preset, '-tune', 'll', '-rc', 'cbr', '-level:v', level],
      ...['-no-scenecut', '1', '-zerolatency', '1', '-forced-idr', '1'],
    ],
  },
  vaapi: {
    codec: 'h264_vaapi',
    setup: (device = '/dev/dri/renderD128') => ['-vaapi_device', device],
    filters: 'format=nv12,hwupload',
    options: ({ level }) => ['-rc_mode', 'VBR', '-async_depth', '1', '-level:v', level],
  },
  qsv: {
    codec: 'h264_qsv',
    setup: (device) => [
      ...['-init_hw_device', device === undefined ? 'qsv=hw' : `qsv=hw,child_device=${device}`],
      ...['-filter_hw_device', 'hw'],
    ],
    filters: 'format=nv12,hwupload=extra_hw_frames=16,format=qsv',
    options: ({ preset = 'veryfast', level }) => [
      // Its level is a number, as the bitstream has it.
      ...['-preset', preset, '-level:v', level.replace('.', '')],
      ...['-async_depth', '1', '-look_ahead', '0', '-forced_idr', '1'],
    ],
  },
  videotoolbox: {
    codec: 'h264_videotoolbox',
    setup: () => [],
    filters: 'format=nv12',
    options: ({ level }) => ['-realtime', '1', '-level:v', level],
  },
};

/** Longer than any source's interval of key frames, and no encoder's numbers overflow. */
const NO_KEYFRAMES_OF_ITS_OWN = '30000';

/** The encoder's name in ffmpeg, by which `ffmpeg -encoders` lists it. */
export function encoderName(encoder: TranscodeEncoder): string {
  return ENCODERS[encoder].codec;
}

/** Arguments before the input. */
export function setupArgs({ encoder, device }: Pick<TranscodeOptions, 'encoder' | 'device'>): string[] {
  return ENCODERS[encoder].setup(device);
}

/**
 * Arguments of one output's pictures. Their times are the source's to the ms (`passthrough`, and a time base of ms), and
 * key frames are exactly where the source has them.
 */
export function pictureArgs(
  order: PictureOrder,
  { encoder, preset, device, threads }: Pick<TranscodeOptions, 'encoder' | 'preset' | 'device' | 'threads'>,
): string[] {
  const { codec, filters, options } = ENCODERS[encoder];
  const { width, height, videoBps, level, fps } = order;
  const chain = [...(fps === undefined ? [] : [thinOut(fps)]), `scale=${width}:${height}`, filters].join(',');
  return [
    ...['-fps_mode', 'passthrough', '-enc_time_base:v', '1:1000', '-vf', chain],
    ...['-c:v', codec, '-profile:v', 'high'],
    ...options({ preset, device, threads, level: `${Math.floor(level / 10)}.${level % 10}` }),
    ...['-bf', '0', '-g', NO_KEYFRAMES_OF_ITS_OWN, '-force_key_frames', 'source'],
    ...['-b:v', String(videoBps), '-maxrate', String(videoBps), '-bufsize', String(videoBps)],
  ];
}

/**
 * Leaves out pictures that come sooner than the rate allows after the last that stayed, with a fifth of tolerance for
 * times in whole ms and a source's jitter. Key frames stay.
 */
function thinOut(fps: number): string {
  const leastS = (0.8 / fps).toFixed(4);
  return `select='key+isnan(prev_selected_t)+gte(t-prev_selected_t,${leastS})'`;
}

/** Arguments of one output's sound: AAC-LC at the source's sample rate. */
export function soundArgs(audioBps: number): string[] {
  return ['-c:a', 'aac', '-profile:a', 'aac_low', '-b:a', String(audioBps), '-ac', '2'];
}
