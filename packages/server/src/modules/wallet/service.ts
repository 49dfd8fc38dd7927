import { audit } from '../../database/audit.ts';
import type { Outbox } from '../../database/outbox.ts';
import { AppError } from '../gateway/contract.ts';
import type { UserDirectory } from '../user/contract.ts';
import { inMoneyTransaction, walletEvents, type Ledger, type LedgerAccount } from './contract.ts';
import type { Moved, Wallet } from './schemas.ts';

export interface WalletServiceDeps {
  ledger: Ledger;
  outbox: Outbox;
  users: Pick<UserDirectory, 'find'>;
  now: () => number;
}

/** What somebody with power does with an account. */
export interface Adjustment {
  operation: 'credit' | 'debit' | 'payout';
  userId: string;
  /** Whole coins above 0. */
  amount: number;
  /** Shown to the account's owner: a note, or the reference of a payment. */
  details: Readonly<Record<string, string>>;
  /** Of `moneyKey`. */
  key: string;
  /** As in the audit trail. */
  actor: string;
  address?: string;
}

const ACTIONS = { credit: 'wallet.credited', debit: 'wallet.debited', payout: 'wallet.paid_out' } as const;

/** What people have, and what administrators do with it. */
export class WalletService {
  readonly #deps: WalletServiceDeps;

  constructor(deps: WalletServiceDeps) {
    this.#deps = deps;
  }

  async wallet(userId: string): Promise<Wallet> {
    const { ledger } = this.#deps;
    const [balance, revenue] = await Promise.all([
      ledger.balanceOf(`user:${userId}`),
      ledger.balanceOf(`revenue:${userId}`),
    ]);
    return { balance, revenue };
  }

  /** @throws AppError user_not_found, insufficient_balance, balance_limit, idempotency_key_reused */
  async adjust({ operation, userId, amount, details, key, actor, address }: Adjustment): Promise<Moved> {
    const { ledger, outbox, users, now } = this.#deps;
    if ((await users.find(userId)) === undefined) throw new AppError('user_not_found');
    const { from, to, own } = accountsOf(operation, userId);
    const entries = [
      { account: from, amount: -amount },
      { account: to, amount },
    ];
    const posted = await inMoneyTransaction(outbox, async ({ transaction, emit }) => {
      const request = { operation, userId, amount, details };
      const transfer = await ledger.post(transaction, { kind: operation, key, entries, actor, details, request });
      if (transfer.isRepeated) return transfer;
      await audit(transaction, {
        ...{ actor, address, action: ACTIONS[operation], subject: `user:${userId}`, atMs: now() },
        details: { transfer: transfer.id, amount, ...details },
      });
      await emit(...walletEvents(transfer));
      return transfer;
    });
    return { id: posted.id, balance: posted.balances.get(own) ?? 0 };
  }
}

function accountsOf(
  operation: Adjustment['operation'],
  userId: string,
): { from: LedgerAccount; to: LedgerAccount; own: LedgerAccount } {
  const spendable = `user:${userId}` as const;
  const revenue = `revenue:${userId}` as const;
  switch (operation) {
    case 'credit':
      return { from: 'mint', to: spendable, own: spendable };
    case 'debit':
      return { from: spendable, to: 'mint', own: spendable };
    case 'payout':
      return { from: revenue, to: 'payouts', own: revenue };
  }
}
