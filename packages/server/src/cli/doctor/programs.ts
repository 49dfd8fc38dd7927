import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { existsSync, readFileSync } from 'node:fs';
import { transcodeEncoderName } from '../../engine/embedded/probe.ts';
import { fail, ok, reason, warn, type Check, type Finding, type Site } from './check.ts';

const MIN_NODE = [22, 18] as const;
const RUN_MS = 10_000;
/** What Kaibo asks ffmpeg to encode with. */
const ENCODERS = ['libx264', 'aac', 'libopus'];
const APT = 'apt-get install -y ffmpeg, or set KAIBO_FFMPEG to its path';
/** Files and sockets that a process needs besides its connections. */
const SPARE_FILES = 512;

const run = promisify(execFile);

export const checkNode: Check = async () => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isNew = major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1]);
  const found = `${process.versions.node} on ${process.platform}-${process.arch}`;
  return [isNew ? ok('Node', found) : fail('Node', found, `install Node ${MIN_NODE.join('.')} or newer, best 24`)];
};

export const checkFfmpeg: Check = async ({ config }) => {
  const program = process.env['KAIBO_FFMPEG'] ?? 'ffmpeg';
  try {
    const { stdout } = await run(program, ['-hide_banner', '-version'], { timeout: RUN_MS });
    const version = /ffmpeg version (\S+)/.exec(stdout)?.[1] ?? 'of unknown version';
    const encoders = (await run(program, ['-hide_banner', '-encoders'], { timeout: RUN_MS })).stdout;
    const missing = ENCODERS.filter((name) => !new RegExp(String.raw`^ \S+ ${name} `, 'm').test(encoders));
    const ladder = judgeEncoder(config.media.transcode, encoders);
    if (missing.length === 0) return [ok('ffmpeg', `${version} with ${ENCODERS.join(', ')}`), ...ladder];
    return [warn('ffmpeg', `${version} without ${missing.join(', ')}`, `install a full build: ${APT}`), ...ladder];
  } catch (error) {
    const found = isMissing(error) ? 'not found' : `does not run: ${reason(error)}`;
    return [warn('ffmpeg', `${found}; sound between WebRTC and RTMP, FLV or HLS needs it, and so do demos`, APT)];
  }
};

/** Whether ffmpeg has been built with the encoder of the ladder, and its device is there. */
function judgeEncoder(
  { profiles, encoder, fallback, device }: Site['config']['media']['transcode'],
  encoders: string,
): Finding[] {
  if (profiles.length === 0) return [];
  const subject = 'renditions';
  const name = transcodeEncoderName(encoder);
  const instead = fallback ? '; x264 takes over' : '; no rendition is made';
  if (!new RegExp(String.raw`^ \S+ ${name} `, 'm').test(encoders))
    return [
      warn(subject, `ffmpeg has no ${name}${instead}`, `install a build with it, or set media.transcode.encoder`),
    ];
  const node = device ?? (encoder === 'vaapi' ? '/dev/dri/renderD128' : undefined);
  if (node?.startsWith('/') === true && !existsSync(node))
    return [warn(subject, `${node} is not there${instead}`, 'install the driver, or correct media.transcode.device')];
  return [ok(subject, `${profiles.map((profile) => profile.name).join(', ')} by ${name}`)];
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** Every viewer is an open file. */
export const checkFileLimit: Check = async ({ config }) => {
  const limit = openFiles();
  if (limit === undefined) return [];
  const wanted = config.limits.sockets + config.media.limits.connections + SPARE_FILES;
  return [judgeFileLimit(limit, wanted)];
};

function judgeFileLimit(limit: number, wanted: number): Finding {
  if (limit >= wanted) return ok('open files', `${limit} allowed`);
  const found = `${limit} allowed, ${wanted} may be needed (limits.sockets and media.limits.connections)`;
  const fix = `LimitNOFILE=${wanted} in the systemd unit, or ulimit -n ${wanted}, or lower these limits`;
  return (limit < 2 * SPARE_FILES ? fail : warn)('open files', found, fix);
}

/** Undefined where the system has no /proc. */
function openFiles(): number | undefined {
  try {
    const soft = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return undefined;
  }
}
