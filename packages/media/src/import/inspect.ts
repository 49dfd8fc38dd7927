import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findFfmpeg } from '../transcode/find-ffmpeg.ts';
import { containerOf, type Container } from './container.ts';
import { VideoFileError, type VideoFacts } from './contract.ts';

const run = promisify(execFile);

/** A file of many gigabytes with its index at the end, on a disk that is busy. */
const TIME_LIMIT_MS = 60_000;
const MAX_OUTPUT_BYTES = 1024 * 1024;
/** 8K: what says that it is larger would only eat memory. */
export const MAX_PIXELS = 8192 * 4352;
/** What every browser plays, and the audio that it plays with it. */
const PLAIN_PIXELS = new Set(['yuv420p', 'yuvj420p']);
const PLAIN_PROFILES = new Set(['Constrained Baseline', 'Baseline', 'Main', 'High', 'Progressive High']);
const PLAIN_AUDIO_PROFILES = new Set(['LC', 'HE-AAC', 'HE-AACv2']);

/** Arguments that keep ffmpeg and ffprobe to this one file, read as what its first bytes say. */
export function inputArgs({ demuxer }: Pick<Container, 'demuxer'>, file: string): string[] {
  return ['-protocol_whitelist', 'file', '-format_whitelist', demuxer, '-f', demuxer, '-i', `file:${file}`];
}

/** The ffprobe that came with the ffmpeg. */
function ffprobeOf(ffmpeg: string): string {
  return join(dirname(ffmpeg), process.platform === 'win32' ? 'ffprobe.exe' : 'ffprobe');
}

interface ProbedStream {
  codec_type?: string;
  codec_name?: string;
  profile?: string;
  pix_fmt?: string;
  width?: number;
  height?: number;
  disposition?: { attached_pic?: number };
  side_data_list?: { rotation?: number }[];
}

/**
 * Reads what is in a video file that somebody else made, by an ffprobe that can open nothing but it.
 * @throws VideoFileError; what reading the file throws
 */
export async function inspectVideo(file: string, { signal }: { signal?: AbortSignal } = {}): Promise<VideoFacts> {
  const ffmpeg = findFfmpeg();
  if (ffmpeg === undefined) throw new VideoFileError('no_ffmpeg', 'there is no ffmpeg');
  const container = await containerOf(file);
  if (container === undefined) throw new VideoFileError('not_a_video', 'its first bytes are of no container of video');
  const { streams, durationMs } = await probe(ffprobeOf(ffmpeg), { file, container, signal });
  const video = streams.find((stream) => stream.codec_type === 'video' && stream.disposition?.attached_pic !== 1);
  const audio = streams.find((stream) => stream.codec_type === 'audio');
  if (video === undefined) throw new VideoFileError('no_video_track', 'there is no picture in it');
  const { width = 0, height = 0, codec_name: videoCodec = 'unknown', profile = '', pix_fmt: pixels = '' } = video;
  if (width < 1 || height < 1) throw new VideoFileError('video_unreadable', 'its picture has no size');
  if (width * height > MAX_PIXELS) throw new VideoFileError('picture_too_large', `${width}×${height} pixels`);
  const rotation = Math.abs(video.side_data_list?.find((data) => data.rotation !== undefined)?.rotation ?? 0);
  const isTurned = rotation % 180 === 90;
  return {
    container: container.demuxer,
    mediaType: container.mediaType,
    durationMs,
    width: isTurned ? height : width,
    height: isTurned ? width : height,
    videoCodec,
    audioCodec: audio?.codec_name,
    // Players do not agree on whether a picture in fragments is turned.
    isPlainVideo:
      videoCodec === 'h264' && PLAIN_PIXELS.has(pixels) && PLAIN_PROFILES.has(profile) && rotation % 360 === 0,
    isPlainAudio: audio === undefined || (audio.codec_name === 'aac' && PLAIN_AUDIO_PROFILES.has(audio.profile ?? '')),
  };
}

async function probe(
  ffprobe: string,
  { file, container, signal }: { file: string; container: Container; signal?: AbortSignal },
): Promise<{ streams: ProbedStream[]; durationMs: number }> {
  const what = ['-show_entries', 'format=duration:stream:stream_disposition:stream_side_data', '-of', 'json'];
  try {
    const { stdout } = await run(ffprobe, ['-v', 'error', ...what, ...inputArgs(container, file)], {
      ...{ timeout: TIME_LIMIT_MS, maxBuffer: MAX_OUTPUT_BYTES, killSignal: 'SIGKILL', windowsHide: true, signal },
    });
    const { streams = [], format } = JSON.parse(stdout) as {
      streams?: ProbedStream[];
      format?: { duration?: string };
    };
    const durationMs = Math.round(Number(format?.duration ?? 0) * 1000);
    return { streams, durationMs: Number.isFinite(durationMs) && durationMs > 0 ? durationMs : 0 };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof Error && 'killed' in error && error.killed === true)
      throw new VideoFileError('timed_out', 'it could not be inspected in time');
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new VideoFileError('no_ffmpeg', 'there is no ffprobe beside ffmpeg');
    throw new VideoFileError('video_unreadable', wordsOf(error, file));
  }
}

/** What a program said last, without where the file is. */
export function wordsOf(error: unknown, file: string): string {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  return said.replaceAll(file, 'FILE').trim().slice(-500);
}
