// The tables of migrations/0020-alarms.ts as rows.

export interface AlarmTables {
  alarms: AlarmTable;
  alarm_silences: AlarmSilenceTable;
}

export interface AlarmTable {
  id: string;
  /** Who judges it: a node as it calls itself over restarts, or '' for all nodes together. */
  place: string;
  /** What it is about, `kind:subject`. One with a place and a key is open at a time. */
  key: string;
  kind: string;
  subject: string | null;
  /** Id of the process that let it fire, and what operators call it; null for all nodes together. */
  node: string | null;
  node_name: string | null;
  level: 'warning' | 'critical';
  since: number;
  fired_at: number;
  cleared_at: number | null;
  /** When channels were last told; null before they were. */
  told_at: number | null;
  acked_at: number | null;
  /** As `audit_log.actor`. */
  acked_by: string | null;
  ack_note: string | null;
  /** JSON. */
  data: string;
}

/** What channels are not told of for a time. Patterns, in which `*` is anything. */
export interface AlarmSilenceTable {
  id: string;
  kind: string;
  subject: string;
  node: string;
  starts_at: number;
  ends_at: number;
  reason: string;
  /** As `audit_log.actor`. */
  created_by: string;
  created_at: number;
}
