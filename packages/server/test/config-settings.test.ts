import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CONFIG_KEYS } from '../src/app/config-keys.ts';
import { settingsOf } from '../src/app/config-settings.ts';
import { loadConfig, type ConfigSources } from '../src/app/config.ts';
import type { ConfigSetting } from '../src/modules/monitor/contract.ts';
import { startKaibo } from '../src/app/kaibo.ts';
import { createLogger } from '../src/app/logger.ts';
import { FakeEngine } from './fake-engine.ts';
import { request, tempFolder } from './harness.ts';
import { onTestFinished } from 'vitest';
import { PASSWORD } from './support/accounts.ts';

/** In every secret that a test gives. */
const SECRET = 'hush4711';

async function settings({ yaml = '', ...sources }: Omit<ConfigSources, 'cwd'> & { yaml?: string }) {
  const cwd = tempFolder();
  writeFileSync(join(cwd, 'kaibo.yaml'), yaml);
  const { config, origins } = await loadConfig({ ...sources, cwd });
  const all = settingsOf(config, origins);
  return { all, of: (key: string): ConfigSetting | undefined => all.find((setting) => setting.key === key) };
}

test('every key is there, with its value, where it is from and what it is for', async () => {
  const { all, of } = await settings({
    yaml: 'media: {graceMs: 1000}\nhttp: {port: 1}\nhttps: {port: 1}',
    env: { KAIBO_HTTP_PORT: '2', KAIBO_HTTPS_PORT: '2' },
    flags: ['--http.port=3', '--trustProxy=10.0.0.0/8,::1'],
  });
  expect(all.map(({ key }) => key)).toEqual(CONFIG_KEYS.map(({ path }) => path));
  expect(of('media.graceMs')).toMatchObject({ value: '1000', from: 'file', about: expect.stringContaining('waits') });
  expect(of('https.port')).toMatchObject({ value: '2', from: 'environment' });
  expect(of('http.port')).toMatchObject({ value: '3', from: 'flag' });
  expect(of('trustProxy')).toMatchObject({ value: '["10.0.0.0/8","::1"]', from: 'flag' });
  expect(of('dataDir')).toMatchObject({ value: './data', from: 'default' });
  expect(of('publicUrl')).toMatchObject({ value: '', from: 'default' });
});

const SECRETS: Readonly<Record<string, string>> = {
  'alarms.channels': `[{"name":"ops","type":"webhook","url":"https://x.test/${SECRET}","secret":"${SECRET}${SECRET}"}]`,
  'auth.setupToken': `${SECRET}-${SECRET}-token`,
  'auth.tokenKeys': `${SECRET}-${'k'.repeat(32)}`,
  'engine.srs.apiPassword': `${SECRET}-of-srs`,
  'engine.srs.hooksSecret': `${SECRET}-in-the-path-of-hooks`,
  'media.api.secret': `${SECRET}-media-api`,
  'metrics.token': `${SECRET}-of-prometheus`,
  'payments.test.secret': `${SECRET}-${SECRET}`,
  's3.accessKeyId': `AK${SECRET}`,
  's3.secretAccessKey': SECRET,
  'tracing.headers': `["authorization: Bearer ${SECRET}"]`,
};
/** What is shown of addresses that hold secrets. */
const ADDRESSES: Readonly<Record<string, readonly [given: string, shown: string]>> = {
  'database.url': [
    `postgres://kaibo:p/${SECRET}@x@db:5432/kaibo?sslkey=${SECRET}`,
    'postgres://kaibo:***@db:5432/kaibo?***',
  ],
  'redis.url': [`rediss://:${SECRET}@redis:6379`, 'rediss://:***@redis:6379'],
  'mail.url': [`smtps://me%40x.org:${SECRET}@mail:465`, 'smtps://me%40x.org:***@mail:465'],
  'media.rtc.iceServers': [
    `[{"urls":["turn:t:3478"],"secret":"${SECRET}"},{"urls":["turn:u:1"],"username":"me","credential":"${SECRET}"}]`,
    '[{"urls":["turn:t:3478"],"secret":"***"},{"urls":["turn:u:1"],"username":"me","credential":"***"}]',
  ],
  'media.relay.pull': [
    `[{"stream":"a","url":"rtmp://h/live/a?key=${SECRET}"}]`,
    '[{"app":"live","stream":"a","url":"rtmp://h/live/a?***","mode":"on_demand"}]',
  ],
};

