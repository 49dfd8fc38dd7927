// Twenty streams and five hundred viewers, who come and go, for three minutes: what the platform holds stays as it is, and is given
// back at the end. Longer: npm run soak (20 minutes, or KAIBO_SOAK_MINUTES).
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { processTree, sampleProcesses } from '../../bench/process-sample.ts';
import { ffmpeg } from '../support/ffmpeg.ts';
import { type Platform, startPlatform } from '../support/platform.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';
import { House } from './house.ts';
import { Inspector } from './inspector.ts';
import type { ViewerKind } from './messages.ts';
import { growth, median, type Sample } from './trend.ts';

const ASKED = process.env['KAIBO_SOAK_MINUTES'];
const MINUTES = Number(ASKED ?? 3);
const ROOMS = 20;
const VIEWERS: Record<ViewerKind, number> = { flv: 230, wsFlv: 120, rtmp: 60, hls: 27, realtime: 60 };
const EVERYBODY = Object.values(VIEWERS).reduce((all, count) => all + count, 0);
/** Until caches are filled and code is compiled; of the whole time. */
const WARM_PART = 0.3;
const SAMPLE_EVERY_MS = 3000;
/** In samples. */
const RENEW_EVERY = 3;
const MB = 2 ** 20;
/** What may be added over the time that is looked at: a part of what is usual, but at least so much is noise. */
const MOST_GROWTH = {
  // Within minutes the allocators and the database's cache are still being filled: what lasts shows in the long form.
  rss: { part: MINUTES < 10 ? 0.2 : 0.08, bytes: 30 * MB },
  heap: { part: 0.06, bytes: 6 * MB },
};
/** Viewers end with their broadcast, and may meet the moment in which its publisher is away. */
const EXPECTED_ENDS = /^(closed by the server|HTTP 404|HLS 404|ViewerError: .*(StreamNotFound|NotFound).*)$/;

/** What more may be held at the end: connections that the test itself keeps, to ask by. */
const MORE: Held = { files: 6, processes: 0, sockets: 6, timers: 4 };

interface Held {
  files: number;
  processes: number;
  sockets: number;
  timers: number;
}

test(
  'twenty streams and five hundred viewers who come and go leave nothing behind',
  async () => {
    using folder = tempDir();
    const film = await makeFilm(folder.file('film.flv'));
    await using platform = await startPlatform(
      ...['--inspect=127.0.0.1:0', '--access=open', '--recording.minFreeBytes=0', '--limits.openRoomsPerUser=1000'],
      ...['--limits.loginPerMinute=1000', '--limits.writePerMinute=100000', '--limits.readPerMinute=100000'],
      ...['--limits.socketPerMinute=100000', '--chat.perSecond=100', '--chat.burst=100', '--media.graceMs=20000'],
    );
    const [, inspectorUrl = ''] = await platform.program.saw(/Debugger listening on (ws:\S+)/);
    using inspector = await Inspector.attach(inspectorUrl);
    await using house = new House(platform, film);

    // What is made once and kept, such as the WebRTC process, is made before anything is counted.
    await house.open(3, { flv: 6, wsFlv: 6, rtmp: 6, hls: 3, realtime: 6 });
    await house.isFull(20);
    await house.watchByWhep(1);
    await house.say(1);
    await house.leave();
    const before = await settled(platform, inspector);

    await house.open(ROOMS, VIEWERS);
    await house.isFull(0.8 * EVERYBODY);
    const figures = await soak(house, { platform, inspector });
    const { watched, ends, arrivals, said, packets } = house.counted;
    await house.leave();
    const after = await settled(platform, inspector, before);
    const of = (kind: 'rss' | 'heap'): string => {
      const values = figures[kind].map(({ value }) => value);
      const quarter = Math.ceil(values.length / 4);
      const course = [0, 1, 2, 3].map((at) => (median(values.slice(at * quarter, (at + 1) * quarter)) / MB).toFixed(0));
      return `${kind} by quarters ${course.join(', ')} MB, grows ${(growth(figures[kind]) / MB).toFixed(1)} MB`;
    };
    const crowd = `${median(watched)} watch, ${arrivals} came, ${said} said, ${packets} packets by WebRTC`;
    const told = [`${MINUTES} min: ${of('rss')}; ${of('heap')}`, crowd, JSON.stringify({ before, after, ends })].join(
      '\n',
    );
    if (ASKED !== undefined) process.stdout.write(`${told}\n`);

    expect(median(watched), told).toBeGreaterThan(0.7 * EVERYBODY);
    expect(arrivals, told).toBeGreaterThan(EVERYBODY);
    expect(packets, told).toBeGreaterThan(0);
    expect(
      Object.keys(ends).filter((reason) => !EXPECTED_ENDS.test(reason)),
      told,
    ).toEqual([]);
    for (const kind of ['rss', 'heap'] as const) {
      const { part, bytes } = MOST_GROWTH[kind];
      const usual = median(figures[kind].map(({ value }) => value));
      expect(growth(figures[kind]), told).toBeLessThan(Math.max(part * usual, bytes));
    }
    expect(isBack(after, before), told).toBe(true);
    // An alarm is no fault: a busy machine of tests has reason for some.
    const faults = platform.program.output.split('\n').filter((line) => /"level":(?:50|60)/.test(line));
    expect(faults.filter((line) => !line.includes('"msg":"an alarm'))).toEqual([]);
  },
  (MINUTES * 60 + 480) * 1000,
);

