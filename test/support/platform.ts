import { join } from 'node:path';
import { Program } from './program.ts';
import { tempDir } from './temp-dir.ts';

const LAUNCHER = join(import.meta.dirname, '../../packages/server/bin/kaibo.mjs');
const FREE_PORTS = ['http', 'media.rtmp', 'media.http', 'media.api', 'media.rtc', 'metrics'].map(
  (name) => `--${name}.port=0`,
);

export interface TestRoom {
  id: string;
  status: 'preparing' | 'live' | 'ended';
  interrupted?: boolean;
  viewerCount: number;
  playId: string;
  streamKey: string;
  ownerToken: string;
  playUrls: { rtmp: string; flv: string; wsFlv: string; hls?: string; whep?: string };
  publishUrls: { rtmp: string; wsFlv: string; whip?: string };
}

export interface Platform extends AsyncDisposable {
  /** Of the page and the API, without a slash at the end. */
  url: string;
  createRoom(title: string): Promise<TestRoom>;
  room(id: string): Promise<TestRoom>;
  close(room: TestRoom): Promise<void>;
  program: Program;
}

/**
 * The whole platform as `npm start` runs it, on free ports and a data folder of its own. Pictures of streams, which cost
 * an ffmpeg each, are for tests that ask for them. `--inspect` is Node's.
 */
export async function startPlatform(...flags: string[]): Promise<Platform> {
  const folder = tempDir();
  const ofNode = flags.filter((flag) => flag.startsWith('--inspect'));
  const args = [
    'start',
    `--dataDir=${folder.file('data')}`,
    '--log.format=json',
    '--media.workers=1',
    // Many tests share few cores; refusing work when late has tests of its own.
    '--limits.eventLoopDelayMs=60000',
    // Nothing outside is asked.
    '--lottery.beacon=delay',
    ...(flags.some((flag) => flag.startsWith('--media.snapshot')) ? [] : ['--media.snapshot.enabled=false']),
    ...FREE_PORTS,
    ...flags.filter((flag) => !ofNode.includes(flag)),
  ];
  const program = Program.start(process.execPath, [...ofNode, LAUNCHER, ...args]);
  const [, port] = await program.saw(/"http":(\d+).*"msg":"ready"/, 60_000);
  const url = `http://localhost:${port}`;
  const call = async <Body>(path: string, init?: RequestInit): Promise<Body> => {
    const response = await fetch(url + path, init);
    if (!response.ok) throw new Error(`${init?.method ?? 'GET'} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Body;
  };
  return {
    url,
    program,
    createRoom: (title) =>
      call('/api/rooms', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ title }),
      }),
    room: (id) => call(`/api/rooms/${id}`),
    close: ({ id, ownerToken }) =>
      call(`/api/rooms/${id}/close`, { method: 'POST', headers: { Authorization: `Bearer ${ownerToken}` } }),
    [Symbol.asyncDispose]: async () => {
      await program[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}
