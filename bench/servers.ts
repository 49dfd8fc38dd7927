import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, workFolder } from './workspace.ts';

export type Protocol = 'http' | 'ws' | 'rtmp';
export type ServerName = 'kaibo' | 'nms' | 'nginx-rtmp';

export interface Ports {
  rtmp: number;
  http: number;
}

export interface PeerServer {
  /** Name and version, for the report. */
  title: string;
  protocols: readonly Protocol[];
  /** Installs what is missing and writes the configuration; returns the command that runs the server in the foreground. */
  command(ports: Ports): { file: string; args: string[]; env?: { [key: string]: string } };
}

const NMS_VERSION = '4.4.3';
const RTMP_MODULE = '/usr/lib/nginx/modules/ngx_rtmp_module.so';
const NGINX = '/usr/sbin/nginx';
const root = join(import.meta.dirname, '..');

const kaibo: PeerServer = {
  title: 'Kaibo',
  protocols: ['http', 'ws', 'rtmp'],
  command: ({ rtmp, http }) => ({
    file: process.execPath,
    args: [
      join(root, 'packages/media/bin/kaibo-media.mjs'),
      '--host=127.0.0.1',
      `--rtmp.port=${rtmp}`,
      `--http.port=${http}`,
      '--api.port=0',
      '--rtc.port=0',
    ],
  }),
};

const nodeMediaServer: PeerServer = {
  title: `Node-Media-Server ${NMS_VERSION}`,
  protocols: ['http', 'ws', 'rtmp'],
  command({ rtmp, http }) {
    const folder = join(workFolder, `nms-${NMS_VERSION}`);
    if (!existsSync(join(folder, 'node_modules/node-media-server/package.json'))) {
      console.log(`bench: installing node-media-server ${NMS_VERSION} into ${folder} …`);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
      run(
        'npm',
        ['install', '--no-audit', '--no-fund', '--loglevel=error', `node-media-server@${NMS_VERSION}`],
        folder,
      );
    }
    const options = {
      bind: '127.0.0.1',
      notify: { url: '' },
      store: { path: join(folder, 'data'), maxHistory: 1000 },
      auth: { play: false, publish: false, secret: '' },
      rtmp: { port: rtmp },
      http: { port: http },
      webadmin: { enable: false },
      record: { auto: false, path: join(folder, 'record') },
    };
    mkdirSync(options.store.path, { recursive: true });
    const script = join(folder, 'start.cjs');
    writeFileSync(
      script,
      `const Server = require('node-media-server');\nnew Server(${JSON.stringify(options)}).run();\n`,
    );
    return { file: process.execPath, args: [script] };
  },
};

const nginxRtmp: PeerServer = {
  title: 'nginx-rtmp (Debian)',
  protocols: ['rtmp'],
  command({ rtmp }) {
    if (!existsSync(NGINX) || !existsSync(RTMP_MODULE)) {
      throw new Error('nginx-rtmp is missing: apt-get install -y --no-install-recommends nginx libnginx-mod-rtmp');
    }
    const folder = join(workFolder, 'nginx');
    mkdirSync(folder, { recursive: true });
    const configuration = join(folder, 'nginx.conf');
    const user = process.getuid?.() === 0 ? 'user root;' : '';
    writeFileSync(
      configuration,
      `load_module ${RTMP_MODULE};
daemon off; worker_processes 1; ${user} pid ${folder}/nginx.pid; error_log ${folder}/error.log warn;
worker_rlimit_nofile 20000;
events { worker_connections 8000; }
rtmp { server { listen 127.0.0.1:${rtmp}; chunk_size 4096; access_log off;
  application live { live on; wait_key on; wait_video on; } } }
`,
    );
    return { file: NGINX, args: ['-p', folder, '-c', configuration] };
  },
};

export const servers: { [name in ServerName]: PeerServer } = { kaibo, nms: nodeMediaServer, 'nginx-rtmp': nginxRtmp };
