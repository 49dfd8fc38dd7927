import { readFileSync } from 'node:fs';
import { ffmpeg } from './ffmpeg.ts';
import { Program } from './program.ts';
import { tempDir } from './temp-dir.ts';

// A beep and a flash at the same known times, so that what comes out of a server can be measured.

/** When the beep sounds and the picture is white, ms. */
export const MARKS_MS = [1500, 4500] as const;
const MARK_MS = 200;
const SAMPLE_RATE_HZ = 48_000;
/** Of 32,767; the beep is 16,000 and coders ring before it. */
const LOUD = 4000;
/** Of 255. */
const BRIGHT = 120;

const during = (variable: string): string =>
  MARKS_MS.map((ms) => `between(${variable},${ms / 1000},${(ms + MARK_MS - 1) / 1000})`).join('+');

/** ffmpeg's arguments for a sound that is silent but for the beeps. */
export const BEEPS = [
  ...['-f', 'lavfi', '-i', `aevalsrc='0.5*sin(2*PI*1000*t)*(${during('t')})':s=${SAMPLE_RATE_HZ}`],
] as const;
/** And for a picture that is black but for the flashes. */
export const FLASHES = [
  ...['-f', 'lavfi', '-i', `color=black:s=320x180:r=25,drawbox=c=white:t=fill:enable='${during('t')}'`],
] as const;

/** The bytes of a file that ffmpeg makes. */
export async function encodeMarkers(extension: string, ...args: readonly string[]): Promise<Buffer> {
  using folder = tempDir();
  const path = folder.file(`markers.${extension}`);
  await ffmpeg(...args, path).succeeded();
  return readFileSync(path);
}

/** When beeps begin, ms of the file's own time, which must begin near 0. */
export async function beepTimes(file: string): Promise<number[]> {
  const decode = ['-af', 'aresample=48000:async=1:first_pts=0', '-ac', '1', '-f', 's16le', '-'];
  const program = await ffmpeg('-copyts', '-i', file, '-map', '0:a:0', ...decode).succeeded();
  const pcm = Buffer.concat(program.stdout);
  const loud = Array.from({ length: pcm.length >> 1 }, (_, index) => index)
    .filter((index) => Math.abs(pcm.readInt16LE(index * 2)) > LOUD)
    .map((index) => (index * 1000) / SAMPLE_RATE_HZ);
  return onsets(loud);
}

/** When flashes begin, ms of the file's own time. */
export async function flashTimes(file: string): Promise<number[]> {
  const decode = ['-fps_mode', 'passthrough', '-vf', 'scale=16:16,format=gray,showinfo', '-f', 'null', '-'];
  const args = ['-hide_banner', '-nostdin', '-copyts', '-i', file, '-map', '0:v:0', ...decode];
  const { output } = await Program.start('ffmpeg', args).succeeded();
  const bright = [...output.matchAll(/pts_time:\s*([\d.]+).*?mean:\[(\d+)/g)]
    .filter(([, , mean]) => Number(mean) > BRIGHT)
    .map(([, seconds]) => Number(seconds) * 1000);
  return onsets(bright);
}

/** The first of each run of moments. */
function onsets(moments: readonly number[]): number[] {
  return moments.filter((ms, index) => ms - (moments[index - 1] ?? -Infinity) > MARK_MS).map((ms) => Math.round(ms));
}
