import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FormatError } from '@kaibo/formats';
import { openPartName } from '../record/part-name.ts';
import { indexRecordedFile } from '../replay/index-file.ts';
import { ffmpegJobs } from '../transcode/ffmpeg-jobs.ts';
import { findFfmpeg } from '../transcode/find-ffmpeg.ts';
import { VideoFileError, type ConversionOrder } from './contract.ts';
import { inputArgs, MAX_PIXELS, wordsOf } from './inspect.ts';

/** Nothing was written for this long: it hangs. A slow machine writes a fragment of a large picture in seconds. */
const SILENCE_MS = 5 * 60_000;
const STDERR_TAIL = 2000;
/** What nobody waits for yields to what viewers do. */
const NICENESS = 10;
/** The first of a recording. */
const FIRST = 1;
/** Where a player may begin must not be further apart, or it would load this much at once. */
const MAX_SEGMENT_MS = 60_000;
const MAX_SEGMENT_BYTES = 96 * 1024 * 1024;
/** A fragment is held in memory by ffmpeg. */
const MAX_FRAGMENT_MICROSECONDS = 30_000_000;
/** Not larger than Full HD, lying or standing, and of even numbers. */
const SHOWN_SIZE = "'min(1920,iw)':'min(1920,ih)':force_original_aspect_ratio=decrease:force_divisible_by=2";

/**
 * Writes the file as the recorder would have written it: fragments of H.264 and AAC in `001.open.mp4` of the folder,
 * for `recoverRecording` to close. Tracks that browsers play are copied, others converted. What is in the folder is
 * gone first, so that it may be done again after a crash.
 * @throws VideoFileError; what the file system throws
 */
export async function convertVideo(order: ConversionOrder): Promise<void> {
  const { facts, folder, signal } = order;
  if (facts.isPlainVideo) {
    try {
      await convert(order, { copiesVideo: true, copiesAudio: facts.isPlainAudio && facts.audioCodec !== undefined });
      if (await isSeekable(join(folder, openPartName(FIRST)))) return;
    } catch (error) {
      // What cannot be copied, such as a picture that changes in the middle, can often be converted.
      if (!(error instanceof VideoFileError) || error.code !== 'conversion_failed') throw error;
    }
    signal?.throwIfAborted();
  }
  await convert(order, { copiesVideo: false, copiesAudio: false });
}

interface Copying {
  copiesVideo: boolean;
  copiesAudio: boolean;
}

async function convert(order: ConversionOrder, { copiesVideo, copiesAudio }: Copying): Promise<void> {
  const { file, folder, maxBytes, signal } = order;
  const ffmpeg = findFfmpeg();
  if (ffmpeg === undefined) throw new VideoFileError('no_ffmpeg', 'there is no ffmpeg');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const args = ['-hide_banner', '-nostats', '-nostdin', '-loglevel', 'error', ...readArgs(order)];
  const child = spawn(ffmpeg, [...args, ...videoArgs(copiesVideo), ...audioArgs(copiesAudio), ...FRAGMENTS], {
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
    signal,
    killSignal: 'SIGKILL',
  });
  // It writes to a pipe, and not to the file: when this process dies, the pipe ends it.
  const end = endOf(child);
  const path = join(folder, openPartName(FIRST));
  try {
    await pipeline(bounded(child.stdout, maxBytes), createWriteStream(path, { flags: 'wx', mode: 0o600 }));
  } catch (error) {
    child.kill('SIGKILL');
    await end;
    signal?.throwIfAborted();
    throw error;
  }
  const { code, said } = await end;
  signal?.throwIfAborted();
  if (code !== 0) throw new VideoFileError('conversion_failed', wordsOf(said, file));
  await syncFile(path);
}

/** What comes, up to a bound, and never after a long silence. */
async function* bounded(source: Readable, maxBytes: number): AsyncGenerator<Buffer> {
  let sizeBytes = 0;
  let isSilent = false;
  const timer = setTimeout(() => {
    isSilent = true;
    source.destroy();
  }, SILENCE_MS);
  try {
    for await (const bytes of source as AsyncIterable<Buffer>) {
      timer.refresh();
      sizeBytes += bytes.length;
      if (sizeBytes > maxBytes) throw new VideoFileError('too_large', `more than ${maxBytes} bytes`);
      yield bytes;
    }
  } catch (error) {
    throw isSilent ? new VideoFileError('timed_out', `nothing came for ${SILENCE_MS} ms`) : error;
  } finally {
    clearTimeout(timer);
  }
}

async function endOf(child: ChildProcess): Promise<{ code: number | null; said: string }> {
  const { promise, resolve } = Promise.withResolvers<{ code: number | null; said: string }>();
  let said = '';
  yieldToOthers(child.pid);
  const over = ffmpegJobs.begin('import');
  child.stderr?.on('data', (bytes: Buffer) => (said = (said + bytes.toString()).slice(-STDERR_TAIL)));
  child.on('error', (error) => (said ||= error.message));
  child.on('close', (code) => {
    over(code === 0);
    resolve({ code, said });
  });
  return promise;
}

function readArgs({ file, facts }: ConversionOrder): string[] {
  return [
    ...['-max_pixels', String(MAX_PIXELS), ...inputArgs({ demuxer: facts.container }, file)],
    // Without pictures that are no video (`V`), and without what the camera noted, such as where it was.
    ...['-map', '0:V:0', '-map', '0:a:0?', '-sn', '-dn', '-map_metadata', '-1', '-map_chapters', '-1'],
  ];
}

function videoArgs(copies: boolean): string[] {
  if (copies) return ['-c:v', 'copy'];
  return [
    ...['-vf', `scale=${SHOWN_SIZE},setsar=1`, '-fpsmax', '60', '-force_key_frames', 'expr:gte(t,n_forced*2)'],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', 'high', '-pix_fmt', 'yuv420p', '-crf', '23'],
    ...['-maxrate', '6M', '-bufsize', '12M'],
  ];
}

function audioArgs(copies: boolean): string[] {
  // Of a transport stream and FLV: their frames have headers that those of MP4 have not.
  return copies
    ? ['-c:a', 'copy', '-bsf:a', 'aac_adtstoasc']
    : ['-c:a', 'aac', '-b:a', '160k', '-ac', '2', '-ar', '48000'];
}

const FRAGMENTS = [
  ...['-max_muxing_queue_size', '4096', '-frag_duration', String(MAX_FRAGMENT_MICROSECONDS)],
  ...['-movflags', '+frag_keyframe+empty_moov+default_base_moof+negative_cts_offsets', '-f', 'mp4', 'pipe:1'],
];

/** Whether a player can begin often enough. */
async function isSeekable(path: string): Promise<boolean> {
  try {
    const { segments } = await indexRecordedFile(path);
    return (
      segments.length > 0 &&
      segments.every(({ bytes, durationMs }) => bytes <= MAX_SEGMENT_BYTES && durationMs <= MAX_SEGMENT_MS)
    );
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.datasync();
  } finally {
    await file.close();
  }
}

function yieldToOthers(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, NICENESS);
  } catch {
    // It has ended already, or the system has no priorities.
  }
}
