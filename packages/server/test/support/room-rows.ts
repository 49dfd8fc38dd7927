import { searchKeyOf } from '../../src/database/search-key.ts';
import type { RoomRow } from '../../src/modules/live/store.ts';

/** When rooms were made. */
const MADE_AT = 1_000_000;

/** A room as a row; what is not given says nothing. */
export function roomRow(id: string, fields: Partial<RoomRow> = {}): RoomRow {
  const title = fields.title ?? id;
  return {
    id,
    user_id: null,
    title,
    title_key: searchKeyOf(title),
    category: null,
    cover: null,
    status: 'preparing',
    mode: 'media',
    interrupted: 0,
    interrupted_at: null,
    is_private: 0,
    auto_live: 1,
    recording: 'never',
    recording_on: null,
    play_id: `play-${id}`,
    stream_secret: 'secret',
    owner_token_hash: null,
    max_viewers: 0,
    viewer_count: 0,
    peak_viewers: 0,
    interruptions: 0,
    created_at: MADE_AT,
    updated_at: MADE_AT,
    start_time: null,
    end_time: null,
    ...fields,
  };
}
