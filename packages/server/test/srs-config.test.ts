import { spawnSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempFolder } from './harness.ts';
import { kaibo, kaiboHere } from './support/kaibo.ts';
import { KNOWN_BY_RELEASE, readSrsConf, valuesAt } from './support/srs-conf.ts';

const GUIDE = join(import.meta.dirname, '../../../docs/srs.md');
const EXAMPLES = join(import.meta.dirname, '../../../deploy/srs');
/** In the examples, where nobody takes them for secrets. */
const SECRETS = { hooksSecret: 'HOOKS-SECRET-OF-KAIBO', apiPassword: 'API-PASSWORD-OF-KAIBO' };
const CLUSTER = ['--kaibo', 'http://10.0.0.2:8088'];
const TLS = ['--tls-cert', '/etc/srs/cert.pem', '--tls-key', '/etc/srs/key.pem'];
const TLS_PORTS = ['--engine.srs.httpsPort=8444', '--engine.srs.rtmpsPort=1936'];

/** What stands in deploy/srs, and how it was made; `vitest -u` makes it anew. */
const DEPLOYED: Readonly<Record<string, readonly string[]>> = {
  'server.conf': ['--candidate', '203.0.113.10'],
  'server-6.conf': ['--candidate', '203.0.113.10', '--srs-version', '6'],
  'server-tls.conf': ['--candidate', '203.0.113.10', ...TLS, ...TLS_PORTS],
  'origin.conf': [
    ...['--for', 'origin', ...CLUSTER, '--api', 'http://10.0.0.11:1985', '--candidate', '203.0.113.10'],
    ...['--proxy', 'http://10.0.0.10:12025'],
  ],
  'edge.conf': ['--for', 'edge', ...CLUSTER, '--api', 'http://10.0.0.21:1985', '--origin', '10.0.0.11:1935'],
  'proxy.env': ['--for', 'proxy', '--engine.srs.proxyApiUrl=http://10.0.0.10:1985', '--system', '10.0.0.10:12025'],
};

/** Everything that the command can be asked for. */
const ASKED: Readonly<Record<string, readonly string[]>> = {
  'a server': [],
  'a server with all': [
    ...['--engine.srs.hls=true', '--dvr', '/srv/dvr with spaces', ...TLS, ...TLS_PORTS, '--max-connections', '500'],
    ...['--candidate', '2001:db8::1', '--name', 'one', '--engine.srs.apiPassword', 'z9;q{7}m #x$1 and 4k'],
  ],
  'an edge': ['--for', 'edge', '--origin', '10.0.0.11:1935'],
};

/** A data folder that holds these. */
function exampleFolder(): string {
  const folder = tempFolder();
  writeFileSync(join(folder, 'srs-secrets.json'), JSON.stringify(SECRETS));
  return folder;
}

async function srsConfig(...args: readonly string[]): Promise<string> {
  const { code, output } = await kaiboHere(['srs', 'config', `--dataDir=${exampleFolder()}`, ...args]);
  expect(code, output).toBe(0);
  return output;
}

const refusal = async (...args: readonly string[]): Promise<string> =>
  (await kaiboHere(['srs', 'config', `--dataDir=${tempFolder()}`, ...args])).output;

describe.each(Object.keys(KNOWN_BY_RELEASE))('for SRS %s', (release) => {
  test.each(Object.keys(ASKED))('%s has no directive that it does not know', async (what) => {
    const conf = readSrsConf(await srsConfig('--srs-version', release, ...(ASKED[what] ?? [])), release);
    expect(valuesAt(conf, release === '7' ? 'rtmp.listen' : 'listen')).toEqual(['1935']);
    expect(valuesAt(conf, 'http_api.raw_api.enabled')).toEqual(['off']);
    expect(valuesAt(conf, 'http_api.auth.enabled')).toEqual(['on']);
    expect(valuesAt(conf, 'http_api.listen')).toEqual(['127.0.0.1:1985']);
  });
});

test('values come back whole, whatever is in them', async () => {
  const conf = readSrsConf(await srsConfig('--srs-version', '7', ...(ASKED['a server with all'] ?? [])), '7');
  expect(valuesAt(conf, 'http_api.auth.password')).toEqual(['z9;q{7}m #x$1 and 4k']);
  expect(valuesAt(conf, 'vhost.dvr.dvr_path')).toEqual(['/srv/dvr with spaces/[app]/[stream]/[timestamp].mp4']);
  expect(valuesAt(conf, 'rtc_server.candidate')).toEqual(['2001:db8::1']);
  expect(valuesAt(conf, 'rtmps.listen')).toEqual(['1936']);
  expect(valuesAt(conf, 'http_server.https.cert')).toEqual(['/etc/srs/cert.pem']);
  expect(valuesAt(conf, 'vhost.hls.enabled')).toEqual(['on']);
});

