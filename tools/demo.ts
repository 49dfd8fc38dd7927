// `npm run demo`: a synthetic stream (test picture, clock, tone) into a new room of the server on this machine, which is
// started when none answers. `npm run demo -- http://HOST:8088` takes another server. Where rooms need an account (the
// first one was made), KAIBO_API_KEY holds an API key with the scope rooms:write. Ctrl-C stops what was started here.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = join(import.meta.dirname, '..');
const [otherServer] = process.argv.slice(2);
const server = (otherServer ?? 'http://localhost:8088').replace(/\/$/, '');
const apiKey = process.env['KAIBO_API_KEY'];
const ffmpeg = process.env['KAIBO_FFMPEG'] ?? 'ffmpeg';
const FONTS = [
  '/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf',
  '/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc',
  '/System/Library/Fonts/Menlo.ttc',
];
const children: ChildProcess[] = [];
let isStopping = false;

/** In a process group of its own, so that Ctrl-C reaches this process only, which ends the children in order. */
function start(command: string, args: string[]): ChildProcess {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], detached: true });
  children.push(child);
  return child;
}

async function stop(code: number): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  // The publisher first, so that the server sees it leave.
  for (const child of children.reverse()) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await Promise.race([ended, sleep(6000)]);
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  }
  process.exit(code);
}

async function isReady(): Promise<boolean> {
  try {
    return (await fetch(`${server}/readyz`, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}

async function ensureServer(): Promise<void> {
  if (await isReady()) return;
  if (otherServer) throw new Error(`no Kaibo server answers on ${server}`);
  console.log('demo: no server on this machine yet, starting one');
  const child = start(process.execPath, ['packages/server/bin/kaibo.mjs', 'start']);
  for (let attempt = 0; attempt < 150; attempt++) {
    if (child.exitCode !== null) throw new Error('the server did not start');
    if (await isReady()) return;
    await sleep(100);
  }
  throw new Error(`the server is not ready after 15 s on ${server}`);
}

async function createRoom(): Promise<{ id: string; rtmp: string }> {
  const response = await fetch(`${server}/api/rooms`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(apiKey ? { Authorization: `Bearer ${apiKey}` } : {}) },
    body: JSON.stringify({ title: 'Kaibo 演示 · demo' }),
  });
  if (response.status === 401) {
    throw new Error(`rooms need an account here: make an API key on ${server}/settings and put it into KAIBO_API_KEY`);
  }
  const body: unknown = await response.json();
  const room = body as { id?: string; publishUrls?: { rtmp?: string }; error?: string };
  if (!response.ok || !room.id || !room.publishUrls?.rtmp) {
    throw new Error(`the server made no room: ${room.error ?? response.status}`);
  }
  return { id: room.id, rtmp: room.publishUrls.rtmp };
}

/** testsrc2 carries frame number and time itself; with a font the wall clock is drawn too, to see the latency. */
function ffmpegArgs(url: string): string[] {
  const font = FONTS.find((path) => existsSync(path));
  const clock = font
    ? [
        `drawtext=fontfile=${font}:text='%{localtime\\:%X}':fontsize=96:fontcolor=white:box=1:boxcolor=black@0.6:boxborderw=18:x=(w-tw)/2:y=h-th-60`,
      ]
    : [];
  return [
    ...['-hide_banner', '-loglevel', 'error', '-nostdin', '-re'],
    ...['-f', 'lavfi', '-i', 'testsrc2=size=1280x720:rate=30'],
    ...['-f', 'lavfi', '-i', 'sine=frequency=440:beep_factor=4:sample_rate=48000'],
    ...['-vf', [...clock, 'format=yuv420p'].join(',')],
    ...[
      '-c:v',
      'libx264',
      '-preset',
      'veryfast',
      '-tune',
      'zerolatency',
      '-g',
      '60',
      '-b:v',
      '1500k',
      '-maxrate',
      '1500k',
      '-bufsize',
      '1500k',
    ],
    ...['-af', 'volume=0.2', '-c:a', 'aac', '-b:a', '128k', '-ac', '2'],
    ...['-f', 'flv', url],
  ];
}

process.on('SIGINT', () => void stop(0));
process.on('SIGTERM', () => void stop(0));

if (spawnSync(ffmpeg, ['-version']).status !== 0) {
  console.error(
    'demo: ffmpeg is missing. On Debian or Ubuntu: sudo apt-get install -y ffmpeg (elsewhere, set KAIBO_FFMPEG to its path)',
  );
  process.exit(1);
}
try {
  await ensureServer();
  const room = await createRoom();
  const publisher = start(ffmpeg, ffmpegArgs(room.rtmp));
  publisher.once('exit', (code) => {
    if (isStopping) return;
    console.error(`demo: ffmpeg ended (${code})`);
    void stop(1);
  });
  console.log(`\n  Watch: ${server}/rooms/${room.id}\n  Ctrl-C stops it.\n`);
} catch (error) {
  console.error(`demo: ${error instanceof Error ? error.message : error}`);
  await stop(1);
}
