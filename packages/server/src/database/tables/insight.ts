// The tables of migrations/0015-insight.ts as rows.

export interface InsightTables {
  monitor_minutes: MonitorMinuteTable;
  room_points: RoomPointTable;
  room_minutes: RoomMinuteTable;
  room_people: RoomPersonTable;
  room_summaries: RoomSummaryTable;
}

/** How all nodes together did for a minute. */
export interface MonitorMinuteTable {
  /** When it began. */
  at: number;
  viewers: number;
  streams: number;
  connections: number;
  in_bps: number;
  out_bps: number;
  /** Thousandths of all cores. */
  cpu_permille: number;
  rss_bytes: number;
  event_loop_delay_ms: number;
}

/** A live room at one moment, every 10 s, kept for hours. */
export interface RoomPointTable {
  room_id: string;
  /** When the step began: a multiple of 10 s. */
  at: number;
  viewers: number;
  /** null where nobody published, or it is not measured. */
  bitrate_bps: number | null;
  /** Thousandths of a frame. */
  fps_milli: number | null;
  keyframe_interval_ms: number | null;
  rtt_ms: number | null;
  /** Within the step. */
  messages: number;
  coins: number;
}

/** A minute of a broadcast, made anew of its points as often as it takes. */
export interface RoomMinuteTable extends RoomPointTable {
  /** Of a room with an account. */
  user_id: string | null;
  peak_viewers: number;
  /** What all viewers watched together. */
  watch_ms: number;
}

/** Who watched an open room, by a hash that says nothing elsewhere; forgotten with the broadcast's summary. */
export interface RoomPersonTable {
  room_id: string;
  person_hash: string;
}

/** What a broadcast came to, as far as it is not in the books: those are asked. */
export interface RoomSummaryTable {
  room_id: string;
  user_id: string | null;
  title: string;
  started_at: number;
  ended_at: number;
  peak_viewers: number;
  watch_ms: number;
  viewers: number;
  messages: number;
  chatters: number;
  new_followers: number;
  interruptions: number;
}
