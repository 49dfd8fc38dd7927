import { createHmac } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { isPublicAddress } from '@kaibo/media';
import { startMailSink, subjectOf, textOf } from '../../../../test/support/mail-sink.ts';
import { startReceiver } from '../../../../test/support/receiver.ts';
import { startRobots, type Robots } from '../../../../test/support/robots.ts';
import { Outbound } from '../../../http/outbound.ts';
import { Mailer } from '../../auth/mailer.ts';
import type { ChannelOptions } from './channels/contract.ts';
import { Sender } from './channels/sender.ts';
import type { MonitorAlarm } from './contract.ts';
import { Dispatcher, type DispatcherDeps } from './dispatcher.ts';
import { messageOf, type Telling } from './message.ts';
import { matches } from './pattern.ts';

const NOW = Date.parse('2026-11-27T20:10:00Z');
const EVERYTHING = { levels: ['warning', 'critical'], kinds: ['*'], cleared: true } as const;

function alarmOf(more: Partial<MonitorAlarm> = {}): MonitorAlarm {
  return {
    ...{ id: 'a1', kind: 'disk_low', level: 'critical', since: NOW, firedAt: NOW, data: { value: 93.5 } },
    ...{ node: 'n', nodeName: 'web-1' },
    ...more,
  };
}

function setUp(channels: readonly ChannelOptions[], more: Partial<DispatcherDeps> & { mailUrl?: string } = {}) {
  const lines: string[] = [];
  const outbound = new Outbound({ isPublic: isPublicAddress, allowPrivate: ['127.0.0.1'], timeoutMs: 10_000 });
  const mailer = new Mailer({ url: more.mailUrl, from: 'Kaibo <kaibo@example.org>' });
  const told: string[] = [];
  const counts: string[] = [];
  const dispatcher = new Dispatcher({
    ...{ channels, language: 'en', groupMs: 0, now: Date.now, url: 'https://live.example.org/admin/alarms' },
    sender: new Sender({ outbound, mailer, now: Date.now }),
    site: () => 'Kaibo · web-1',
    onTold: (ids) => told.push(...ids),
    count: (type, outcome) => counts.push(`${type} ${outcome}`),
    logger: pino({ level: 'trace' }, { write: (line: string) => lines.push(line) }),
    ...more,
  });
  onTestFinished(async () => {
    await dispatcher.stop();
    outbound.stop();
    await mailer.close();
  });
  return { dispatcher, told, counts, lines };
}

const robotChannels = ({ base, secret }: Robots, language?: 'en' | 'zh'): ChannelOptions[] => [
  {
    ...EVERYTHING,
    name: 'ding',
    type: 'dingtalk',
    url: `${base}/dingtalk/send?access_token=ding-token`,
    secret,
    language,
  },
  { ...EVERYTHING, name: 'lark', type: 'feishu', url: `${base}/feishu/hook/feishu-token`, secret, language },
  { ...EVERYTHING, name: 'wecom', type: 'wecom', url: `${base}/wecom/send?key=wecom-key`, language },
  { ...EVERYTHING, name: 'slack', type: 'slack', url: `${base}/slack/services/T0/B0/slack-token`, language },
];

test.each(['en', 'zh'] as const)('every robot takes what it is told in %s, signed as it asks', async (language) => {
  const robots = await startRobots();
  const { dispatcher, told } = setUp(robotChannels(robots, language));
  dispatcher.add({ type: 'fired', alarm: alarmOf() });
  await expect.poll(() => told.length, { timeout: 20_000 }).toBe(4);
  const texts = ['dingtalk', 'feishu', 'wecom', 'slack'].map((name) => JSON.stringify(robots.taken(name)));
  for (const text of texts) {
    expect(text).toContain(language === 'en' ? 'The disk is nearly full' : '磁盘快满了');
    expect(text).toContain(language === 'en' ? '93.5 %' : '93.5%');
    expect(text).toContain('web-1');
    expect(text).toContain('2026-11-27 20:10 UTC');
    expect(text).toContain('https://live.example.org/admin/alarms');
  }
});