test('what is called a secret is marked as one', () => {
  const marked = CONFIG_KEYS.filter(({ schema }) => schema.meta()?.['isSecret'] === true).map(({ path }) => path);
  expect(marked.toSorted()).toEqual(Object.keys(SECRETS).toSorted());
  const named = CONFIG_KEYS.filter(({ path }) => /(?:secret|password|credential|token|keys?|keyid)$/i.test(path));
  // A file's name is not what is in it.
  expect(named.map(({ path }) => path).filter((path) => path !== 'tls.key' && !marked.includes(path))).toEqual([]);
});

test.each(['flags', 'env', 'yaml'] as const)('no secret that came by %s is shown', async (source) => {
  const given = { ...SECRETS, ...Object.fromEntries(Object.entries(ADDRESSES).map(([key, [text]]) => [key, text])) };
  const { all, of } = await settings(sourceOf(source, given));
  expect(JSON.stringify(all)).not.toContain(SECRET);
  const from = { flags: 'flag', env: 'environment', yaml: 'file' }[source];
  for (const key of Object.keys(SECRETS)) expect(of(key)).toMatchObject({ value: 'set', from, isSecret: true });
  for (const [key, [, shown]] of Object.entries(ADDRESSES)) expect(of(key)).toMatchObject({ value: shown, from });
  const { of: unset } = await settings({});
  for (const key of Object.keys(SECRETS))
    expect(unset(key)).toMatchObject({ value: '', from: 'default', isSecret: true });
});

test('the answer to administrators holds none either', async () => {
  const secrets = {
    'auth.setupToken': SECRETS['auth.setupToken'] ?? '',
    'media.api.secret': SECRETS['media.api.secret'] ?? '',
    'mail.url': `smtp://a:${SECRET}@b`,
  };
  const ports = ['http', 'metrics'].map((name) => `--${name}.port=0`);
  const flags = [...ports, '--host=127.0.0.1', `--dataDir=${tempFolder()}`, '--limits.eventLoopDelayMs=60000'];
  const { config, origins } = await loadConfig({ ...sourceOf('env', secrets), flags, cwd: tempFolder() });
  const { logger } = createLogger({ level: 'silent', format: 'json' }, { write: () => true });
  const kaibo = await startKaibo({ config, origins, version: '9.9.9', logger, engine: new FakeEngine() });
  onTestFinished(() => kaibo.stop());
  const base = `http://localhost:${kaibo.ports.http}`;
  const made = await request(`${base}/api/auth/register`, {
    method: 'POST',
    body: { username: 'admin', password: PASSWORD },
  });
  const headers = { authorization: `Bearer ${String(made.body['accessToken'])}` };
  const { status, text, body } = await request(`${base}/api/monitor/config`, { headers });
  expect(status).toBe(200);
  expect(text).not.toContain(SECRET);
  expect(body['settings']).toContainEqual(
    expect.objectContaining({ key: 'auth.setupToken', value: 'set', from: 'environment', isSecret: true }),
  );
  const overview = await request(`${base}/api/monitor/overview`, { headers });
  expect(overview.body['nodes']).toMatchObject([{ version: '9.9.9' }]);
});

function sourceOf(
  source: 'flags' | 'env' | 'yaml',
  given: Readonly<Record<string, string>>,
): Omit<ConfigSources, 'cwd'> & { yaml?: string } {
  const entries = Object.entries(given);
  if (source === 'flags') return { flags: entries.map(([key, value]) => `--${key}=${value}`) };
  const names = new Map(CONFIG_KEYS.map(({ path, env }) => [path, env]));
  if (source === 'env')
    return { env: Object.fromEntries(entries.map(([key, value]) => [names.get(key) ?? '', value])) };
  // YAML knows JSON.
  const root: Record<string, unknown> = {};
  for (const [key, value] of entries) {
    const parts = key.split('.');
    const last = parts.pop() ?? key;
    let section = root;
    for (const part of parts) section = (section[part] ??= {}) as Record<string, unknown>;
    section[last] = key === 'auth.tokenKeys' ? [value] : value.startsWith('[') ? JSON.parse(value) : value;
  }
  return { yaml: JSON.stringify(root) };
}
