// The tables of migrations/0006-moderation.ts as rows.

export interface ModerationTables {
  word_lists: WordTable;
  mutes: MuteTable;
  reports: ReportTable;
}

export type WordAction = 'block' | 'mask' | 'hold';
export type ReportSubject = 'message' | 'user' | 'room';
/** `done`: something was done about it. */
export type ReportState = 'open' | 'dismissed' | 'done';

export interface WordTable {
  id: string;
  /** '' is for all channels. */
  channel_id: string;
  word: string;
  /** As compared, so that a list has a word once. */
  word_key: string;
  action: WordAction;
  note: string | null;
  /** The account, or null for the command line and an owner without one. */
  created_by: string | null;
  created_at: number;
}

/** Who may not speak in a channel. */
export interface MuteTable {
  channel_id: string;
  /** `user:ID` or `viewer:ID`. */
  person: string;
  /** As they were called then. */
  name: string | null;
  /** null lasts for good. */
  until: number | null;
  reason: string | null;
  created_by: string | null;
  created_at: number;
}

export interface ReportTable {
  id: string;
  room_id: string;
  channel_id: string;
  /** Who reported, as they are counted. */
  reporter: string;
  subject: ReportSubject;
  /** Of the message, user or room. */
  subject_id: string;
  /** Who it is about, as they are counted; null when that cannot be told, or their account is gone. */
  accused: string | null;
  reason: string;
  text: string | null;
  /** JSON: what it is about, as it was then. */
  evidence: string;
  state: ReportState;
  /** What was done: `delete`, `mute` …; null while it is open. */
  decision: string | null;
  decided_by: string | null;
  decided_at: number | null;
  created_at: number;
}