test('a robot that answers 200 and did not take it is tried again, and a wrong secret or token is said as a code', async () => {
  const robots = await startRobots();
  const wrong = robotChannels(robots).map((channel) =>
    channel.type === 'email'
      ? channel
      : { ...channel, url: channel.url.replace(/-(token|key)$/, '-x'), secret: 'SECwrong' },
  );
  const { dispatcher } = setUp(wrong as ChannelOptions[]);
  const errors = await Promise.all(['ding', 'lark', 'wecom', 'slack'].map((name) => dispatcher.trial(name)));
  expect(errors.map((trial) => trial?.error)).toEqual(['refused_310000', 'refused_19001', 'refused_93000', 'http_403']);
  const right = setUp(robotChannels(robots));
  robots.broken = { status: 200, body: '{"errcode":45009,"errmsg":"api freq out of limit"}' };
  right.dispatcher.add({ type: 'fired', alarm: alarmOf() });
  await expect.poll(() => right.counts, { timeout: 20_000 }).toContain('wecom failed');
  expect(right.dispatcher.failing().map(({ channel, error }) => [channel, error])).toContainEqual([
    'wecom',
    'refused_45009',
  ]);
  robots.broken = undefined;
  await expect.poll(() => right.told.length, { timeout: 20_000 }).toBe(4);
  expect(right.dispatcher.failing()).toEqual([]);
});

