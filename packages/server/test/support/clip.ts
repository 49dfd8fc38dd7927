import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A video with a tone, as long as it says, in a file with this ending; made by ffmpeg. */
export function makeClip(seconds: number, ending: 'mp4' | 'webm' = 'mp4'): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'kaibo-clip-'));
  const path = join(folder, `clip.${ending}`);
  const codecs = ending === 'mp4' ? ['-c:v', 'libx264', '-g', '25', '-c:a', 'aac'] : ['-c:v', 'libvpx', '-an'];
  try {
    execFileSync('ffmpeg', [
      ...['-hide_banner', '-loglevel', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=160x120:rate=25'],
      ...['-f', 'lavfi', '-i', 'sine=440', '-t', String(seconds), '-pix_fmt', 'yuv420p', ...codecs, path],
    ]);
    return readFileSync(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
