import { audit } from '../../database/audit.ts';
import type { Outbox, Work } from '../../database/outbox.ts';
import { CONTROL_CHANNEL } from '../auth/contract.ts';
import { FILES_CHANGED, type FileRow } from './contract.ts';
import { pictureUrl } from './keys.ts';
import type { FileStore } from './store.ts';
import { fileEvent } from './view.ts';

/** Who deleted it, where that is to be remembered. */
export interface Deleter {
  /** As in the audit trail. */
  actor: string;
  address?: string;
}

export interface DeletionDeps {
  store: FileStore;
  outbox: Outbox;
  now: () => number;
  /** What else ends with it, in the same transaction. */
  onDelete?: (row: FileRow, unit: Work) => Promise<void>;
}

/**
 * Nobody sees it, and nothing shows it, from now on; whichever node has its bytes removes them soon after. False when it
 * was gone.
 */
export async function deleteFile(
  { store, outbox, now, onDelete }: DeletionDeps,
  row: FileRow,
  by?: Deleter,
): Promise<boolean> {
  return outbox.transact(async (unit) => {
    const { transaction, emit } = unit;
    const after = await store.markDeleted(transaction, row.id);
    if (after === undefined) return false;
    if (row.kind === 'image') await store.clearReferences(transaction, pictureUrl(row.id));
    await onDelete?.(row, unit);
    if (by !== undefined)
      await audit(transaction, {
        ...{ actor: by.actor, address: by.address, action: 'file.deleted', subject: `file:${row.id}`, atMs: now() },
        details: { kind: row.kind, purpose: row.purpose, name: row.name, owner: row.user_id },
      });
    await emit(fileEvent(after), { channel: CONTROL_CHANNEL, event: FILES_CHANGED, data: {} });
    return true;
  });
}
