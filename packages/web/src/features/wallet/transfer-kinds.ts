import type { TransferKind } from '@kaibo/client';
import type { WalletAccount } from './useWallet.ts';

/** What can happen on an account. */
export const KINDS_OF: Readonly<Record<WalletAccount, readonly TransferKind[]>> = {
  spendable: ['gift', 'redeem', 'payment', 'credit', 'debit', 'refund'],
  revenue: ['gift', 'payout', 'refund'],
};
