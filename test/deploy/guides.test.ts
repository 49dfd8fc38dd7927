// Every command of docs/deploy.md, docs/backup.md and docs/upgrade.md: run, or where it needs Docker, Kubernetes or root, looked at.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { PostgresServer, POSTGRES_PASSWORD } from '../../packages/server/test/support/postgres.ts';
import { startS3Server } from '../../packages/server/test/support/s3-server.ts';
import { findProgram } from '../support/program.ts';
import { ROOT } from './dockerfile.ts';
import { blocksOf, Machine, type Block } from './guide.ts';

const GUIDES = ['deploy.md', 'backup.md', 'upgrade.md'];
const LAUNCHER = join(ROOT, 'packages/server/bin/kaibo.mjs');
const of = (guide: string, kind = ''): Block[] => blocksOf(guide).filter((block) => block.kind === kind);
/** What comes before a guide begins. */
const before = (text: string): Block => ({ kind: '', line: 0, text: `${text}\n` });
const RUNNING = before(`systemctl start kaibo
curl -fsS --retry 60 --retry-delay 1 --retry-all-errors http://127.0.0.1:8088/readyz
kaibo admin create --username chief`);
/** Some twenty commands, each a process of its own, on cores that others use too. */
const LONG = { timeout: 480_000 };

test('blocks are of a kind that is carried out or looked at', () => {
  const kinds = new Set(GUIDES.flatMap((guide) => blocksOf(guide).map(({ kind }) => kind)));
  expect([...kinds].toSorted()).toEqual(['', 'bucket', 'docker', 'kubernetes', 'postgres', 'root']);
});

test('on one machine: installed, backed up and restored, upgraded and taken back', LONG, async () => {
  await using machine = await Machine.install();
  const later = (name: string): string => `kaibo user create --username ${name} > /dev/null; echo @@`;
  const said = await machine.run([...of('deploy.md'), ...of('backup.md'), ...of('upgrade.md')], {
    'backup check /var/backups/kaibo/by-hand': later('after-backup'),
    'backup restore /var/backups/kaibo/by-hand': 'kaibo user list; echo @@',
    'systemctl restart kaibo': later('after-upgrade'),
    'backup restore /var/backups/kaibo/before-upgrade': 'kaibo user list',
  });
  const [installed = '', , upgraded, takenBack] = said.split('@@');
  expect(installed).toMatch(/kaibo\.yaml: fine[^]*"status":"ready"[^]*admin chief made/);
  expect(said.split('@@')[1]).toMatch(/chief/);
  for (const part of [upgraded, takenBack]) expect(part).toContain('"status":"ready"');
  // What came after a backup is not there after its restore; what was before, is.
  expect(takenBack).toContain('chief');
  expect(said).not.toMatch(/^.* after-(?:backup|upgrade)$/m);
});

test('backup.md: PostgreSQL goes out and back by its own tools', LONG, async () => {
  await using server = await PostgresServer.start();
  const url = await server.createDatabase();
  const withoutPassword = url.replace(`:${POSTGRES_PASSWORD}`, '');
  await using machine = await Machine.install({
    ...{ KAIBO_DATABASE_URL: url, DATABASE_URL: withoutPassword, PGPASSWORD: POSTGRES_PASSWORD },
  });
  const said = await machine.run([RUNNING, ...of('backup.md', 'postgres')], {
    pg_dump: 'kaibo user create --username later > /dev/null; echo @@',
    'pg_restore --clean': 'kaibo user list',
  });
  const [, afterwards] = said.split('@@');
  expect(afterwards).toContain('chief');
  expect(afterwards).not.toContain('later');
});

test('backup.md: a bucket goes out and back', async () => {
  const { endpoint, bucket, accessKeyId, secretAccessKey } = (await startS3Server()).config;
  await using machine = await Machine.install({
    ...{ RCLONE_CONFIG_KAIBO_ENDPOINT: endpoint, S3_BUCKET: bucket },
    ...{ RCLONE_CONFIG_KAIBO_ACCESS_KEY_ID: accessKeyId, RCLONE_CONFIG_KAIBO_SECRET_ACCESS_KEY: secretAccessKey },
  });
  const [first, ...rest] = of('backup.md', 'bucket');
  const [names = '', ...others] = linesOf(first?.text ?? '');
  const filled = `${names}\nprintf 'a picture' | rclone rcat "kaibo:$S3_BUCKET/files/a.webp"\n${others.join('\n')}\n`;
  const said = await machine.run([before(filled), ...rest], {
    'rclone check': 'rclone delete "kaibo:$S3_BUCKET"; rclone ls "kaibo:$S3_BUCKET"; echo @@',
    'rclone copy': 'rclone cat "kaibo:$S3_BUCKET/files/a.webp"',
  });
  expect(said).toBe('@@\na picture');
});