interface Figures {
  rss: Sample[];
  heap: Sample[];
}

/** People come and go, publishers drop and return, broadcasts end and others begin, and of all that the memory is looked at. */
async function soak(
  house: House,
  { platform, inspector }: { platform: Platform; inspector: Inspector },
): Promise<Figures> {
  const startedMs = performance.now();
  const endMs = startedMs + MINUTES * 60_000;
  const warmMs = startedMs + MINUTES * 60_000 * WARM_PART;
  const figures: Figures = { rss: [], heap: [] };
  house.recount();
  let whep: Promise<void> = Promise.resolve();
  let isWatchingByWhep = false;
  for (let turn = 0; performance.now() < endMs; turn++) {
    house.drop(turn);
    if (turn % RENEW_EVERY === 0) await house.renewRoom(turn);
    await Promise.all([0, 1, 2, 3].map((one) => house.say(turn * 4 + one)));
    if (!isWatchingByWhep) {
      isWatchingByWhep = true;
      // Whose room ends meanwhile sees it no further.
      const watching = house.watchByWhep(turn + 10).catch(() => undefined);
      whep = watching.finally(() => (isWatchingByWhep = false));
    }
    await sleep(SAMPLE_EVERY_MS);
    const atMs = performance.now();
    const { heapBytes } = await inspector.measure();
    if (atMs < warmMs) continue;
    figures.heap.push({ atMs, value: heapBytes });
    figures.rss.push({ atMs, value: sampleProcesses(platform.program.child.pid ?? 0).rssBytes });
  }
  await whep;
  return figures;
}

/** What is held when nobody is there: looked at until it is what it was, or does not become less any more. */
async function settled(platform: Platform, inspector: Inspector, wanted?: Held): Promise<Held> {
  let held = await look(platform, inspector);
  let still = 0;
  await until(
    async () => {
      const now = await look(platform, inspector);
      still = JSON.stringify(now) === JSON.stringify(held) ? still + 1 : 0;
      held = now;
      return wanted === undefined ? still >= 4 : isBack(now, wanted);
    },
    { timeoutMs: 60_000, intervalMs: 2000 },
  ).catch(() => undefined);
  return held;
}

function isBack(now: Held, before: Held): boolean {
  return (Object.keys(before) as (keyof Held)[]).every((key) => now[key] <= before[key] + MORE[key]);
}

async function look({ program }: Platform, inspector: Inspector): Promise<Held> {
  const pids = processTree(program.child.pid ?? 0);
  const { resources } = await inspector.measure();
  const count = (kind: RegExp): number =>
    Object.entries(resources).reduce((all, [name, value]) => (kind.test(name) ? all + value : all), 0);
  return {
    files: pids.reduce((all, pid) => all + filesOf(pid), 0),
    processes: pids.length,
    sockets: count(/^(TCP|Pipe|UDP|TLS)/),
    timers: count(/^Timeout/),
  };
}

function filesOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

/** Ten seconds of little: what is measured is not ffmpeg. */
async function makeFilm(file: string): Promise<string> {
  await ffmpeg(
    ...[
      '-f',
      'lavfi',
      '-i',
      'testsrc2=size=160x90:rate=10',
      '-f',
      'lavfi',
      '-i',
      'sine=frequency=440:sample_rate=16000',
    ],
    ...[
      '-t',
      '10',
      '-c:v',
      'libx264',
      '-preset',
      'veryfast',
      '-tune',
      'zerolatency',
      '-pix_fmt',
      'yuv420p',
      '-g',
      '10',
    ],
    ...['-b:v', '40k', '-maxrate', '40k', '-bufsize', '40k', '-c:a', 'aac', '-b:a', '16k', '-f', 'flv', file],
  ).succeeded();
  return file;
}