test('hooks lead to this platform with its secret, which is made once and kept', async () => {
  const folder = join(tempFolder(), 'data');
  const read = async (...args: string[]) =>
    readSrsConf((await kaiboHere(['srs', 'config', `--dataDir=${folder}`, ...args])).output, '7');
  const [first, second] = [await read(), await read('--kaibo', 'https://10.1.2.3:8443/')];
  const { hooksSecret, apiPassword } = JSON.parse(readFileSync(join(folder, 'srs-secrets.json'), 'utf8')) as {
    hooksSecret: string;
    apiPassword: string;
  };
  const base = `http://127.0.0.1:8088/api/hooks/srs/${hooksSecret}`;
  for (const hook of ['on_connect', 'on_close', 'on_publish', 'on_unpublish', 'on_play', 'on_stop'])
    expect(valuesAt(first, `vhost.http_hooks.${hook}`)).toEqual([base]);
  expect(valuesAt(first, 'heartbeat.url')).toEqual([`${base}/heartbeat`]);
  expect(valuesAt(first, 'http_api.auth.password')).toEqual([apiPassword]);
  expect(valuesAt(second, 'vhost.http_hooks.on_play')).toEqual([`https://10.1.2.3:8443/api/hooks/srs/${hooksSecret}`]);
  expect(statSync(join(folder, 'srs-secrets.json')).mode & 0o777).toBe(0o600);
});

test('where nodes share a database nothing is made that only one of them would know', async () => {
  const shared = ['--database.url=postgres://127.0.0.1:1/kaibo'];
  expect(await refusal(...shared)).toMatch(/engine\.srs\.hooksSecret and engine\.srs\.apiPassword/);
  expect(await refusal(...shared, '--engine.srs.hooksSecret=c0ffee1234567890abcdef42')).toMatch(
    /engine\.srs\.apiPassword/,
  );
  const both = ['--engine.srs.hooksSecret=c0ffee1234567890abcdef42', '--engine.srs.apiPassword=91be42a77d03'];
  expect(await srsConfig(...shared, ...both)).toContain('/api/hooks/srs/c0ffee1234567890abcdef42');
});

test('an edge takes no publisher, and one of several servers is the one whose API is named', async () => {
  const edges = JSON.stringify([
    { apiUrl: 'http://10.0.0.21:1985', rtmpPort: 2935 },
    { apiUrl: 'http://10.0.0.22:1985', rtmpPort: 2936 },
  ]);
  const args = [...CLUSTER, '--for', 'edge', '--origin', '10.0.0.11:1935', `--engine.srs.edges=${edges}`];
  const conf = readSrsConf(await srsConfig(...args, '--api', 'http://10.0.0.22:1985/'), '7');
  expect(valuesAt(conf, 'rtmp.listen')).toEqual(['2936']);
  expect(valuesAt(conf, 'http_api.listen')).toEqual(['10.0.0.22:1985']);
  expect(valuesAt(conf, 'vhost.security.deny')).toEqual(['publish', 'all']);
  expect(valuesAt(conf, 'vhost.http_hooks.on_publish')).toBeUndefined();
  expect(valuesAt(conf, 'rtc_server.enabled')).toEqual(['off']);
});

test('an edge fetches from the origin that the configuration names for it', async () => {
  const origins = JSON.stringify([
    { apiUrl: 'http://10.0.0.11:1985' },
    { apiUrl: 'http://10.0.0.12:1985', rtmpPort: 19350 },
  ]);
  const edges = (origin?: string) => JSON.stringify([{ apiUrl: 'http://10.0.0.21:1985', origin }]);
  const ask = (...more: string[]) => srsConfig('--for', 'edge', ...CLUSTER, '--api', 'http://10.0.0.21:1985', ...more);
  const several = [`--engine.srs.origins=${origins}`, `--engine.srs.edges=${edges('http://10.0.0.12:1985')}`];
  expect(valuesAt(readSrsConf(await ask(...several), '7'), 'vhost.cluster.origin')).toEqual(['10.0.0.12:19350']);
  const one = JSON.stringify([{ apiUrl: 'http://[2001:db8::5]:1985' }]);
  const conf = readSrsConf(await ask(`--engine.srs.origins=${one}`, `--engine.srs.edges=${edges()}`), '7');
  expect(valuesAt(conf, 'vhost.cluster.origin')).toEqual(['[2001:db8::5]:1935']);
  await expect(ask(`--engine.srs.origins=${origins}`, `--engine.srs.edges=${edges()}`)).rejects.toThrow(
    /each edge says/,
  );
});

