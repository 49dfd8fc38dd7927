import { createHash, randomUUID } from 'node:crypto';
import type { Database, Transaction } from '../../database/database.ts';
import { canonicalJson } from '../../http/canonical-json.ts';
import { AppError } from '../gateway/contract.ts';
import { MAX_AMOUNT, type Ledger, type LedgerAccount, type NewTransfer, type PostedTransfer } from './contract.ts';

/** Far above what there is of anything, and exact as a number. */
const MAX_BALANCE = 9e15;
/** Where coins come from: what left them is below zero. */
const MAY_BE_NEGATIVE: ReadonlySet<string> = new Set(['mint', 'payments']);
const OWNED: ReadonlySet<string> = new Set(['user', 'revenue']);

interface Entry {
  account: LedgerAccount;
  amount: number;
}

/** The books in the database. Every statement is the same on SQLite and PostgreSQL. */
export class LedgerBooks implements Ledger {
  readonly #database: Database;
  readonly #now: () => number;

  constructor(database: Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  async post(transaction: Transaction, transfer: NewTransfer): Promise<PostedTransfer> {
    const entries = checkedEntries(transfer);
    const { kind, key, actor, details } = transfer;
    const hash = hashOf(transfer.request ?? { kind, entries });
    const id = randomUUID();
    // Whoever comes with the same key at the same time waits here until the first one has committed.
    const inserted = await transaction
      .insertInto('ledger_transfers')
      .values({
        ...{ id, kind, actor, idem_key: key, request_hash: hash },
        details: JSON.stringify(details),
        created_at: this.#now(),
      })
      .onConflict((conflict) => conflict.column('idem_key').doNothing())
      .returning('id')
      .executeTakeFirst();
    if (inserted === undefined) return postedBefore(transaction, key, hash);
    const balances = new Map<LedgerAccount, number>();
    const rows = [];
    for (const { account, amount } of entries) {
      const balance = await this.#move(transaction, { account, amount });
      balances.set(account, balance);
      rows.push({ transfer_id: id, account_id: account, amount, balance_after: balance });
    }
    await transaction.insertInto('ledger_entries').values(rows).execute();
    return { id, isRepeated: false, balances };
  }

  async findPosted(transaction: Transaction, key: string, request: unknown): Promise<PostedTransfer | undefined> {
    const known = await transaction
      .selectFrom('ledger_transfers')
      .select('id')
      .where('idem_key', '=', key)
      .executeTakeFirst();
    return known === undefined ? undefined : postedBefore(transaction, key, hashOf(request));
  }

  async lockBalance(transaction: Transaction, account: LedgerAccount): Promise<number> {
    const row = await transaction
      .updateTable('ledger_accounts')
      .set((builder) => ({ balance: builder.ref('balance') }))
      .where('id', '=', account)
      .returning('balance')
      .executeTakeFirst();
    return row?.balance ?? 0;
  }

  async balanceOf(account: LedgerAccount): Promise<number> {
    const row = await this.#database
      .selectFrom('ledger_accounts')
      .select('balance')
      .where('id', '=', account)
      .executeTakeFirst();
    return row?.balance ?? 0;
  }

  /** Answers the balance after it. The row stays locked, so that the entries of an account are in the order of its balances. */
  async #move(transaction: Transaction, { account, amount }: Entry): Promise<number> {
    const kind = kindOf(account);
    const isFree = MAY_BE_NEGATIVE.has(kind);
    // An account that does not exist has nothing to give, so only what may receive, or owe, is made.
    const row =
      amount < 0 && !isFree
        ? await transaction
            .updateTable('ledger_accounts')
            .set((builder) => ({ balance: builder('balance', '+', amount), updated_at: this.#now() }))
            .where('id', '=', account)
            .where((builder) => builder(builder('balance', '+', amount), '>=', 0))
            .returning('balance')
            .executeTakeFirst()
        : await this.#receive(transaction, { account, amount });
    if (row === undefined) throw new AppError(amount < 0 ? 'insufficient_balance' : 'balance_limit');
    return row.balance;
  }

  #receive(transaction: Transaction, { account, amount }: Entry): Promise<{ balance: number } | undefined> {
    const kind = kindOf(account);
    const now = this.#now();
    const owner = OWNED.has(kind) ? account.slice(kind.length + 1) : null;
    return transaction
      .insertInto('ledger_accounts')
      .values({ id: account, kind, user_id: owner, balance: amount, updated_at: now })
      .onConflict((conflict) =>
        conflict
          .column('id')
          .doUpdateSet((builder) => ({
            balance: builder('ledger_accounts.balance', '+', amount),
            updated_at: now,
          }))
          .where('ledger_accounts.balance', '>=', -MAX_BALANCE)
          .where('ledger_accounts.balance', '<=', MAX_BALANCE - Math.max(amount, 0)),
      )
      .returning('balance')
      .executeTakeFirst();
  }
}

/** @throws AppError idempotency_key_reused */
async function postedBefore(transaction: Transaction, key: string, hash: string): Promise<PostedTransfer> {
  const first = await transaction
    .selectFrom('ledger_transfers')
    .select(['id', 'request_hash'])
    .where('idem_key', '=', key)
    .executeTakeFirstOrThrow();
  if (first.request_hash !== hash) throw new AppError('idempotency_key_reused');
  const entries = await transaction
    .selectFrom('ledger_entries')
    .select(['account_id', 'balance_after'])
    .where('transfer_id', '=', first.id)
    .execute();
  const balances = new Map(entries.map((entry) => [entry.account_id as LedgerAccount, entry.balance_after]));
  return { id: first.id, isRepeated: true, balances };
}

/**
 * One entry for each account, in the order in which all transfers lock them: people's accounts by id, then the
 * platform's, which everybody waits for and which are therefore held for the shortest time.
 */
function checkedEntries({ entries }: NewTransfer): Entry[] {
  const amounts = new Map<LedgerAccount, number>();
  for (const { account, amount } of entries) {
    if (!Number.isSafeInteger(amount) || Math.abs(amount) > MAX_AMOUNT)
      throw new RangeError(`not an amount of coins: ${amount}`);
    amounts.set(account, (amounts.get(account) ?? 0) + amount);
  }
  const moved = [...amounts].filter(([, amount]) => amount !== 0).map(([account, amount]) => ({ account, amount }));
  if (moved.length === 0) throw new RangeError('a transfer moves something');
  const sum = moved.reduce((total, { amount }) => total + amount, 0);
  if (sum !== 0) throw new RangeError(`the entries of a transfer sum to zero and not to ${sum}`);
  return moved.toSorted((one, other) => (lockOrder(one.account) < lockOrder(other.account) ? -1 : 1));
}

function lockOrder(account: LedgerAccount): string {
  return `${OWNED.has(kindOf(account)) ? 0 : 1}${account}`;
}

function kindOf(account: LedgerAccount): string {
  return account.split(':', 1)[0] ?? account;
}

function hashOf(request: unknown): string {
  return createHash('sha256').update(canonicalJson(request)).digest('hex');
}
