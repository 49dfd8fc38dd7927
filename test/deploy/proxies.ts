// The proxies' example files, with this test's names, ports and certificate in place of the example's.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { selfSignedCertificate } from '../support/certificate.ts';
import { freePort } from '../support/ports.ts';
import { Program } from '../support/program.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';
import { ROOT } from './dockerfile.ts';

export interface Behind {
  http: number;
  media: number;
  rtmp: number;
}

export interface Proxy extends AsyncDisposable {
  /** `https://127.0.0.1:PORT` */
  url: string;
  plainUrl: string;
  rtmpsPort?: number;
}

/** Every text to be replaced has to be there: an example that says something else is not what is tested. */
export function placed(file: string, replacements: Readonly<Record<string, string>>): string {
  let text = readFileSync(join(ROOT, file), 'utf8');
  for (const [from, to] of Object.entries(replacements)) {
    if (!text.includes(from)) throw new Error(`${file} does not say ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

const LETSENCRYPT = '/etc/letsencrypt/live/live.example.org';

/** nginx as `nginx.conf` of Debian would load both files; `-t` first. */
export async function startNginx(behind: Behind): Promise<Proxy> {
  const folder = tempDir();
  const { key, cert } = await selfSignedCertificate(folder);
  const [port, plain, rtmps] = [await freePort(), await freePort(), await freePort()];
  const certificate = { [`${LETSENCRYPT}/fullchain.pem`]: cert, [`${LETSENCRYPT}/privkey.pem`]: key };
  const site = placed('deploy/nginx/kaibo.conf', {
    ...certificate,
    'listen [::]:80;': '',
    'listen [::]:443 ssl http2;': '',
    'listen 80;': `listen 127.0.0.1:${plain};`,
    'listen 443 ssl http2;': `listen 127.0.0.1:${port} ssl http2;`,
    'server 127.0.0.1:8088;': `server 127.0.0.1:${behind.http};`,
    'server 127.0.0.1:8080;': `server 127.0.0.1:${behind.media};`,
    'server_name live.example.org;': 'server_name 127.0.0.1;',
  });
  const stream = placed('deploy/nginx/rtmp-stream.conf', {
    ...certificate,
    'listen [::]:1936 ssl;': '',
    'listen 1936 ssl;': `listen 127.0.0.1:${rtmps} ssl;`,
    'server 127.0.0.1:1935;': `server 127.0.0.1:${behind.rtmp};`,
  });
  writeFileSync(folder.file('site.conf'), site);
  writeFileSync(folder.file('stream.conf'), stream);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  writeFileSync(
    folder.file('nginx.conf'),
    `load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${folder.file('pid')};
error_log stderr notice;
events {}
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${folder.file(name)};`).join(' ')}
  include ${folder.file('site.conf')};
}
include ${folder.file('stream.conf')};
`,
  );
  const args = ['-p', folder.path, '-e', 'stderr', '-c', folder.file('nginx.conf')];
  const tested = await Program.start('/usr/sbin/nginx', ['-t', ...args]).succeeded();
  if (/\[(?:warn|error)\]/.test(tested.output)) throw new Error(`nginx -t says: ${tested.output}`);
  const program = Program.start('/usr/sbin/nginx', args);
  await program.saw(/start worker process /);
  return {
    url: `https://127.0.0.1:${port}`,
    plainUrl: `http://127.0.0.1:${plain}`,
    rtmpsPort: rtmps,
    [Symbol.asyncDispose]: async () => {
      await program.stop('SIGQUIT');
      folder[Symbol.dispose]();
    },
  };
}

/** Caddy with a certificate of its own making, as it has where there is no name to prove. */
export async function startCaddy(behind: Behind): Promise<Proxy> {
  const folder = tempDir();
  const { key, cert } = await selfSignedCertificate(folder);
  const [port, plain] = [await freePort(), await freePort()];
  const site = placed('deploy/caddy/Caddyfile', {
    'live.example.org {': `127.0.0.1:${port} {\n\ttls ${cert} ${key}`,
    'reverse_proxy 127.0.0.1:8088': `reverse_proxy 127.0.0.1:${behind.http}`,
    'reverse_proxy 127.0.0.1:8080': `reverse_proxy 127.0.0.1:${behind.media}`,
  });
  const global = `{\n\tadmin off\n\thttp_port ${plain}\n\thttps_port ${port}\n\tskip_install_trust\n}\n`;
  writeFileSync(folder.file('Caddyfile'), global + site);
  const args = ['--adapter', 'caddyfile', '--config', folder.file('Caddyfile')];
  const env = { HOME: folder.path, XDG_DATA_HOME: folder.path, XDG_CONFIG_HOME: folder.path };
  await Program.start('caddy', ['validate', ...args], { env }).succeeded();
  const program = Program.start('caddy', ['run', ...args], { env });
  await program.saw(/serving initial configuration/);
  const plainUrl = `http://127.0.0.1:${plain}`;
  await until(async () => (await fetch(plainUrl, { redirect: 'manual' })).status < 500, { what: 'Caddy answering' });
  return {
    url: `https://127.0.0.1:${port}`,
    plainUrl,
    [Symbol.asyncDispose]: async () => {
      await program.stop();
      folder[Symbol.dispose]();
    },
  };
}