test('a program of the operator has data, signed; its SDK proves it', async () => {
  const receiver = await startReceiver();
  const secret = 'whsec-of-the-operator-17';
  const { dispatcher, told } = setUp([{ ...EVERYTHING, name: 'ops', type: 'webhook', url: receiver.url, secret }]);
  receiver.answer = () => (receiver.received.length === 1 ? 500 : 204);
  dispatcher.add({ type: 'fired', alarm: alarmOf() });
  await expect.poll(() => told, { timeout: 20_000 }).toEqual(['a1']);
  const [first, again] = receiver.received;
  // The same delivery, signed anew.
  expect(again?.headers['x-kaibo-delivery']).toBe(first?.headers['x-kaibo-delivery']);
  const header = String(again?.headers['x-kaibo-signature']);
  const body = again?.body ?? '';
  // As docs/webhooks.md says how a receiver checks it.
  const [, seconds = '', signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(header) ?? [];
  expect(signature).toBe(createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex'));
  expect(JSON.parse(body)).toMatchObject({ event: 'alarms', data: { alarms: [{ what: 'fired', ...alarmOf() }] } });
});

test('mail is plain text to everybody who is named', async () => {
  const sink = await startMailSink();
  const channel: ChannelOptions = {
    ...EVERYTHING,
    name: 'mail',
    type: 'email',
    to: ['a@example.org', 'b@example.org'],
  };
  const { dispatcher, told } = setUp([channel], { mailUrl: sink.url, language: 'zh' });
  dispatcher.add({ type: 'fired', alarm: alarmOf({ subject: 'x' }) });
  await expect.poll(() => told, { timeout: 20_000 }).toEqual(['a1']);
  const [mail = ''] = sink.mails;
  expect(subjectOf(mail)).toBe('[Kaibo · web-1] 1 条告警: 磁盘快满了');
  expect(textOf(mail)).toContain('严重 · 磁盘快满了');
  expect(mail).toMatch(/^To: a@example.org, b@example.org/im);
});

test('many at once are one message, which says how many it leaves out', async () => {
  const robots = await startRobots();
  const { dispatcher, told } = setUp(robotChannels(robots, 'zh'), { groupMs: 300 });
  const long = '很长的名字'.repeat(40);
  for (let n = 0; n < 30; n++)
    dispatcher.add({ type: 'fired', alarm: alarmOf({ id: `a${n}`, subject: `${long}${n}`, level: 'warning' }) });
  await expect.poll(() => told.length, { timeout: 20_000 }).toBe(120);
  expect(robots.said).toHaveLength(4);
  for (const name of ['dingtalk', 'feishu', 'wecom', 'slack'])
    expect(JSON.stringify(robots.taken(name))).toContain('另有 10 条');
});

test('a channel hears of its levels and kinds, and that something is over if it wants to and was told that it began', async () => {
  const receiver = await startReceiver();
  const base = { type: 'webhook', url: receiver.url, secret: 'whsec-of-the-operator-17' } as const;
  const { dispatcher } = setUp([
    { ...base, name: 'grave', levels: ['critical'], kinds: ['disk_*', 'alarm_*'], cleared: true },
    { ...base, name: 'quiet', levels: ['warning'], kinds: ['cpu_high'], cleared: false },
  ]);
  const add = (type: Telling['type'], more: Partial<MonitorAlarm>): boolean =>
    dispatcher.add({ type, alarm: alarmOf(more) });
  expect(add('fired', { id: '1' })).toBe(true);
  expect(add('fired', { id: '2', kind: 'memory_high' })).toBe(false);
  expect(add('fired', { id: '3', level: 'warning' })).toBe(false);
  // It was critical before.
  expect(add('cleared', { id: '1', level: 'warning' })).toBe(true);
  expect(add('cleared', { id: '3', level: 'warning' })).toBe(false);
  expect(add('fired', { id: '5', kind: 'alarm_delivery_failing', subject: 'grave' })).toBe(false);
  expect(add('fired', { id: '4', kind: 'cpu_high', level: 'warning' })).toBe(true);
  expect(add('cleared', { id: '4', kind: 'cpu_high', level: 'warning' })).toBe(false);
  await expect.poll(() => receiver.taken.length, { timeout: 20_000 }).toBe(2);
});

test('what fails for an hour is given up, and of what waits the oldest: nothing grows', async () => {
  const receiver = await startReceiver();
  receiver.answer = () => 500;
  let lead = 0;
  const channel: ChannelOptions = {
    ...EVERYTHING,
    name: 'ops',
    type: 'webhook',
    url: receiver.url,
    secret: 'x'.repeat(16),
  };
  const { dispatcher, counts } = setUp([channel], { now: () => Date.now() + lead });
  dispatcher.add({ type: 'fired', alarm: alarmOf() });
  await expect.poll(() => counts, { timeout: 20_000 }).toContain('webhook failed');
  lead = 3_600_000;
  await expect.poll(() => counts, { timeout: 20_000 }).toContain('webhook dropped');
  receiver.holds = true;
  for (let n = 0; n < 60; n++) {
    dispatcher.add({ type: 'fired', alarm: alarmOf({ id: `b${n}` }) });
    await expect.poll(() => dispatcher.channels()[0]?.waiting).toBe(Math.min(50, n + 1));
    // Each in a parcel of its own: timers of one length end in their order.
    await delay(1);
  }
  expect(counts.filter((one) => one === 'webhook dropped').length).toBeGreaterThan(5);
  expect(dispatcher.channels()[0]?.waiting).toBe(50);
});

test('addresses and secrets are in no log line and in nothing that is shown; private addresses are refused', async () => {
  const robots = await startRobots();
  const channels = robotChannels(robots);
  robots.broken = { status: 500, body: 'robots say https://internal.example/?key=wecom-key' };
  const { dispatcher, lines } = setUp(channels);
  dispatcher.add({ type: 'fired', alarm: alarmOf() });
  await expect.poll(() => dispatcher.failing().length, { timeout: 20_000 }).toBe(4);
  const shown = lines.join('') + JSON.stringify([dispatcher.channels(), dispatcher.failing()]);
  for (const hush of ['ding-token', 'feishu-token', 'wecom-key', 'slack-token', robots.secret])
    expect(shown).not.toContain(hush);
  expect(dispatcher.channels().map(({ target }) => target)).toEqual(channels.map(() => new URL(robots.base).host));
  const outbound = new Outbound({ isPublic: isPublicAddress, allowPrivate: [], timeoutMs: 1000 });
  const sender = new Sender({ outbound, mailer: { send: async () => {} }, now: Date.now });
  const strict = setUp(channels, { sender });
  expect(await strict.dispatcher.trial('slack')).toEqual({ delivered: false, error: 'address_refused' });
  expect(await strict.dispatcher.trial('nobody')).toBeUndefined();
});

test('names that people chose cannot call everybody, or lead somewhere', () => {
  const subject = '<!channel> [x](http://evil.test) @all <at id=all></at> `rm`\n# head';
  const message = messageOf([{ type: 'fired', alarm: alarmOf({ subject }) }], {
    ...{ language: 'en', site: 'Kaibo', url: undefined },
  });
  expect(message.lines[0]?.detail).not.toMatch(/[<>@[\]`\n]/);
});

test.each([
  ['*', '', true],
  ['*', 'x', true],
  ['disk_*', 'disk_low', true],
  ['disk_*', 'risk_low', false],
  ['*_low', 'disk_low', true],
  ['a*c', 'abc', true],
  ['a*c', 'ac', true],
  ['ab*bc', 'abc', false],
  ['a*b*c', 'a-b-b-c', true],
  ['disk_low', 'disk_lower', false],
  ['**', 'x', true],
])('%s matches %s: %s', (pattern, text, expected) => expect(matches(pattern, text)).toBe(expected));
