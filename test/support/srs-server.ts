// An SRS for tests: our own media server, which speaks SRS's hooks and API, or a real one where SRS_BIN names it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { startMediaServer } from './media-process.ts';
import { freePort, freeUdpPort, isPortOpen } from './ports.ts';
import { Program } from './program.ts';
import { tempDir } from './temp-dir.ts';
import { until } from './until.ts';

/** Of a real SRS: https://github.com/ossrs/srs, built outside the project. */
export const SRS_BIN = process.env['SRS_BIN'];
export const SRS_NAME = SRS_BIN === undefined ? 'kaibo-media' : `SRS (${SRS_BIN})`;

const ACTIONS = ['on_connect', 'on_close', 'on_publish', 'on_unpublish', 'on_play', 'on_stop'];

export interface RunningSrs extends AsyncDisposable {
  ports: { rtmp: number; http: number; api: number; rtc: number };
  program: Program;
  /** Flags of the platform that lead to it. */
  flags(api?: number): string[];
}

export interface SrsOptions {
  /** Receiver of the hooks, with its secret. */
  hooksUrl: string;
  apiPassword: string;
}

export async function startSrs(options: SrsOptions): Promise<RunningSrs> {
  return SRS_BIN === undefined ? startOwn(options) : startReal(SRS_BIN, options);
}

async function startOwn({ hooksUrl, apiPassword }: SrsOptions): Promise<RunningSrs> {
  const rtc = await freeUdpPort();
  const media = await startMediaServer(
    ...[
      '--workers=1',
      `--rtc.port=${rtc}`,
      `--api.secret=${apiPassword}`,
      '--snapshot.enabled=false',
      '--graceMs=1000',
    ],
    ...ACTIONS.map((action) => `--hooks.${action}=${hooksUrl}`),
  );
  const ports = { ...media.ports, rtc };
  return {
    ...{ ports, program: media.program, flags: (api = ports.api) => flagsOf({ ...ports, api }, apiPassword) },
    [Symbol.asyncDispose]: () => media[Symbol.asyncDispose](),
  };
}

async function startReal(binary: string, { hooksUrl, apiPassword }: SrsOptions): Promise<RunningSrs> {
  const folder = tempDir();
  const ports = { rtmp: await freePort(), http: await freePort(), api: await freePort(), rtc: await freeUdpPort() };
  const file = folder.file('srs.conf');
  writeFileSync(file, configOf(ports, { hooksUrl, apiPassword, folder: dirname(file) }));
  mkdirSync(folder.file('html'));
  const program = Program.start(binary, ['-c', file], { cwd: dirname(file) });
  await until(async () => (await isPortOpen(ports.rtmp)) && (await isPortOpen(ports.api)), { what: 'SRS listening' });
  return {
    ...{ ports, program, flags: (api = ports.api) => flagsOf({ ...ports, api }, apiPassword) },
    [Symbol.asyncDispose]: async () => {
      // It waits for its connections otherwise.
      await program.stop('SIGKILL');
      folder[Symbol.dispose]();
    },
  };
}

function flagsOf({ rtmp, http, api, rtc }: RunningSrs['ports'], apiPassword: string): string[] {
  return [
    '--engine.kind=srs',
    `--engine.srs.apiUrl=http://127.0.0.1:${api}`,
    `--engine.srs.apiPassword=${apiPassword}`,
    `--engine.srs.rtmpPort=${rtmp}`,
    `--engine.srs.httpPort=${http}`,
    `--engine.srs.rtcPort=${rtc}`,
  ];
}

function configOf(
  { rtmp, http, api, rtc }: RunningSrs['ports'],
  { hooksUrl, apiPassword, folder }: SrsOptions & { folder: string },
): string {
  const hooks = ACTIONS.map((action) => `${action} ${hooksUrl};`).join('\n    ');
  return `listen ${rtmp};
max_connections 1000;
daemon off;
srs_log_tank console;
srs_log_level_v2 warn;
pid ${folder}/srs.pid;
work_dir ${folder};
http_api { enabled on; listen ${api}; auth { enabled on; username kaibo; password ${apiPassword}; } }
http_server { enabled on; listen ${http}; dir ${folder}/html; }
rtc_server { enabled on; listen ${rtc}; candidate 127.0.0.1; }
heartbeat { enabled on; interval 5; url ${hooksUrl}/heartbeat; device_id test; }
vhost __defaultVhost__ {
  tcp_nodelay on;
  min_latency on;
  http_remux { enabled on; mount [vhost]/[app]/[stream].flv; }
  rtc { enabled on; rtmp_to_rtc on; rtc_to_rtmp on; }
  http_hooks {
    enabled on;
    ${hooks}
  }
}
`;
}
