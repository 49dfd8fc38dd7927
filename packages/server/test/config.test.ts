import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ConfigError, defaultConfig, loadConfig, type ConfigSources } from '../src/app/config.ts';
import { CONFIG_KEYS, envNameOf } from '../src/app/config-keys.ts';
import { describeKeys } from '../src/app/config-help.ts';
import { tempFolder } from './harness.ts';

function load({ yaml, ...sources }: Omit<ConfigSources, 'cwd'> & { yaml?: string }) {
  const cwd = tempFolder();
  if (yaml !== undefined) writeFileSync(join(cwd, 'kaibo.yaml'), yaml);
  return loadConfig({ ...sources, cwd });
}

async function problems(sources: Parameters<typeof load>[0]): Promise<readonly string[]> {
  try {
    await load(sources);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test.each([
  ['media.graceMs', 'KAIBO_MEDIA_GRACE_MS'],
  ['media.rtc.port', 'KAIBO_MEDIA_RTC_PORT'],
  ['dataDir', 'KAIBO_DATA_DIR'],
  ['media.limits.publishBitrateBps', 'KAIBO_MEDIA_LIMITS_PUBLISH_BITRATE_BPS'],
])('%s is %s in the environment', (path, env) => expect(envNameOf(path)).toBe(env));

test('flag over environment over file over default', async () => {
  const yaml = 'http: {port: 1}\nhttps: {port: 1}\nmedia:\n  http:\n    port: 1\n';
  const env = { KAIBO_HTTPS_PORT: '2', KAIBO_MEDIA_HTTP_PORT: '2' };
  const { config } = await load({ yaml, env, flags: ['--media.http.port=3'] });
  expect([config.media.rtmp.port, config.http.port, config.https.port, config.media.http.port]).toEqual([
    1935, 1, 2, 3,
  ]);
});

test.each([
  ['media.workers', '4', 4],
  ['media.workers', 'auto', 'auto'],
  ['media.api.secret', '90210473829105736482', '90210473829105736482'],
  ['trustProxy', 'true', true],
  ['trustProxy', '2', 2],
  ['trustProxy', '10.0.0.0/8, ::1', ['10.0.0.0/8', '::1']],
  ['redis.url', 'redis://a:1', 'redis://a:1'],
  ['redis.url', 'redis://a:1, redis://b:2', ['redis://a:1', 'redis://b:2']],
  ['media.rtc.candidates', 'auto', 'auto'],
  [
    'media.rtc.candidates',
    '203.0.113.7, 2001:db8::7,media.example.org',
    ['203.0.113.7', '2001:db8::7', 'media.example.org'],
  ],
  [
    'media.rtc.iceServers',
    '[{"urls":["turn:a:3478?transport=tcp"],"secret":"s"}]',
    [{ urls: ['turn:a:3478?transport=tcp'], secret: 's' }],
  ],
])('%s takes the text "%s"', async (path, text, value) => {
  for (const sources of [
    { env: { [envNameOf(path)]: text } },
    { flags: [`--${path}=${text}`] },
    { flags: [`--${path}`, text] },
  ]) {
    const { config } = await load(sources);
    expect(
      path.split('.').reduce<unknown>((section, key) => (section as Record<string, unknown>)[key], config),
    ).toEqual(value);
  }
});

test.each([
  ['kaibo.yaml', { yaml: 'media:\n  gopCache: false\n' }],
  ['the environment', { env: { KAIBO_MEDIA_GOP_CACHE: 'false' } }],
  ['a flag', { flags: ['--media.gopCache=false'] }],
])('media.gopCache may be a mere false in %s', async (_name, sources) => {
  expect((await load(sources)).config.media.gopCache).toEqual({ ...defaultConfig().media.gopCache, enabled: false });
});

describe('problems', () => {
  test.each([
    ['an unknown key', { yaml: '\n\nserver:\n  hosst: x\n' }, ['kaibo.yaml:3:1 server: unknown key']],
    [
      'a near miss',
      { yaml: 'media:\n  rtmp:\n    prot: 1\n' },
      ['kaibo.yaml:3:5 media.rtmp.prot: unknown key, did you mean media.rtmp.port?'],
    ],
    [
      'a bad port',
      { yaml: 'http:\n  port: 70000\n' },
      ['kaibo.yaml:2:9 http.port: Too big: expected number to be <=65535'],
    ],
    [
      'a value for a section',
      { yaml: 'http: 8088\n' },
      ['kaibo.yaml:1:7 http: expected a section with keys of its own'],
    ],
    [
      'a bad union',
      { yaml: 'media:\n  workers: many\n' },
      ['kaibo.yaml:2:12 media.workers: invalid value; Media worker threads; auto is one per core less one'],
    ],
    ['no YAML', { yaml: 'a: [1\n' }, [expect.stringMatching(/^kaibo\.yaml:\d+:\d+ /)]],
    ['a bad variable', { env: { KAIBO_HTTP_PORT: 'x' } }, [expect.stringMatching(/^KAIBO_HTTP_PORT: /)]],
    [
      'a misspelt variable',
      { env: { KAIBO_HTTP_PROT: '1' } },
      ['KAIBO_HTTP_PROT: unknown variable, did you mean KAIBO_HTTP_PORT?'],
    ],
    ['a bad flag', { flags: ['--http.port=-1'] }, [expect.stringMatching(/^--http\.port: /)]],
    ['an unknown flag', { flags: ['--http.prot=1'] }, ['--http.prot: unknown flag, did you mean http.port?']],
    [
      'half a certificate',
      { flags: ['--tls.key=a'] },
      ['--tls.key: tls.key and tls.cert go together: set both or neither'],
    ],
    [
      'an ICE server that is none',
      { yaml: 'media:\n  rtc:\n    iceServers: [{urls: ["http://a"]}]\n' },
      ['kaibo.yaml:3:17 media.rtc.iceServers: turn:HOST:3478 or stun:HOST:3478'],
    ],
    [
      'a TURN server without credentials',
      { yaml: 'media:\n  rtc:\n    iceServers: [{urls: ["turn:a"], username: u}]\n' },
      ['kaibo.yaml:3:17 media.rtc.iceServers: a TURN server needs secret, or username and credential'],
    ],
    [
      'a secret that no header can hold',
      { env: { KAIBO_MEDIA_RTC_ICE_SERVERS: '[{"urls":["turn:a"],"secret":"猫"}]' } },
      [expect.stringMatching(/^KAIBO_MEDIA_RTC_ICE_SERVERS: /)],
    ],
    [
      'an address that is none',
      { flags: ['--media.rtc.candidates=1.2.3.4.5,[::1]'] },
      [expect.stringMatching(/^--media\.rtc\.candidates: /)],
    ],
    ['no such file', { flags: ['--config=/none.yaml'] }, ['/none.yaml: cannot be read (ENOENT)']],
  ])('%s', async (_name, sources, expected) => expect(await problems(sources)).toEqual(expected));

  // Node-Media-Server's default, still found on open servers; the placeholders of tutorials; what hands type.
  test.each([
    'nodemedia2017privatekey',
    'change-me-please',
    'ChangeMe!ChangeMe!',
    'your-super-secret-key-here',
    'kaibo-admin-password',
    'aaaaaaaaaaaaaaaaaaaa',
    'abcabcabcabcabcabcabc',
    '0123456789abcdef',
    '12345678901234567890',
  ])('%s is no secret', async (secret) => {
    const twice = { KAIBO_AUTH_SETUP_TOKEN: secret, KAIBO_MEDIA_API_SECRET: secret };
    const found = await problems({ env: twice });
    expect(found).toHaveLength(2);
    for (const line of found) {
      expect(line).toMatch(/^KAIBO_\w+: is (easily guessed|a well-known one); make one with/);
      expect(line).not.toContain(secret);
    }
  });

  test('one of a list is enough, and what another service gave out is not judged', async () => {
    const good = 'f3a94c07b1d85e26f3a94c07b1d85e2701';
    const keys = JSON.stringify([good, 'change-me-change-me-change-me-change-me']);
    expect(await problems({ env: { KAIBO_AUTH_TOKEN_KEYS: keys } })).toHaveLength(1);
    const s3 = { KAIBO_S3_BUCKET: 'b', KAIBO_S3_ACCESS_KEY_ID: 'minioadmin', KAIBO_S3_SECRET_ACCESS_KEY: 'minioadmin' };
    const env = { KAIBO_AUTH_TOKEN_KEYS: JSON.stringify([good]), ...s3 };
    expect((await load({ env })).config.auth.tokenKeys).toEqual([good]);
  });

  test('all are told at once', async () => {
    expect(
      await problems({ yaml: 'a: 1\nhttp: {port: x}\n', env: { KAIBO_ACCESS: 'x' }, flags: ['--nothing'] }),
    ).toHaveLength(4);
  });

  test('a variable that is nobody’s misspelling is only remarked upon', async () => {
    expect((await load({ env: { KAIBO_SERVICE_HOST: '10.0.0.1' } })).warnings).toEqual([
      'KAIBO_SERVICE_HOST: unknown variable, ignored',
    ]);
  });
});

describe('kaibo.example.yaml', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../kaibo.example.yaml'), 'utf8');
  // A setting follows its # at once or indented; prose stands one space off.
  const yaml = text.replaceAll(/^#(?=\S| {2})/gm, '');

  test('says nothing as it is', async () => expect((await load({ yaml: text })).config).toEqual(defaultConfig()));

  test('uncommented, says the defaults', async () => expect((await load({ yaml })).config).toEqual(defaultConfig()));

  test.each(CONFIG_KEYS)('has $path with its description', ({ path, description }) => {
    expect(parse(yaml)).toHaveProperty(path);
    expect(description).not.toBe('');
    expect(text).toContain(`# ${description}`);
    expect(describeKeys()).toContain(`--${path}`);
  });
});
