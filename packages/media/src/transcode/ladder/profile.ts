import type { VideoInfo } from '@kaibo/formats';

/** A second form of a stream, smaller or with sound alone, as the operator configured it. */
export interface TranscodeProfile {
  /** What follows the source's name: `STREAM_NAME`. */
  name: string;
  /** Of the picture's shorter side, in pixels, so that 720 is 1280×720 or 720×1280. Left out: sound alone. */
  height?: number;
  /** Goes with `height`. */
  videoBps?: number;
  /** The sound is made AAC of this bitrate. Left out: it is the source's, untouched. */
  audioBps?: number;
  /** Of a source with more, pictures are left out; none is made or moved. */
  fps?: number;
}

export type TranscodeEncoder = 'x264' | 'nvenc' | 'vaapi' | 'qsv' | 'videotoolbox';

/** The ladder: renditions of what is published here. */
export interface TranscodeOptions {
  /** None: no rendition is offered. */
  profiles: TranscodeProfile[];
  /** Made while somebody watches them, or all the time. */
  mode: 'on_demand' | 'always';
  encoder: TranscodeEncoder;
  /** Whether x264 takes over for the stream when the machine's encoder cannot be used. */
  fallback: boolean;
  /** VAAPI's and QSV's render node (`/dev/dri/renderD128`), NVENC's GPU number. */
  device?: string;
  /** In the encoder's own words; left out, its usual one for live pictures. */
  preset?: string;
  /** Of x264, for each rendition. */
  threads: number;
  /** Renditions that are encoded at one time, over all streams. */
  maxJobs: number;
  /** A rendition made on demand goes on this long after its last viewer. */
  lingerMs: number;
}

/** What a profile's name looks like: after the last `_` of a stream name it is told from it without doubt. */
export const PROFILE_NAME = /^[A-Za-z0-9-]{1,32}$/;

/** What `TranscodeOptions.device` and `preset` look like: ffmpeg is given them as they are, and they are no option of it. */
export const DEVICE = /^[A-Za-z0-9/][\w/.:-]{0,255}$/;
export const PRESET = /^[A-Za-z0-9]{1,32}$/;

export interface Rendition {
  name: string;
  /** Even, never larger than the source's, of its aspect ratio; undefined for sound alone. */
  width?: number;
  height?: number;
  /** The most that is sent in a second, sound included where its bitrate is known. */
  bitrateBps: number;
  /** RFC 6381, of the pictures. Known before it is made: the encoder is told so. */
  videoCodec?: string;
  fps?: number;
}

/** What the sound of a source is taken for, where it is passed on as it is. */
const USUAL_AUDIO_BPS = 160_000;

/**
 * The profiles that a source can be made into, as the player is told of them: never larger than it is. Pictures whose
 * size is not known (yet) offer sound alone.
 */
export function renditionsFor(video: VideoInfo | undefined, profiles: readonly TranscodeProfile[]): Rendition[] {
  return profiles.flatMap((profile) => {
    if (profile.height === undefined) return [soundOf(profile)];
    if (video === undefined || !isOffered(video, profile)) return [];
    return [pictureOf(video, profile)];
  });
}

function isOffered({ width = 0, height = 0 }: VideoInfo, profile: TranscodeProfile): boolean {
  return Math.min(width, height) >= Math.max(profile.height ?? 0, 2);
}

function soundOf({ name, audioBps = USUAL_AUDIO_BPS }: TranscodeProfile): Rendition {
  return { name, bitrateBps: audioBps };
}

function pictureOf(video: VideoInfo, profile: TranscodeProfile): Rendition {
  const { name, videoBps = 0, audioBps = USUAL_AUDIO_BPS, fps } = profile;
  const size = sizeOf(video, profile);
  const videoCodec = `avc1.6400${h264Level(size, fps).toString(16).padStart(2, '0')}`;
  return { name, ...size, bitrateBps: videoBps + audioBps, videoCodec, ...(fps === undefined ? {} : { fps }) };
}

/** The picture's size: the shorter side as the profile says, or the source's when that is smaller; both even (4:2:0). */
export function sizeOf(
  { width = 0, height = 0 }: VideoInfo,
  profile: TranscodeProfile,
): { width: number; height: number } {
  const shorter = Math.min(width, height);
  const scale = Math.min(1, (profile.height ?? shorter) / Math.max(1, shorter));
  return { width: even(width * scale, width), height: even(height * scale, height) };
}

/** The nearest even number that is not above the source's. */
function even(pixels: number, most: number): number {
  return Math.max(2, Math.min(Math.round(pixels / 2), Math.floor(most / 2)) * 2);
}

/** Rec. ITU-T H.264, table A-1: level_idc, macroblocks a second, macroblocks a frame. */
const LEVELS: readonly (readonly [level: number, perSecond: number, perFrame: number])[] = [
  [30, 40_500, 1620],
  [31, 108_000, 3600],
  [32, 216_000, 5120],
  [40, 245_760, 8192],
  [42, 522_240, 8704],
  [50, 589_824, 22_080],
  [51, 983_040, 36_864],
];
const HIGHEST_LEVEL = 52;
/** What live sources have at most. */
const USUAL_MAX_FPS = 60;

/** The lowest level that holds pictures of this size and rate. */
export function h264Level({ width, height }: { width: number; height: number }, fps = USUAL_MAX_FPS): number {
  const macroblocks = Math.ceil(width / 16) * Math.ceil(height / 16);
  const fits = LEVELS.find(([, perSecond, perFrame]) => macroblocks <= perFrame && macroblocks * fps <= perSecond);
  return fits?.[0] ?? HIGHEST_LEVEL;
}

/** The source and the profile of a rendition's name; undefined for the name of any other stream. */
export function renditionOf(
  stream: string,
  profiles: readonly TranscodeProfile[],
): { source: string; profile: TranscodeProfile } | undefined {
  const at = stream.lastIndexOf('_');
  const profile = at > 0 ? profiles.find(({ name }) => name === stream.slice(at + 1)) : undefined;
  return profile && { source: stream.slice(0, at), profile };
}

/** Whether anything is encoded for it: sound alone, untouched, costs nothing and needs no ffmpeg. */
export function isEncoded({ height, audioBps }: TranscodeProfile): boolean {
  return height !== undefined || audioBps !== undefined;
}

/** The profiles that can be made with this ffmpeg, or without one. */
export function makeableProfiles(
  profiles: readonly TranscodeProfile[],
  ffmpeg: string | undefined,
): TranscodeProfile[] {
  return profiles.filter((profile) => ffmpeg !== undefined || !isEncoded(profile));
}
