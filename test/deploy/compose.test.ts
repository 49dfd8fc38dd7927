import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../packages/server/src/app/config.ts';
import { freePort } from '../support/ports.ts';
import { findProgram, Program } from '../support/program.ts';
import { tempDir } from '../support/temp-dir.ts';
import { ROOT } from './dockerfile.ts';

const FOLDER = join(ROOT, 'deploy/docker');
const COMPOSE = join(FOLDER, 'docker-compose.yml');
const LAUNCHER = join(ROOT, 'packages/server/bin/kaibo.mjs');
const CLUSTER = [
  ...['alertmanager', 'balancer', 'coturn', 'grafana', 'kaibo-1', 'kaibo-2', 'postgres', 'prometheus', 'redis'],
  ...['seaweedfs', 'srs', 'srs-config'],
];

interface Service {
  image: string;
  profiles: string[];
  environment?: Record<string, string>;
  /** `SOURCE:TARGET:ro` of one version, an object of the other. */
  volumes?: (string | { source: string })[];
  command?: string[];
  depends_on?: Record<string, unknown>;
  ports?: { published: number }[];
  read_only?: boolean;
  network_mode?: string;
}

interface Made {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
}

/** What `docker-compose` makes of the file, which checks it against the schema of compose files. */
function made(profile: string, env: Record<string, string> = {}): { secrets: Record<string, string>; compose: Made } {
  using folder = tempDir();
  const file = folder.file('.env');
  initEnv(file, profile, env);
  const compose = spawnSync(findProgram('docker-compose'), ['--env-file', file, '-f', COMPOSE, 'config'], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
  });
  expect(compose.stderr).toBe('');
  expect(compose.status).toBe(0);
  return { secrets: read(file), compose: parse(compose.stdout) as Made };
}

function initEnv(file: string, profile: string, env: Record<string, string> = {}): string {
  const done = spawnSync('/bin/sh', [join(FOLDER, 'init-env.sh'), profile], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], KAIBO_ENV_FILE: file, ...env },
  });
  expect(done.stderr).toBe('');
  return done.stdout;
}

function read(file: string): Record<string, string> {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s, 2) as [string, string]));
}

describe('docker-compose.yml', () => {
  let cluster: ReturnType<typeof made>;
  let alone: ReturnType<typeof made>;

  beforeAll(() => {
    cluster = made('cluster', { KAIBO_PUBLIC_HOST: 'live.example.org', KAIBO_PUBLIC_URL: 'https://live.example.org' });
    alone = made('alone');
  });

  test('one Kaibo alone, or the whole cluster', () => {
    const { services } = cluster.compose;
    const of = (profile: string): string[] =>
      Object.keys(services).filter((name) => services[name]?.profiles.includes(profile));
    expect(of('alone')).toEqual(['kaibo']);
    expect(of('cluster').toSorted()).toEqual(CLUSTER.toSorted());
    expect([alone.secrets['COMPOSE_PROFILES'], cluster.secrets['COMPOSE_PROFILES']]).toEqual(['alone', 'cluster']);
  });

  test('images are pinned, and what is depended on is there', () => {
    for (const [name, { image, depends_on: needs = {}, profiles }] of Object.entries(cluster.compose.services)) {
      expect([name, image]).toEqual([name, expect.stringMatching(/^[\w./-]+:v?\d[\w.-]*$/)]);
      for (const needed of Object.keys(needs))
        expect(cluster.compose.services[needed]?.profiles).toEqual(expect.arrayContaining(profiles));
    }
  });

  test('no port of the machine is taken twice', () => {
    const taken = Object.values(cluster.compose.services)
      .filter(({ profiles }) => profiles.includes('cluster'))
      .flatMap(({ ports = [] }) => ports.map((port) => JSON.stringify(port)));
    expect(new Set(taken).size).toBe(taken.length);
  });

  test('every file that is mounted is there, and every volume is named', () => {
    for (const [name, { volumes = [] }] of Object.entries(cluster.compose.services)) {
      for (const volume of volumes) {
        const source = typeof volume === 'string' ? (volume.split(':')[0] ?? '') : volume.source;
        if (source.startsWith('/')) expect([name, source, existsSync(source)]).toEqual([name, source, true]);
        else expect(Object.keys(cluster.compose.volumes)).toContain(source);
      }
    }
  });

  test('nodes have the same environment, and SRS is configured by it', () => {
    const { 'kaibo-1': one, 'kaibo-2': two, 'srs-config': srs } = cluster.compose.services;
    expect(two?.environment).toEqual(one?.environment);
    using folder = tempDir();
    const args = (srs?.command ?? []).map((word) => word.replace('/srs/', `${folder.path}/`));
    const env = { ...srs?.environment, KAIBO_DATA_DIR: folder.file('data') };
    const written = spawnSync(process.execPath, [LAUNCHER, ...args], { cwd: folder.path, encoding: 'utf8', env });
    expect([written.status, written.stderr]).toEqual([0, expect.stringContaining('srs.conf is written')]);
    const conf = readFileSync(folder.file('srs.conf'), 'utf8');
    expect(conf).toContain(`http://balancer:8088/api/hooks/srs/${cluster.secrets['SRS_HOOKS_SECRET']}`);
    expect(conf).toContain(cluster.secrets['SRS_API_PASSWORD']);
    expect(conf).toMatch(/candidate +live\.example\.org;/);
  });

  test.each(['kaibo', 'kaibo-1'])('Kaibo takes the environment of %s', async (name) => {
    const { environment = {}, read_only: isReadOnly } = cluster.compose.services[name] ?? {};
    expect(isReadOnly).toBe(true);
    using folder = tempDir();
    const { warnings } = await loadConfig({ flags: [], env: environment, cwd: folder.path });
    expect(warnings).toEqual([]);
  });

  test('without secrets it says how to make them', () => {
    using folder = tempDir();
    writeFileSync(folder.file('.env'), '');
    const refused = spawnSync(
      findProgram('docker-compose'),
      ['--env-file', folder.file('.env'), '-f', COMPOSE, 'config'],
      {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'] },
      },
    );
    expect(refused.status).not.toBe(0);
    expect(refused.stderr).toMatch(/run sh init-env\.sh/);
  });

  test('every secret of the file is made by init-env.sh, and each differs', () => {
    const names = readFileSync(COMPOSE, 'utf8').matchAll(/\$\{(\w+):\?/g);
    for (const [, name = ''] of names) expect(cluster.secrets).toHaveProperty(name);
    const values = Object.values(cluster.secrets).filter((value) => /^[0-9a-f]{64}$/.test(value));
    expect(values.length).toBeGreaterThanOrEqual(9);
    expect(new Set([...values, ...Object.values(alone.secrets)]).size).toBeGreaterThanOrEqual(2 * values.length);
  });
});

test('init-env.sh keeps what is there, for the owner’s eyes only', () => {
  using folder = tempDir();
  const file = folder.file('.env');
  const said = initEnv(file, 'alone');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const before = read(file);
  for (const value of Object.values(before)) if (value.length === 64) expect(said).not.toContain(value);
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^TURN_SECRET=.*\n/m, ''));
  initEnv(file, 'cluster');
  expect(read(file)).toEqual({ ...before, TURN_SECRET: expect.stringMatching(/^[0-9a-f]{64}$/) });
  const wrong = spawnSync('/bin/sh', [join(FOLDER, 'init-env.sh'), 'both'], { encoding: 'utf8' });
  expect([wrong.status, wrong.stderr]).toEqual([1, 'usage: init-env.sh [alone|cluster]\n']);
});

