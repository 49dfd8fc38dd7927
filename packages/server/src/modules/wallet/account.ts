import type { Database } from '../../database/database.ts';
import type { AccountHolder } from '../auth/contract.ts';
import type { Payments } from './payments.ts';
import type { WalletService } from './service.ts';

/** The newest lines of an export; the rest is in the statement. */
const EXPORTED = 10_000;

/**
 * What the books say of an account. They stay when it is deleted, for they have to sum up for ever: they know it by
 * its id alone.
 */
export function walletAccountHolder({
  database,
  service,
  payments,
}: {
  database: Database;
  service: WalletService;
  payments: Payments;
}): AccountHolder {
  return {
    name: 'wallet',
    exportData: async (userId) => ({
      ...(await service.wallet(userId)),
      entries: await database
        .selectFrom('ledger_accounts')
        .innerJoin('ledger_entries', 'ledger_entries.account_id', 'ledger_accounts.id')
        .innerJoin('ledger_transfers', 'ledger_transfers.id', 'ledger_entries.transfer_id')
        .select(['ledger_transfers.id', 'ledger_accounts.kind as account', 'ledger_transfers.kind'])
        .select(['ledger_entries.amount', 'ledger_entries.balance_after as balance'])
        .select(['ledger_transfers.created_at as at', 'ledger_transfers.details'])
        .where('ledger_accounts.id', 'in', [`user:${userId}`, `revenue:${userId}`])
        .orderBy('ledger_entries.seq', 'desc')
        .limit(EXPORTED)
        .execute(),
      orders: await payments.ordersOf(userId),
    }),
    accountGone: async () => {},
  };
}
