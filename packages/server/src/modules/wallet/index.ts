import type { InteractDeps, InteractModule } from '../interact/contract.ts';
import type { Ledger } from './contract.ts';

/** Coins: who has how many, and how they came by them. */
export interface WalletModule extends InteractModule {
  ledger: Ledger;
}

export function createWalletModule(_deps: InteractDeps): WalletModule {
  return { ledger: { post: async () => ({ id: '', isRepeated: false }), balanceOf: async () => 0 } };
}
