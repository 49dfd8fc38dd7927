// Times are ms since the epoch.

/** What is wrong, or was. Newer servers may know more kinds: see docs/alarms.md. */
export interface MonitorAlarm {
  /** The same for as long as it goes on. */
  id: string;
  kind: string;
  level: 'warning' | 'critical';
  subject?: string;
  /** Id of the node that it is about, where it is about one, and what operators call it. */
  node?: string;
  nodeName?: string;
  since: number;
  /** When it had lasted long enough. */
  firedAt: number;
  clearedAt?: number;
  /** Who looks after it: `by` as `actor` of the audit log. */
  acknowledged?: { at: number; by: string; note?: string };
  /** Channels are not told of it at present. */
  silenced?: true;
  /** `value` is what is compared with the thresholds of its kind. */
  data?: Record<string, unknown>;
}

export interface AlarmQuery {
  /** Left out, `firing`. */
  state?: 'firing' | 'cleared' | 'all';
  kind?: string;
  level?: 'warning' | 'critical';
  subject?: string;
  /** Id or name of a node. */
  node?: string;
  before?: string;
  limit?: number;
}

/** Channels are told nothing of what it covers. In patterns `*` is anything. */
export interface AlarmSilence {
  id: string;
  kind: string;
  subject: string;
  node: string;
  startsAt: number;
  endsAt: number;
  reason: string;
  /** As `actor` of the audit log. */
  createdBy: string;
  createdAt: number;
}

export interface NewAlarmSilence {
  /** Patterns; left out, anything. */
  kind?: string;
  subject?: string;
  node?: string;
  /** Left out, now; in the future it is a maintenance window. */
  startsAt?: number;
  endsAt: number;
  reason: string;
}

/** Who is told of alarms. The address is a secret: `target` is its host. */
export interface AlarmChannel {
  name: string;
  type: 'webhook' | 'email' | 'dingtalk' | 'feishu' | 'wecom' | 'slack';
  target: string;
  levels: ('warning' | 'critical')[];
  kinds: string[];
  cleared: boolean;
  language: 'en' | 'zh';
  /** Messages of the node that answers that are not delivered yet. */
  waiting: number;
  deliveredAt?: number;
  failingSince?: number;
  lastError?: string;
}
