import type { AccountHolder } from '../auth/contract.ts';
import { deleteFile, type DeletionDeps } from './deletion.ts';
import { fileView } from './view.ts';

/** Files go with the account; of a banned one they stay, for its administrators to judge. */
export function fileAccountHolder(deps: DeletionDeps): AccountHolder {
  return {
    name: 'files',
    exportData: async (userId) => (await deps.store.ofUser(userId)).map((row) => fileView(row)),
    accountGone: async (userId, why) => {
      if (why === 'banned') return;
      for (const row of await deps.store.ofUser(userId)) await deleteFile(deps, row);
    },
  };
}
