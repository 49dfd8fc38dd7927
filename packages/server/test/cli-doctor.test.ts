import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { expect, onTestFinished, test } from 'vitest';
import { tempFolder } from './harness.ts';
import { onDatabase } from './support/databases.ts';
import { kaibo, kaiboHere, startKaiboProcess } from './support/kaibo.ts';
import { POSTGRES_PASSWORD } from './support/postgres.ts';
import { RedisServer } from './support/redis-server.ts';
import { startS3Server } from './support/s3-server.ts';

const FREE_PORTS = [
  'http',
  'https',
  'media.rtmp',
  'media.rtmps',
  'media.http',
  'media.https',
  'media.api',
  'media.rtc',
  'metrics',
].map((name) => `--${name}.port=0`);
/** What the machine of the tests may lack. */
const OF_THE_MACHINE = /^(ffmpeg|open files|disk|disk speed|recordings)$/;

interface Finding {
  level: 'ok' | 'warn' | 'FAIL';
  subject: string;
  found: string;
  fix?: string;
}

/** As a process of its own where its environment is another one. */
async function examine(
  flags: readonly string[],
  env?: Record<string, string>,
): Promise<{ code: number | null; output: string; findings: Finding[]; of(subject: string): Finding | undefined }> {
  const args = ['doctor', '--json', ...FREE_PORTS, ...flags];
  const { code, output } = await (env === undefined ? kaiboHere(args) : kaibo(args, { env }));
  const { ok, findings } = JSON.parse(output) as { ok: boolean; findings: Finding[] };
  expect(ok).toBe(code === 0);
  expect(findings.filter(({ level, fix }) => (level !== 'ok') !== (fix !== undefined))).toEqual([]);
  return { code, output, findings, of: (subject) => findings.find((finding) => finding.subject === subject) };
}

function freshFolder(): string {
  return join(tempFolder(), 'data');
}

async function takenPort(): Promise<number> {
  const taken = createServer().listen(0, '0.0.0.0');
  await once(taken, 'listening');
  onTestFinished(() => void taken.close());
  return (taken.address() as AddressInfo).port;
}

/** The flags of a certificate for live.example.org that is good from one to another day, counted from today. */
function certificate({ from = -1, to = 90 }: { from?: number; to?: number } = {}): string[] {
  const folder = tempFolder();
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const lines = ['[ca]', 'default_ca = test', '[test]', 'database = index', 'serial = serial', 'new_certs_dir = .'];
  lines.push('default_md = sha256', 'policy = any', 'copy_extensions = copy', '[any]', 'commonName = supplied', '');
  writeFileSync(join(folder, 'ca.cnf'), lines.join('\n'));
  writeFileSync(join(folder, 'index'), '');
  writeFileSync(join(folder, 'serial'), '01\n');
  const name = ['-subj', '/CN=live.example.org', '-addext', 'subjectAltName=DNS:live.example.org'];
  openssl(
    folder,
    'req',
    '-new',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    ...name,
    '-keyout',
    key,
    '-out',
    'request.pem',
  );
  const dates = ['-startdate', dayFromNow(from), '-enddate', dayFromNow(to)];
  openssl(
    folder,
    'ca',
    '-batch',
    '-selfsign',
    '-config',
    'ca.cnf',
    '-keyfile',
    key,
    '-in',
    'request.pem',
    '-out',
    cert,
    '-notext',
    ...dates,
  );
  return [`--tls.key=${key}`, `--tls.cert=${cert}`];
}

function openssl(cwd: string, ...args: string[]): void {
  const ran = spawnSync('openssl', args, { cwd, encoding: 'utf8' });
  expect(ran.status, ran.stderr).toBe(0);
}

/** As openssl reads it: `20260101000000Z`. */
function dayFromNow(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().replace(/[-:T]|\.\d+/g, '');
}

