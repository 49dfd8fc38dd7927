import { expect, test } from 'vitest';
import { ConfigError, loadConfig } from './config.ts';

async function problemsOf(alarms: object, more: Record<string, string> = {}): Promise<readonly string[]> {
  const env = Object.fromEntries(
    Object.entries(alarms).map(([key, value]) => [`KAIBO_ALARMS_${key.toUpperCase()}`, JSON.stringify(value)]),
  );
  try {
    await loadConfig({ env: { ...env, ...more }, cwd: '/nowhere' });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

const URL = 'https://hooks.example.org/x';
const LONG = 'a-secret-of-17-letters';

test.each<[string, object, string]>([
  ['an unknown kind', { rules: [{ kind: 'cpu_hihg' }] }, 'no kind of alarm, did you mean cpu_high?'],
  ['one that is none at all', { rules: [{ kind: 'moon' }] }, 'no kind of alarm; there are dependency_down,'],
  ['a kind twice', { rules: [{ kind: 'cpu_high' }, { kind: 'cpu_high' }] }, 'a kind may stand there once'],
  [
    'a threshold of a state',
    { rules: [{ kind: 'node_lost', warning: 1 }] },
    'node_lost is right or wrong: it has no warning',
  ],
  [
    'critical before warning',
    { rules: [{ kind: 'cpu_high', critical: 50 }] },
    'cpu_high: critical (50) has to be above warning (85)',
  ],
  [
    'the same of what is bad below',
    { rules: [{ kind: 'disk_low', warning: 50, clear: 90 }] },
    'disk_low: critical (100) has to be below warning (50)',
  ],
  [
    'clear on the bad side',
    { rules: [{ kind: 'cpu_high', clear: 90 }] },
    'cpu_high: clear (90) has to be below where it begins (85)',
  ],
  ['a key that there is not', { rules: [{ kind: 'cpu_high', treshold: 3 }] }, 'treshold'],
  ['a time without end', { rules: [{ kind: 'cpu_high', forSeconds: 1e9 }] }, '86400'],
  [
    'a webhook without a secret',
    { channels: [{ name: 'a', type: 'webhook', url: URL }] },
    'secret: 16 to 256 characters',
  ],
  ['a robot without an address', { channels: [{ name: 'a', type: 'slack' }] }, 'url: an address'],
  ['another protocol', { channels: [{ name: 'a', type: 'slack', url: 'file:///etc/passwd' }] }, 'url: an address'],
  ['mail to nobody', { channels: [{ name: 'a', type: 'email', to: 'a@b' }] }, 'to: a list of mail addresses'],
  ['two of one name', { channels: [1, 2].map(() => ({ name: 'a', type: 'slack', url: URL })) }, 'names must differ'],
  ['a name with spaces', { channels: [{ name: 'A b', type: 'slack', url: URL }] }, 'name: small letters'],
  [
    'mail without a mail server',
    { channels: [{ name: 'night', type: 'email', to: ['a@example.org'] }] },
    'night is told by mail, which needs mail.url',
  ],
])('%s is refused in words', async (_name, alarms, words) => {
  const problems = (await problemsOf(alarms)).join('\n');
  expect(problems).toContain('KAIBO_ALARMS_');
  expect(problems).toContain(words);
});

test('what is right is taken, with what is left out as it is', async () => {
  const channels = [
    { name: 'ops', type: 'webhook', url: URL, secret: LONG },
    {
      name: 'ding',
      type: 'dingtalk',
      url: `${URL}?access_token=x`,
      secret: 'SECabc',
      levels: ['critical'],
      kinds: ['disk_*'],
    },
    { name: 'mail', type: 'email', to: ['a@example.org'], language: 'zh', cleared: false },
  ];
  const rules = [
    { kind: 'cpu_high', enabled: false },
    { kind: 'disk_forecast', warning: 48, critical: 12, clear: 60 },
    { kind: 'stream_interrupted', warning: 5, critical: 20 },
  ];
  const env = {
    KAIBO_ALARMS_RULES: JSON.stringify(rules),
    KAIBO_ALARMS_CHANNELS: JSON.stringify(channels),
    KAIBO_MAIL_URL: 'smtp://mail:25',
  };
  const { config } = await loadConfig({ env, cwd: '/nowhere' });
  expect(config.alarms.rules).toEqual(rules);
  expect(config.alarms.channels[0]).toEqual({
    ...channels[0],
    levels: ['warning', 'critical'],
    kinds: ['*'],
    cleared: true,
  });
  expect(config.alarms).toMatchObject({ notices: 'critical', repeatMinutes: 240, groupSeconds: 10, keepDays: 90 });
});