test('a file is written whole, for its owner alone, and what stood there is replaced', async () => {
  const file = join(tempFolder(), 'srs.conf');
  writeFileSync(file, 'old', { mode: 0o644 });
  await srsConfig('--out', file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(() => readSrsConf(readFileSync(file, 'utf8'), '7')).not.toThrow();
});

test.each([
  ['--for', 'everything'],
  ['--srs-version', '5'],
  ['--srs-version', '7.1'],
  ['--for', 'edge'],
  ['--for', 'edge', '--origin', 'no port'],
  ['--for', 'edge', '--origin', '10.0.0.11:1935,10.0.0.12:1935'],
  ['--for', 'proxy'],
  ['--for', 'proxy', '--system', '10.0.0.1:12025', '--srs-version', '6'],
  ['--for', 'proxy', '--system', '10.0.0.1:12025', '--redis', 'http://x'],
  ['--for', 'origin', '--proxy', 'http://10.0.0.1:12025', '--srs-version', '6'],
  ['--kaibo', 'ftp://x'],
  ['--kaibo', 'http://user:password@10.0.0.1'],
  ['--api', 'http://10.0.0.1:1985'],
  ['--api', 'http://srs:1985', '--kaibo', 'http://kaibo:8088'],
  ['--api-listen', '1985:x'],
  ['--http-listen', '70000'],
  ['--candidate', 'a b'],
  ['--name', '../../etc/x'],
  ['--tls-cert', '/a'],
  ['--tls-cert', '/a', '--tls-key', '/b'],
  ['--dvr', 'relative'],
  ['--dvr', '/a"b'],
  ['--max-connections', '0'],
  ['--engine.srs.apiPassword', 'quote"quote'],
  ['--out', '/nowhere/at/all'],
])('%s %s %s %s is refused in one line', async (...args) => {
  const output = await refusal(...args.filter((one) => typeof one === 'string'));
  expect(output).toMatch(/^kaibo: [^\n]+\n$/);
  expect(output).not.toMatch(/password@|quote"quote/);
});

test.each(Object.keys(DEPLOYED))('deploy/srs/%s is what the command writes', async (name) => {
  await expect(await srsConfig(...(DEPLOYED[name] ?? []))).toMatchFileSnapshot(join(EXAMPLES, name));
});

/** Code of one language in docs/srs.md, also inside lists. */
const guide = (language: string): string[] =>
  [...readFileSync(GUIDE, 'utf8').matchAll(new RegExp(`^( *)\`\`\`${language}\\n([^]*?)^ *\`\`\``, 'gm'))].map(
    ([, indent = '', code = '']) => code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );

test('the commands and configurations of docs/srs.md are good', async () => {
  const commands = guide('sh').flatMap((code) =>
    code.split('\n').filter((line) => line.startsWith('kaibo srs config')),
  );
  expect(commands.length).toBeGreaterThan(4);
  for (const command of commands) {
    const [line = ''] = command.split('#');
    await srsConfig(
      ...line
        .replace(/--out \S+/, '')
        .trim()
        .split(/ +/)
        .slice(3),
    );
  }
  const configurations = guide('yaml');
  expect(configurations.length).toBeGreaterThan(2);
  for (const text of configurations) {
    const file = join(tempFolder(), 'kaibo.yaml');
    writeFileSync(file, text);
    const { code, output } = await kaiboHere(['config', 'check', '--config', file]);
    expect(code, output).toBe(0);
  }
});

test('as a program it writes the file to its output and nothing else', async () => {
  const { code, output } = await kaibo([
    'srs',
    'config',
    `--dataDir=${exampleFolder()}`,
    '--candidate',
    '203.0.113.10',
  ]);
  expect(code).toBe(0);
  expect(output).toBe(readFileSync(join(EXAMPLES, 'server.conf'), 'utf8'));
});

/** Real ones, where there are: `SRS_BIN=/path/objs/srs[,/path/objs/srs]`. */
for (const program of (process.env['SRS_BIN'] ?? '').split(',').filter((one) => one !== '')) {
  const version = spawnSync(program, ['-v'], { encoding: 'utf8' });
  const release = /\d+\.\d+\.\d+/.exec(version.stdout + version.stderr)?.[0] ?? '';
  test.each(Object.keys(ASKED))(`SRS ${release} takes %s`, async (what) => {
    const file = join(tempFolder(), 'srs.conf');
    await srsConfig('--out', file, '--srs-version', release, ...(ASKED[what] ?? []));
    const tried = spawnSync(program, ['-t', '-c', file], { encoding: 'utf8', cwd: dirname(dirname(program)) });
    expect(tried.stdout + tried.stderr).toContain('test is successful');
  });
}
