import { z } from 'zod';
import { isAlarmKind, KIND_NAMES, ruleProblem, type AlarmKind } from '../modules/monitor/alarm/kinds.ts';
import { FOREIGN_SECRET } from './config-secret.ts';
import { didYouMean } from './did-you-mean.ts';
import { isNetwork } from './interaction-config.ts';

const MAX_CHANNELS = 20;
const DAY_SECONDS = 86_400;

const kindName = z.string().refine(isAlarmKind, {
  error: ({ input }) => {
    const meant = didYouMean(String(input), KIND_NAMES);
    return meant === undefined
      ? `no kind of alarm; there are ${KIND_NAMES.join(', ')}`
      : `no kind of alarm, did you mean ${meant}?`;
  },
}) as unknown as z.ZodType<AlarmKind, string>;

const threshold = () => z.number().min(0).max(1_000_000).optional();
const seconds = () => z.number().min(0).max(DAY_SECONDS).optional();

/** What one kind does otherwise than docs/alarms.md says. */
const rule = z
  .strictObject({
    kind: kindName,
    enabled: z.boolean().optional(),
    warning: threshold(),
    critical: threshold(),
    clear: threshold(),
    forSeconds: seconds(),
    clearAfterSeconds: seconds(),
  })
  .superRefine((change, context) => {
    const problem = isAlarmKind(change.kind) ? ruleProblem(change) : undefined;
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  });

const filters = {
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'name: small letters, digits and "-"'),
  levels: z
    .array(z.enum(['warning', 'critical']))
    .min(1)
    .default(['warning', 'critical']),
  kinds: z
    .array(z.string().regex(/^[a-z_]{0,40}\*?$/, 'kinds: names of alarms, or beginnings of them such as disk_*'))
    .min(1)
    .max(50)
    .default(['*']),
  cleared: z.boolean().default(true),
  language: z.enum(['en', 'zh']).optional(),
};
const url = z.url({ protocol: /^https?$/, error: 'url: an address such as https://hooks.example.org/…' }).max(2048);
const secretOf = (least: number) => {
  const words = `secret: ${least} to 256 characters`;
  return z.string(words).min(least, words).max(256, words);
};
const address = z.string().regex(/^[^\s@<>,;]{1,64}@[^\s@<>,;]{1,190}$/, 'to: mail addresses');

/** A place where people are told. Its address and its secret are nobody else's business. */
const channel = z.discriminatedUnion('type', [
  z.strictObject({ ...filters, type: z.literal('webhook'), url, secret: secretOf(16) }),
  z.strictObject({
    ...filters,
    type: z.literal('email'),
    to: z.array(address, 'to: a list of mail addresses').min(1).max(20),
  }),
  z.strictObject({ ...filters, type: z.literal('dingtalk'), url, secret: secretOf(6).optional() }),
  z.strictObject({ ...filters, type: z.literal('feishu'), url, secret: secretOf(6).optional() }),
  z.strictObject({ ...filters, type: z.literal('wecom'), url }),
  z.strictObject({ ...filters, type: z.literal('slack'), url }),
]);

export const alarmSection = z.strictObject({
  rules: z
    .array(rule)
    .max(KIND_NAMES.length)
    .refine((rules) => new Set(rules.map(({ kind }) => kind)).size === rules.length, 'a kind may stand there once')
    .default([])
    .describe(
      'What differs from docs/alarms.md, each {kind, enabled, warning, critical, clear, forSeconds, clearAfterSeconds}',
    ),
  channels: z
    .array(channel)
    .max(MAX_CHANNELS)
    .refine((channels) => new Set(channels.map(({ name }) => name)).size === channels.length, 'names must differ')
    .default([])
    .describe(
      'Who is told, each {name, type, url, secret, to, levels, kinds, cleared, language}; type is webhook, email, dingtalk, feishu, wecom or slack',
    )
    .meta(FOREIGN_SECRET),
  language: z.enum(['en', 'zh']).default('en').describe('Of messages to channels that do not say'),
  notices: z
    .enum(['off', 'critical', 'all'])
    .default('critical')
    .describe('Which alarms administrators have as notices in the page'),
  repeatMinutes: z
    .int()
    .min(0)
    .max(10_080)
    .default(240)
    .describe('How often channels are told again of what goes on and nobody has acknowledged; 0 is once'),
  groupSeconds: z
    .number()
    .min(0)
    .max(600)
    .default(10)
    .describe('How long alarms are collected, so that many at once are one message'),
  timeoutMs: z.int().min(100).max(120_000).default(10_000).describe('How long a channel may take to answer'),
  allowPrivate: z
    .array(z.string().refine((text) => isNetwork(text), 'an address, or a network such as 10.1.0.0/16'))
    .max(100)
    .default([])
    .describe('Addresses and networks that channels may lead to though they are not public'),
  keepDays: z.int().min(1).max(3650).default(90).describe('How long alarms that are over are kept'),
});
export type AlarmConfig = z.output<typeof alarmSection>;

/** What a channel needs of other sections, in words for the operator; undefined when it is there. */
export function channelProblem({
  alarms,
  mail,
}: {
  alarms: AlarmConfig;
  mail: { url?: string | undefined };
}): string | undefined {
  const mailed = alarms.channels.find(({ type }) => type === 'email');
  if (mailed === undefined || mail.url !== undefined) return undefined;
  return `${mailed.name} is told by mail, which needs mail.url`;
}