test('a healthy site is all ok', async () => {
  const folder = freshFolder();
  await kaiboHere(['migrate', `--dataDir=${folder}`]);
  const { code, findings } = await examine([`--dataDir=${folder}`, ...certificate()]);
  expect(findings.filter(({ level, subject }) => level !== 'ok' && !OF_THE_MACHINE.test(subject))).toEqual([]);
  expect(code).toBe(0);
});

test('ports of the Kaibo that runs are its own, and a page that answers is found', async () => {
  const folder = freshFolder();
  const running = await startKaiboProcess(`--dataDir=${folder}`);
  const { port } = new URL(running.base);
  const { of, code } = await examine([`--dataDir=${folder}`, `--http.port=${port}`, `--publicUrl=${running.base}`]);
  expect(of(`port ${port} (http.port)`)).toMatchObject({
    level: 'ok',
    found: `open in Kaibo (process ${running.process.pid})`,
  });
  expect(of('public address')).toMatchObject({ level: 'ok', found: `${running.base} answers` });
  expect(of('database writes')?.level).toBe('ok');
  expect(code).toBe(0);
  const stranger = await takenPort();
  const other = await examine([`--dataDir=${folder}`, `--metrics.port=${stranger}`]);
  expect(other.of(`port ${stranger} (metrics.port)`)).toMatchObject({
    level: 'FAIL',
    found: 'in use by another program',
  });
});

test('a port that another program has is said, and in words for a person', async () => {
  const port = await takenPort();
  const flags = [
    `--dataDir=${freshFolder()}`,
    ...FREE_PORTS.filter((flag) => !flag.includes('-http.')),
    `--http.port=${port}`,
  ];
  const { code, output } = await kaibo(['doctor', ...flags]);
  expect(code).toBe(1);
  expect(output).toMatch(
    new RegExp(`^FAIL +port ${port} \\(http\\.port\\) +in use by another program\n +→ stop that program`, 'm'),
  );
});

test.each([
  ['on PATH', () => ({ PATH: tempFolder() })],
  ['where KAIBO_FFMPEG leads', () => ({ KAIBO_FFMPEG: join(tempFolder(), 'ffmpeg') })],
])('without ffmpeg %s it says what goes without, and what to install', async (_where, env) => {
  const { of, code } = await examine([`--dataDir=${freshFolder()}`], env());
  expect(of('ffmpeg')).toMatchObject({
    level: 'warn',
    found: expect.stringMatching(/^not found; sound between WebRTC and RTMP/),
    fix: expect.stringContaining('apt-get install -y ffmpeg'),
  });
  expect(code).toBe(0);
});

test('secrets that others can read, and a damaged database', async () => {
  const folder = freshFolder();
  await kaiboHere(['migrate', `--dataDir=${folder}`]);
  const file = join(folder, 'kaibo.db');
  chmodSync(file, 0o644);
  const open = await examine([`--dataDir=${folder}`]);
  expect(open.of('secrets')).toMatchObject({ level: 'warn', fix: `chmod go-rwx ${file}` });
  writeFileSync(file, randomBytes(32_768));
  const damaged = await examine([`--dataDir=${folder}`]);
  expect(damaged.of('database')?.level).toBe('FAIL');
  expect(damaged.code).toBe(1);
});

test.each([
  ['expired', { from: -30, to: -2 }, 'FAIL', /^expired 20/],
  ['ending soon', { to: 5 }, 'warn', /^[45] days left/],
  ['of the future', { from: 2 }, 'FAIL', /^not valid before/],
])('a certificate that is %s', async (_name, dates, level, found) => {
  const { of } = await examine([`--dataDir=${freshFolder()}`, ...certificate(dates)]);
  expect(of('certificate')).toMatchObject({ level, found: expect.stringMatching(found) });
});

test('a certificate of another key, or of another name', async () => {
  const [key = ''] = certificate();
  const [, cert = ''] = certificate();
  const folder = `--dataDir=${freshFolder()}`;
  expect((await examine([folder, key, cert])).of('certificate')?.found).toMatch(/belongs to another key/);
  const named = await examine([folder, '--publicUrl=https://localhost', ...certificate()]);
  expect(named.findings).toContainEqual(
    expect.objectContaining({ level: 'FAIL', found: 'is for DNS:live.example.org, not for localhost' }),
  );
});

