import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';

/** Peers, media and logs of the bench live here and are kept between runs. */
export const workFolder = process.env['BENCH_DIR'] ?? join(os.tmpdir(), 'kaibo-bench');

export function run(command: string, args: string[], cwd = workFolder): string {
  const result = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (result.status !== 0) {
    throw new Error(
      `\`${command} ${args.slice(0, 4).join(' ')} …\` failed: ${result.error?.message ?? result.stderr.slice(-2000)}`,
    );
  }
  return result.stdout;
}

/** 60 s of 720p30 H.264 and AAC, about 1.15 Mbit/s with a constant bit rate, a key frame every 2 s, made once by ffmpeg. */
export function sampleFile(): string {
  mkdirSync(workFolder, { recursive: true });
  const path = join(workFolder, 'sample-1000k.flv');
  if (existsSync(path)) return path;
  console.log('bench: making the media sample with ffmpeg …');
  const video =
    '-c:v libx264 -preset veryfast -profile:v main -bf 0 -g 60 -keyint_min 60 -sc_threshold 0 -pix_fmt yuv420p';
  const rate = '-b:v 1000k -minrate 1000k -maxrate 1000k -bufsize 1000k';
  const inputs =
    '-f lavfi -i testsrc2=s=1280x720:r=30:d=60,noise=alls=12:allf=t -f lavfi -i sine=f=440:r=44100:d=60,volume=0.5,aecho';
  run('ffmpeg', [
    ...`-v error -y ${inputs} -t 60 ${video} ${rate} -c:a aac -b:a 128k -ac 2 -f flv`.split(' '),
    `${path}.part`,
  ]);
  renameSync(`${path}.part`, path);
  return path;
}
