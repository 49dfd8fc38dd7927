import type { EngineRecording } from '../../engine/contract.ts';
import type { UserFacts } from '../user/contract.ts';
import type { Recording, RecordingPart } from './contract.ts';
import type { PartFacts, RecordingRow } from './store.ts';

export interface ViewInput {
  parts: readonly PartFacts[];
  owner: UserFacts | undefined;
  /** How far it is, while this node writes it. */
  live: EngineRecording | undefined;
  /** Goes into the addresses: the right to see the room, by which the caller came. */
  token: string | undefined;
}

/** A row as those who may see it do. */
export function recordingView(row: RecordingRow, { parts, owner, live, token }: ViewInput): Recording {
  const playable = playableOf(parts);
  const isReady = row.state === 'ready';
  const query = token === undefined ? '' : `?token=${encodeURIComponent(token)}`;
  const shown = partsOf(playable);
  return {
    id: row.id,
    roomId: row.room_id ?? undefined,
    userId: row.user_id,
    owner: owner && { id: owner.id, username: owner.username, name: owner.name, avatar: owner.avatar },
    title: row.title,
    state: row.state === 'deleted' ? 'failed' : row.state,
    published: row.published === 1,
    startedAt: row.started_at,
    durationMs: live?.durationMs ?? row.duration_ms,
    sizeBytes: live?.sizeBytes ?? row.size_bytes,
    poster: row.poster === 1 ? `/api/recordings/${row.id}/poster${query}` : undefined,
    parts: shown,
    timeBase: shown.map(({ startMs, epochMs }) => ({ mediaMs: startMs, epochMs })),
    replayUrl: isReady ? `/replay/${row.id}/index.m3u8${query}` : undefined,
    downloadUrls: isReady ? shown.map(({ n }) => `/api/recordings/${row.id}/parts/${n}${query}`) : undefined,
  };
}

/** Files that were read, and can be played. */
export function playableOf<Part extends PartFacts>(parts: readonly Part[]): Part[] {
  return parts.filter(({ head_bytes: head }) => (head ?? 0) > 0);
}

/** One after the other in the replay's time. */
function partsOf(parts: readonly PartFacts[]): RecordingPart[] {
  let startMs = 0;
  return parts.map(({ n, duration_ms: durationMs, size_bytes: sizeBytes, epoch_ms: epochMs }) => {
    const part = { n, durationMs, sizeBytes, startMs, epochMs };
    startMs += durationMs;
    return part;
  });
}
