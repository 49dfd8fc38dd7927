import type { InteractDeps, InteractModule } from '../interact/contract.ts';
import { walletAccountHolder } from './account.ts';
import { addWalletAdminRoutes } from './admin-routes.ts';
import { RedeemCodes } from './codes.ts';
import type { Ledger } from './contract.ts';
import { LedgerBooks } from './ledger.ts';
import { addPaymentRoutes } from './payment-routes.ts';
import { Payments } from './payments.ts';
import { addWalletRoutes } from './routes.ts';
import type { CoinPackage } from './schemas.ts';
import { WalletService, type WalletServiceDeps } from './service.ts';
import { Statements } from './statement.ts';
import { TestProvider } from './test-provider.ts';

export type { WalletService } from './service.ts';
export { verifyBooks } from './verify.ts';

export interface WalletDeps extends InteractDeps {
  payments: {
    packages: readonly CoinPackage[];
    test: { secret?: string | undefined };
  };
}

/** Coins: who has how many, and how they came by them. */
export interface WalletModule extends InteractModule {
  ledger: Ledger;
}

export function createWalletModule(deps: WalletDeps): WalletModule {
  const { database, now } = deps;
  const { packages, test } = deps.payments;
  const ledger = new LedgerBooks(database, now);
  const service = new WalletService({ ...deps, ledger });
  const statements = new Statements(database);
  const codes = new RedeemCodes({ ...deps, ledger });
  const providers = test.secret === undefined ? [] : [new TestProvider(test.secret, now)];
  const payments = new Payments({ ...deps, ledger, packages, providers });
  return {
    ledger,
    accountHolder: walletAccountHolder({ database, service, payments }),
    addRoutes: (app, callerOf) => {
      addWalletRoutes(app, { service, statements, codes, database, callerOf });
      addWalletAdminRoutes(app, { service, statements, codes, database, callerOf });
      addPaymentRoutes(app, { payments, callerOf });
    },
  };
}

/** For the command line, which has no platform around it. */
export function createWalletService({
  database,
  ...deps
}: Omit<WalletServiceDeps, 'ledger'> & Pick<InteractDeps, 'database'>): WalletService {
  return new WalletService({ ...deps, ledger: new LedgerBooks(database, deps.now) });
}