test('a public address that does not resolve', async () => {
  const { of, code } = await examine([`--dataDir=${freshFolder()}`, '--publicUrl=https://kaibo.invalid']);
  expect(of('public address')).toMatchObject({ level: 'FAIL', found: expect.stringContaining('does not resolve') });
  expect(code).toBe(1);
});

test('Redis: evicting and forgetting is warned of, away is a failure', async () => {
  const redis = await RedisServer.start({ password: 'not-to-be-shown' });
  onTestFinished(() => redis[Symbol.asyncDispose]());
  const subject = `Redis 127.0.0.1:${redis.port}`;
  const flags = [`--dataDir=${freshFolder()}`, `--redis.url=${redis.url}`];
  const there = await examine(flags);
  expect(there.of(subject)).toMatchObject({ level: 'ok', found: expect.stringMatching(/^answers \(\d+\./) });
  expect(there.of(`${subject} memory`)?.level).toBe('ok');
  expect(there.of(`${subject} persistence`)?.level).toBe('warn');
  expect(there.of(`${subject} clock`)?.level).toBe('ok');
  await redis[Symbol.asyncDispose]();
  const away = await examine(flags);
  expect(away.of(subject)).toMatchObject({ level: 'FAIL', fix: expect.stringContaining('start Redis') });
  expect(away.code).toBe(1);
  expect(there.output + away.output).not.toContain('not-to-be-shown');
});

test('recordings: a folder and a bucket, and one that is not there', async () => {
  const { config } = await startS3Server();
  const s3 = Object.entries(config).map(([key, value]) => `--s3.${key}=${value}`);
  const flags = [`--dataDir=${freshFolder()}`, '--recording.minFreeBytes=0', '--media.record.minFreeBytes=0'];
  const there = await examine([...flags, ...s3]);
  expect(there.of('recordings')).toMatchObject({ level: 'ok' });
  expect(there.findings.filter(({ subject }) => subject === 'bucket videos')).toMatchObject([
    { level: 'ok', found: 'takes files' },
    { level: expect.stringMatching(/^(ok|warn)$/), found: expect.stringContaining('pages of') },
  ]);
  const away = await examine([...flags, ...s3, '--s3.bucket=nowhere', '--s3.secretAccessKey=not-to-be-shown']);
  expect(away.of('bucket nowhere')).toMatchObject({ level: 'FAIL' });
  expect(away.output).not.toContain('not-to-be-shown');
});

test('mail: a server that takes us, and none', async () => {
  const sink = new SMTPServer({ authOptional: true, disabledCommands: ['STARTTLS'] });
  const listening = sink.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  onTestFinished(() => sink.close());
  const { port } = listening.address() as AddressInfo;
  const flags = [`--dataDir=${freshFolder()}`, '--mail.from=kaibo@example.org'];
  const there = await examine([...flags, `--mail.url=smtp://127.0.0.1:${port}`]);
  expect(there.of(`mail 127.0.0.1:${port}`)).toMatchObject({ level: 'ok' });
  const away = await examine([...flags, '--mail.url=smtp://someone:not-to-be-shown@127.0.0.1:1']);
  expect(away.of('mail 127.0.0.1:1')).toMatchObject({ level: 'FAIL' });
  expect(away.output).not.toContain('not-to-be-shown');
});

test('WebRTC: what is needed is there, and nothing of the credentials is shown', async () => {
  const stun = createSocket('udp4');
  stun.on('message', (request, { port, address }) => {
    const answer = Buffer.from(request);
    answer.writeUInt16BE(0x0101, 0);
    stun.send(answer, port, address);
  });
  await new Promise<void>((resolve) => stun.bind(0, '127.0.0.1', resolve));
  onTestFinished(() => void stun.close());
  const there = `turn:127.0.0.1:${stun.address().port}?transport=udp`;
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  onTestFinished(() => void listener.close());
  const stream = `turns:127.0.0.1:${(listener.address() as AddressInfo).port}`;
  const away = 'turn:127.0.0.1:9';
  const servers = [
    { urls: [there, stream], secret: 'not-to-be-shown' },
    { urls: [away], username: 'somebody', credential: 'not-to-be-shown' },
  ];
  const { of, code, output } = await examine([
    `--dataDir=${freshFolder()}`,
    '--host=127.0.0.1',
    `--media.rtc.iceServers=${JSON.stringify(servers)}`,
  ]);
  expect(of('WebRTC module')).toMatchObject({ level: 'ok' });
  expect(of('UDP port (media.rtc.port)')).toMatchObject({ level: 'ok' });
  expect(of('WebRTC addresses')).toMatchObject({ level: 'ok', found: '127.0.0.1' });
  expect(of(`ICE server ${there}`)).toMatchObject({ level: 'ok' });
  expect(of(`ICE server ${stream}`)).toMatchObject({ level: 'ok' });
  expect(of(`ICE server ${away}`)).toMatchObject({ level: 'warn', found: expect.stringContaining('does not answer') });
  expect(code).toBe(0);
  expect(output).not.toContain('not-to-be-shown');
});

test('WebRTC: a UDP port that is taken, a name that leads nowhere, and addresses that nobody outside reaches', async () => {
  const taken = createSocket('udp4');
  await new Promise<void>((resolve) => taken.bind(0, '0.0.0.0', resolve));
  onTestFinished(() => void taken.close());
  const { port } = taken.address();
  const bad = await examine([
    `--dataDir=${freshFolder()}`,
    `--media.rtc.port=${port}`,
    '--media.rtc.candidates=kaibo.invalid',
  ]);
  expect(bad.of(`UDP port ${port} (media.rtc.port)`)).toMatchObject({
    level: 'FAIL',
    found: 'in use by another program',
  });
  expect(bad.of('WebRTC addresses')).toMatchObject({
    level: 'FAIL',
    found: expect.stringMatching(/^media\.rtc\.candidates: kaibo\.invalid does not resolve/),
  });
  expect(bad.code).toBe(1);
  const inside = await examine([
    `--dataDir=${freshFolder()}`,
    '--media.rtc.candidates=10.0.0.7,fd00::7',
    '--media.publicHost=live.example.org',
  ]);
  expect(inside.of('WebRTC addresses')).toMatchObject({
    level: 'warn',
    fix: expect.stringContaining('set media.rtc.candidates to the outside address (live.example.org)'),
  });
  const off = await examine([`--dataDir=${freshFolder()}`, '--media.rtc.enabled=false']);
  expect(off.of('WebRTC')).toMatchObject({ level: 'ok', found: 'off (media.rtc.enabled)' });
  expect(off.of('WebRTC module')).toBeUndefined();
});

onDatabase('postgres', 'kaibo doctor', (_open, databases) => {
  test('a database that is there, and one that is away', async () => {
    const { url = '' } = await databases.options();
    const flags = [`--dataDir=${freshFolder()}`, `--database.url=${url}`];
    const fresh = await examine(flags);
    expect(fresh.of('migrations')).toMatchObject({ level: 'warn', fix: expect.stringContaining('kaibo migrate') });
    await kaiboHere(['migrate', ...flags]);
    const there = await examine(flags);
    expect(there.of('database')).toMatchObject({
      level: 'ok',
      found: expect.stringMatching(/answers \(PostgreSQL \d+/),
    });
    for (const subject of ['database writes', "the database's clock", 'migrations'])
      expect(there.of(subject)?.level).toBe('ok');
    await databases.server().stop();
    const away = await examine(flags);
    expect(away.of('database')).toMatchObject({ level: 'FAIL', found: expect.stringContaining('cannot be reached') });
    expect(away.code).toBe(1);
    expect(there.output + away.output).not.toContain(POSTGRES_PASSWORD);
  });
});
