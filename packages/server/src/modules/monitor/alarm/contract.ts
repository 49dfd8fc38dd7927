import { z } from 'zod';
import { lineSchema, noteSchema } from '../../../http/plain-text.ts';
import { KIND_NAMES } from './kinds.ts';

/** On `monitor`: one alarm, when it fires or becomes graver, when it is over, when somebody takes it on. */
export const ALARM_FIRED = 'alarm.fired';
export const ALARM_CLEARED = 'alarm.cleared';
export const ALARM_ACKNOWLEDGED = 'alarm.acknowledged';

const ms = z.number().describe('ms since the epoch');
const kind = z.string().describe(`${KIND_NAMES.join(', ')}; newer servers may know more`);

export const monitorAlarmSchema = z.object({
  id: z.string().describe('The same for as long as it goes on'),
  kind,
  level: z.enum(['warning', 'critical']),
  subject: z.string().optional().describe('What it is about: a dependency, a recording, a stream name'),
  node: z.string().optional().describe('Id of the node that it is about, where it is about one'),
  nodeName: z.string().optional().describe('What operators call that node'),
  since: ms.describe('From when on it is so, ms since the epoch'),
  firedAt: ms.describe('When it had lasted long enough, ms since the epoch'),
  clearedAt: ms.optional().describe('When it was over, ms since the epoch'),
  acknowledged: z
    .object({ at: ms, by: z.string().describe('As `actor` of the audit log'), note: z.string().optional() })
    .optional()
    .describe('Somebody has taken it on: channels are not told again'),
  silenced: z.literal(true).optional().describe('Channels are not told of it at present'),
  data: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('Figures; `value` is what is compared with the thresholds of its kind'),
});
export type MonitorAlarm = z.output<typeof monitorAlarmSchema>;

export const alarmEventSchemas = {
  [ALARM_FIRED]: z.object({ alarm: monitorAlarmSchema }),
  [ALARM_CLEARED]: z.object({ alarm: monitorAlarmSchema }),
  [ALARM_ACKNOWLEDGED]: z.object({ alarm: monitorAlarmSchema }),
};

const name = z.string().max(100).optional();

export const alarmsQuerySchema = z.object({
  state: z
    .enum(['firing', 'cleared', 'all'])
    .default('firing')
    .describe('firing is what is wrong now, also while the database is away; the others are read from it'),
  kind: name,
  level: z.enum(['warning', 'critical']).optional(),
  subject: name,
  node: name.describe('Id or name of the node'),
  before: z
    .string()
    .regex(/^\d{1,16}_[\w-]{1,64}$/)
    .optional()
    .describe('`next` of the page before'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export type AlarmsQuery = z.output<typeof alarmsQuerySchema>;

export const alarmPageSchema = z.object({
  alarms: z.array(monitorAlarmSchema).describe('What fires: the gravest first; otherwise the newest first'),
  next: z.string().optional().describe('The `before` of the next page, if there is one'),
});
export type AlarmPage = z.output<typeof alarmPageSchema>;

export const alarmParamsSchema = z.object({ id: z.string().max(64) });
export const acknowledgeSchema = z.strictObject({ note: noteSchema(500).optional() }).nullish();

/** `disk_low`, `disk_*`, `*`. */
const pattern = (what: string) => lineSchema(100).default('*').describe(`${what}; * stands for anything`);

export const newSilenceSchema = z
  .strictObject({
    kind: pattern('Kind of alarm'),
    subject: pattern('What it is about'),
    node: pattern('Name or id of a node'),
    startsAt: ms.optional().describe('ms since the epoch; left out, now. In the future it is a maintenance window'),
    endsAt: ms,
    reason: lineSchema(500),
  })
  .refine(({ startsAt = 0, endsAt }) => startsAt < endsAt, { path: ['endsAt'], message: 'endsAt > startsAt' });
export type NewSilence = z.output<typeof newSilenceSchema>;
export const changeSilenceSchema = z.strictObject({ endsAt: ms, reason: lineSchema(500) }).partial();
export type ChangeSilence = z.output<typeof changeSilenceSchema>;

export const silenceSchema = z.object({
  id: z.string(),
  kind: z.string(),
  subject: z.string(),
  node: z.string(),
  startsAt: ms,
  endsAt: ms,
  reason: z.string(),
  createdBy: z.string().describe('As `actor` of the audit log'),
  createdAt: ms,
});
export type Silence = z.output<typeof silenceSchema>;
export const silencesSchema = z.object({ silences: z.array(silenceSchema).describe('Those that are not over') });

export const alarmChannelSchema = z.object({
  name: z.string(),
  type: z.enum(['webhook', 'email', 'dingtalk', 'feishu', 'wecom', 'slack']),
  target: z.string().describe('Host, or mail addresses; never the whole address, which is a secret'),
  levels: z.array(z.enum(['warning', 'critical'])),
  kinds: z.array(z.string()),
  cleared: z.boolean().describe('Whether it is told when an alarm is over'),
  language: z.enum(['en', 'zh']),
  waiting: z.number().describe('Messages of the node that answers that are not delivered yet'),
  deliveredAt: ms.optional().describe('Of the node that answers, since its start'),
  failingSince: ms.optional(),
  lastError: z.string().optional().describe('http_STATUS, refused_CODE, timeout, connection_failed, mail_failed, …'),
});
export type AlarmChannel = z.output<typeof alarmChannelSchema>;
export const alarmChannelsSchema = z.object({ channels: z.array(alarmChannelSchema) });
export const channelParamsSchema = z.object({ name: z.string().max(32) });
export const channelTrialSchema = z.object({
  delivered: z.boolean(),
  error: z.string().optional().describe('As `lastError`'),
});
export type ChannelTrial = z.output<typeof channelTrialSchema>;

export const alarmSuccessSchema = z.object({ success: z.literal(true) });
