import type { Outbox } from '../../database/outbox.ts';
import { auditRecording, NUDGE, recordingEvent, type Actor } from './announcer.ts';
import type { RecordingRow, RecordingStore } from './store.ts';

/**
 * Nobody sees it from now on; whichever node has its files removes them soon after. False when it was gone, or is being
 * written and that matters.
 */
export async function deleteRecording(
  { store, outbox, now }: { store: RecordingStore; outbox: Outbox; now: () => number },
  row: RecordingRow,
  { actor, why, evenActive = false }: { actor: Actor; why?: string; evenActive?: boolean },
): Promise<boolean> {
  const from = ['processing', 'ready', 'failed', ...(evenActive ? ['recording' as const] : [])] as const;
  return outbox.transact(async ({ transaction, emit }) => {
    const after = await store.move(transaction, { id: row.id, from, to: 'deleted' });
    if (after === undefined) return false;
    const details = { title: row.title, ...(why === undefined ? {} : { why }) };
    await auditRecording(transaction, { row, actor, action: 'recording.deleted', details, atMs: now() });
    await emit(recordingEvent('recording.deleted', after), NUDGE);
    return true;
  });
}
