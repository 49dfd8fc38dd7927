/**
 * Tables as rows. Portable to PostgreSQL: booleans are 0 or 1, times are bigint milliseconds since the epoch,
 * structures are JSON text.
 */
export interface DatabaseSchema {
  rooms: RoomTable;
}

export type RoomStatus = 'preparing' | 'live' | 'ended';
export type Flag = 0 | 1;

export interface RoomTable {
  id: string;
  user_id: string | null;
  title: string;
  category: string | null;
  cover: string | null;
  status: RoomStatus;
  interrupted: Flag;
  /** When `interrupted` became 1: the grace counts from here. */
  interrupted_at: number | null;
  is_private: Flag;
  auto_live: Flag;
  play_id: string;
  /** Kept as it is, for the owner is shown it again. Never leaves the live module but in the owner's view. */
  stream_secret: string;
  /** SHA-256 in hex; null when an account owns the room. */
  owner_token_hash: string | null;
  max_viewers: number;
  /** Written in batches, for sorting; the present number is counted in memory. */
  viewer_count: number;
  peak_viewers: number;
  created_at: number;
  updated_at: number;
  start_time: number | null;
  end_time: number | null;
}