describe('the programs take the files that are mounted for them', () => {
  test.each([undefined, 'live.example.org'])('caddy, site %s', (site) => {
    const args = ['validate', '--adapter', 'caddyfile', '--config', join(FOLDER, 'Caddyfile')];
    using home = tempDir();
    const env = { PATH: process.env['PATH'], HOME: home.path, ...(site === undefined ? {} : { KAIBO_SITE: site }) };
    const { status, stderr } = spawnSync(findProgram('caddy'), args, { encoding: 'utf8', env });
    expect([status, stderr]).toEqual([0, expect.stringContaining('"level":"info"')]);
  });

  test('redis-server', async () => {
    using folder = tempDir();
    const port = await freePort();
    const flags = ['--requirepass', 'of-a-test', '--port', String(port), '--bind', '127.0.0.1', '--dir', folder.path];
    await using redis = Program.start('redis-server', [join(FOLDER, 'redis.conf'), ...flags]);
    await redis.saw(/Ready to accept connections/);
    const asked = spawnSync(
      findProgram('redis-cli'),
      ['-p', String(port), 'config', 'get', 'maxmemory-policy', 'appendonly'],
      { encoding: 'utf8', env: { REDISCLI_AUTH: 'of-a-test' } },
    );
    expect(asked.stdout.trim().split('\n').toSorted()).toEqual(['appendonly', 'maxmemory-policy', 'noeviction', 'yes']);
  });

  test('turnserver', async () => {
    using folder = tempDir();
    await using turn = Program.start('turnserver', [
      ...['-c', join(FOLDER, 'turnserver.conf'), '--realm=test.example', '--static-auth-secret=of-a-test'],
      ...['--listening-ip=127.0.0.1', `--listening-port=${await freePort()}`, `--pidfile=${folder.file('pid')}`],
      `--userdb=${folder.file('db')}`,
    ]);
    await turn.saw(/Total auth threads|Total General servers/);
    expect(turn.output).not.toMatch(/bad configuration|unknown|unrecognized/i);
    expect(turn.output).not.toContain('CONFIG ERROR');
  });

  test('seaweedfs.sh gives weed the keys in a file, and makes the bucket once the server is there', () => {
    using folder = tempDir();
    mkdirSync(folder.file('bin'));
    // The first attempts to reach the server fail, as they do while it starts.
    writeFileSync(
      folder.file('bin/weed'),
      `#!/bin/sh
cd '${folder.path}'
if [ "$1" = shell ]; then [ -e tried ] && cat > bucket || { touch tried; exit 1; }
else printf '%s\\n' "$@" > server; while [ ! -s bucket ]; do sleep 0.05; done; fi
`,
    );
    chmodSync(folder.file('bin/weed'), 0o755);
    // What the container has at a fixed place is put here.
    const script = readFileSync(join(FOLDER, 'seaweedfs.sh'), 'utf8').replaceAll('/tmp/', `${folder.path}/`);
    const env = {
      PATH: `${folder.file('bin')}:${process.env['PATH']}`,
      S3_ACCESS_KEY: 'a-key',
      S3_SECRET_KEY: 'a-secret',
    };
    const ran = spawnSync('/bin/sh', ['-c', script], { encoding: 'utf8', env, timeout: 20_000 });
    expect([ran.status, ran.stderr]).toEqual([0, '']);
    const { identities } = JSON.parse(readFileSync(folder.file('s3.json'), 'utf8')) as { identities: unknown[] };
    expect(identities).toEqual([
      expect.objectContaining({ credentials: [{ accessKey: 'a-key', secretKey: 'a-secret' }] }),
    ]);
    expect(readFileSync(folder.file('server'), 'utf8')).toContain(`-s3.config=${folder.path}/s3.json`);
    expect(readFileSync(folder.file('bucket'), 'utf8')).toContain('s3.bucket.create -name kaibo');
    expect(statSync(folder.file('s3.json')).mode & 0o077).toBe(0);
  });
});
