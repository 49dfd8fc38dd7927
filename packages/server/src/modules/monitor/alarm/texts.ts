import type { Language } from '../../gateway/contract.ts';
import { ALARM_KINDS, isAlarmKind, type AlarmKind, type KindSpec } from './kinds.ts';

type Words = Readonly<Record<Language, string>>;

/** What channels say of each kind. */
export const KIND_WORDS: Readonly<Record<AlarmKind, Words>> = {
  dependency_down: { en: 'A dependency does not answer', zh: '依赖的服务没有响应' },
  state_unavailable: { en: 'The state center is away', zh: '状态中心不可用' },
  engine_worker_down: { en: 'A media worker is down', zh: '有媒体工作线程停止了' },
  node_lost: { en: 'A node has gone without a word', zh: '一个节点意外离线' },
  disk_low: { en: 'The disk is nearly full', zh: '磁盘快满了' },
  disk_forecast: { en: 'The disk will be full soon', zh: '磁盘预计很快写满' },
  cpu_high: { en: 'The processor is nearly used up', zh: '处理器占用过高' },
  memory_high: { en: 'The memory is nearly used up', zh: '内存占用过高' },
  event_loop_late: { en: 'The server is late: too much work', zh: '服务器响应迟缓，负载过高' },
  connections_limit: { en: 'The limit of connections is near', zh: '连接数接近上限' },
  streams_limit: { en: 'The limit of streams is near', zh: '直播流数接近上限' },
  viewers_limit: { en: 'A stream is near its limit of viewers', zh: '直播流的观众数接近上限' },
  publish_failures: { en: 'Many publishers are refused', zh: '大量推流被拒绝' },
  bitrate_collapse: { en: 'The bitrate of a stream has collapsed', zh: '直播流码率骤降' },
  stream_interrupted: { en: 'A stream is interrupted', zh: '直播流中断' },
  webhooks_failing: { en: 'A webhook of the platform fails', zh: '平台的 Webhook 投递失败' },
  certificate_expiring: { en: 'The certificate ends soon', zh: '证书即将到期' },
  certificate_expired: { en: 'The certificate has ended', zh: '证书已过期' },
  recording_failed: { en: 'A recording failed', zh: '录制失败' },
  recording_disk_low: { en: 'Too little disk is left to record', zh: '磁盘空间不足，无法录制' },
  recording_total_quota: { en: 'Recordings have used all of their quota', zh: '录像已用完总配额' },
  recording_room_quota: { en: 'A channel has used its quota of recordings', zh: '有频道用完了录像配额' },
  recording_bucket_failing: { en: 'The bucket of recordings cannot be reached', zh: '无法访问录像的存储桶' },
  recording_folder_failing: { en: 'The folder of recordings cannot be written', zh: '录像目录无法写入' },
  alarm_delivery_failing: { en: 'An alarm channel cannot be reached', zh: '告警渠道无法送达' },
};

const UNITS: Readonly<Record<KindSpec['unit'], Words>> = {
  state: { en: '', zh: '' },
  percent: { en: '{n} %', zh: '{n}%' },
  per_minute: { en: '{n} a minute', zh: '每分钟 {n} 次' },
  seconds: { en: '{n} s', zh: '{n} 秒' },
  minutes: { en: '{n} min', zh: '{n} 分钟' },
  hours: { en: 'in {n} h', zh: '约 {n} 小时后' },
  days: { en: 'in {n} days', zh: '{n} 天后' },
};

export const MESSAGE_WORDS = {
  fired: { en: '{n} firing', zh: '{n} 条告警' },
  cleared: { en: '{n} over', zh: '{n} 条已恢复' },
  trial: { en: 'This is a trial: the channel works', zh: '这是一条测试消息：渠道可用' },
  trialTitle: { en: 'Trial message', zh: '测试消息' },
  warning: { en: 'warning', zh: '警告' },
  critical: { en: 'critical', zh: '严重' },
  over: { en: 'over', zh: '已恢复' },
  again: { en: 'goes on', zh: '仍在持续' },
  node: { en: 'node {name}', zh: '节点 {name}' },
  since: { en: 'since {time}', zh: '始于 {time}' },
  more: { en: '… and {n} more', zh: '…另有 {n} 条' },
  open: { en: 'See all alarms', zh: '查看全部告警' },
} as const satisfies Record<string, Words>;

export function words(
  name: keyof typeof MESSAGE_WORDS,
  language: Language,
  values: Readonly<Record<string, string | number>> = {},
): string {
  return fill(MESSAGE_WORDS[name][language], values);
}

/** `93 %`; empty where there is nothing to say. */
export function figureWords(kind: AlarmKind, value: unknown, language: Language): string {
  const { unit } = ALARM_KINDS[kind];
  return typeof value === 'number' && Number.isFinite(value) ? fill(UNITS[unit][language], { n: value }) : '';
}

export function kindWords(kind: string, language: Language): string {
  return isAlarmKind(kind) ? KIND_WORDS[kind][language] : kind;
}

function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}
