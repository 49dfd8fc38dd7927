import type { OutboxEvent } from '../../database/outbox.ts';
import { userChannelOf } from '../user/contract.ts';
import { FILE_CHANGED, fileProblemSchema, type FileRow, type StoredFile } from './contract.ts';
import { pictureUrl } from './keys.ts';

/** A file as its owner sees it. One that was deleted is seen in its last words only. */
export function fileView(row: FileRow): StoredFile {
  const problem = fileProblemSchema.safeParse(row.problem).data;
  return {
    ...{ id: row.id, kind: row.kind, purpose: row.purpose, name: row.name },
    state: row.state === 'deleted' ? 'failed' : row.state,
    problem: row.state === 'failed' ? problem : undefined,
    sizeBytes: Math.max(row.size_bytes, row.reserved_bytes),
    width: row.width ?? undefined,
    height: row.height ?? undefined,
    durationMs: row.duration_ms ?? undefined,
    url: row.kind === 'image' && row.state === 'ready' ? pictureUrl(row.id) : undefined,
    recordingId: row.recording_id ?? undefined,
    createdAt: row.created_at,
  };
}

/** For its owner's other pages. */
export function fileEvent(row: FileRow, view: StoredFile = fileView(row)): OutboxEvent {
  const deleted = row.state === 'deleted' ? { deleted: true } : {};
  return { channel: userChannelOf(row.user_id), event: FILE_CHANGED, data: { ...view, ...deleted } };
}
