import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAME = process.platform === 'win32' ? 'ffmpeg.exe' : 'ffmpeg';
let found: { path: string | undefined } | undefined;

/** The ffmpeg to transcode with: `KAIBO_FFMPEG` when set, else the one on PATH. Looked up once in a thread. */
export function findFfmpeg(): string | undefined {
  found ??= { path: locateFfmpeg(process.env) };
  return found.path;
}

/** A `KAIBO_FFMPEG` that leads nowhere is not made up for: the operator has said which one it is to be. */
export function locateFfmpeg(env: { [name: string]: string | undefined }): string | undefined {
  const wanted = env['KAIBO_FFMPEG'] ?? NAME;
  if (/[\\/]/.test(wanted)) return isProgram(wanted) ? wanted : undefined;
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, wanted)).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
