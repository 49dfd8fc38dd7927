import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Ports, servers } from './servers.ts';
import { workFolder } from './workspace.ts';

export type Work = 'ingest' | 'hls' | 'record';
export type Packager = 'kaibo' | 'nginx-rtmp' | 'ffmpeg';

export const PACKAGERS: Readonly<Record<Packager, string>> = {
  kaibo: 'Kaibo',
  'nginx-rtmp': 'nginx-rtmp (Debian)',
  ffmpeg: 'ffmpeg -c copy, a process a stream',
};

export interface Command {
  file: string;
  args: string[];
}

/** What a server does with every stream that is published to it. */
export function serverCommand(packager: Exclude<Packager, 'ffmpeg'>, work: Work, ports: Ports): Command {
  const base = servers[packager].command(ports);
  return packager === 'kaibo' ? kaiboCommand(base, work) : nginxCommand(base, work);
}

function kaiboCommand({ file, args }: Command, work: Work): Command {
  const more: Readonly<Record<Work, string[]>> = {
    ingest: ['--hls.enabled=false'],
    hls: ['--hls.mode=always'],
    record: ['--hls.enabled=false', '--record.mode=always', `--record.folder=${emptyFolder('kaibo-record')}`],
  };
  return { file, args: [...args, ...more[work]] };
}

function nginxCommand({ file, args }: Command, work: Work): Command {
  const folder = emptyFolder(`nginx-${work}`);
  const more: Readonly<Record<Work, string>> = {
    ingest: '',
    hls: `hls on; hls_path ${folder}; hls_fragment 2s; hls_playlist_length 60s;`,
    record: `record all; record_path ${folder};`,
  };
  const configuration = args.at(-1) ?? '';
  const changed = join(workFolder, 'nginx', `${work}.conf`);
  writeFileSync(changed, readFileSync(configuration, 'utf8').replace('live on;', `live on; ${more[work]}`));
  return { file, args: [...args.slice(0, -1), changed] };
}

/** ffmpeg reads the sample itself, at the speed of its clock: what it costs is packaging without a server around it. */
export function ffmpegCommand(
  work: Exclude<Work, 'ingest'>,
  { file, index }: { file: string; index: number },
): Command {
  const folder = emptyFolder(`ffmpeg-${work}-${index}`);
  const input = ['-v', 'error', '-y', '-re', '-stream_loop', '-1', '-i', file, '-c', 'copy'];
  const output: Readonly<Record<typeof work, string[]>> = {
    hls: [
      '-f',
      'hls',
      '-hls_time',
      '2',
      '-hls_list_size',
      '30',
      '-hls_segment_type',
      'fmp4',
      join(folder, 'live.m3u8'),
    ],
    record: ['-f', 'mp4', '-movflags', 'frag_keyframe+empty_moov', join(folder, 'record.mp4')],
  };
  return { file: 'ffmpeg', args: [...input, ...output[work]] };
}

function emptyFolder(name: string): string {
  const folder = join(workFolder, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}