describe('commands that are only looked at', () => {
  const blocks = GUIDES.flatMap((guide) => blocksOf(guide).map((block) => ({ guide, ...block }))).filter(({ kind }) =>
    ['docker', 'kubernetes', 'root'].includes(kind),
  );
  let commands: string;

  beforeAll(() => {
    commands = spawnSync(process.execPath, [LAUNCHER, '--help'], { encoding: 'utf8' }).stdout;
  });

  test.each(blocks.map((block) => [`${block.guide}:${block.line}`, block] as const))('%s', (_place, { kind, text }) => {
    expect(spawnSync('/bin/sh', ['-n', '-c', text], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
    const lines = linesOf(text);
    for (const path of text.match(/(?:\/opt\/kaibo\/|(?<![\w./-]))deploy\/[\w./-]+/g) ?? [])
      expect([path, existsSync(join(ROOT, path.replace('/opt/kaibo/', '')))]).toEqual([path, true]);
    for (const line of lines) {
      if (kind === 'docker') lookAtDocker(line);
      else if (kind === 'kubernetes') lookAtKubernetes(line);
      else expect(line).toMatch(/^(?:PATH=\S+ )?(?:apt-get|useradd|install|cd|npm|git|cp|systemctl|nginx) /);
      const [, named] = /(?: exec kaibo(?:-\d)? kaibo| run --rm kaibo)((?: [a-z]+){1,2})/.exec(line) ?? [];
      if (named !== undefined && kind === 'docker')
        expect(commands).toMatch(new RegExp(`^ {2}${commandOf(named)}`, 'm'));
    }
  });

  /** The words up to the last that is part of a command's name. */
  function commandOf(words: string): string {
    const [one = '', two = ''] = words.trim().split(' ');
    return commands.includes(`\n  ${one} ${two}`) ? `${one} ${two}` : one;
  }
});

/** Lines as a shell reads them, with what continues on the next joined. */
function linesOf(text: string): string[] {
  return text
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line !== '');
}

const compose = parse(readFileSync(join(ROOT, 'deploy/docker/docker-compose.yml'), 'utf8'), { merge: true }) as {
  services: Record<string, object>;
};

/** Services that are named are there. */
function lookAtDocker(line: string): void {
  const [, verb, rest = ''] = /docker compose (\w+)(.*)$/.exec(line) ?? [];
  if (verb === undefined)
    return expect(line).toMatch(/^(?:cd deploy\/docker$|docker build |(?:\w+=\S+ )*sh init-env\.sh(?: cluster)?$)/);
  expect(['build', 'cp', 'exec', 'logs', 'run', 'start', 'stop', 'up']).toContain(verb);
  const words = rest.split(' ').filter((word) => word !== '' && !word.startsWith('--'));
  const service = verb === 'cp' ? words[0]?.split(':')[0] : words[0];
  if (service !== undefined) expect(Object.keys(compose.services)).toContain(service);
}

/** What can be built is built, without a cluster; what is named is in an overlay. */
function lookAtKubernetes(line: string): void {
  const [, verb] = /^kubectl (?:--namespace kaibo )?(\w+) /.exec(line) ?? [];
  expect(['apply', 'cp', 'create', 'diff', 'exec', 'rollout']).toContain(verb);
  if (verb === 'create') {
    const dry = spawnSync('/bin/sh', ['-c', `${line} --dry-run=client --output=yaml`], { encoding: 'utf8' });
    expect([dry.status, dry.stderr]).toEqual([0, '']);
    expect(parse(dry.stdout)).toMatchObject({ kind: 'Secret', metadata: { name: 'kaibo', namespace: 'kaibo' } });
  }
  for (const [, kind, name] of line.matchAll(/ (statefulset|deployment)\/(\S+)/g)) {
    const overlay = kind === 'deployment' ? 'cluster' : 'single';
    const built = spawnSync(findProgram('kubectl'), ['kustomize', join(ROOT, 'deploy/k8s/overlays', overlay)], {
      encoding: 'utf8',
    });
    const names = parseAllDocuments(built.stdout).map(
      (document) => document.toJS() as { kind: string; metadata: { name: string } },
    );
    expect(names.map((one) => `${one.kind.toLowerCase()}/${one.metadata.name}`)).toContain(`${kind}/${name}`);
  }
}
