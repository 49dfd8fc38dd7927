import type { InteractDeps, InteractModule } from '../interact/contract.ts';
import type { Ledger } from './contract.ts';
import { LedgerBooks } from './ledger.ts';

/** Coins: who has how many, and how they came by them. */
export interface WalletModule extends InteractModule {
  ledger: Ledger;
}

export function createWalletModule({ database, now }: InteractDeps): WalletModule {
  return { ledger: new LedgerBooks(database, now) };
}
