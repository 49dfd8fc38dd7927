// The tables of migrations/0013-overlays.ts as rows.

export interface OverlayTables {
  goals: GoalTable;
  overlay_tokens: OverlayTokenTable;
}

/** What a channel is collecting for. */
export interface GoalTable {
  channel_id: string;
  title: string;
  kind: 'coins' | 'followers';
  target: number;
  /** Coins count from here on. */
  started_at: number;
  updated_at: number;
}

/** The right of a page in a streaming program to see its streamer's room. */
export interface OverlayTokenTable {
  id: string;
  user_id: string;
  name: string;
  /** SHA-256 in hex. */
  token_hash: string;
  /** JSON: what the page shows. */
  settings: string;
  created_at: number;
  updated_at: number;
}
