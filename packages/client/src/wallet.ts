import type { Caller } from './caller.ts';
import { readJson } from './http.ts';
import { newKey } from './keys.ts';
import type { PageQuery } from './users.ts';

/** Whole coins. */
export interface Wallet {
  /** To spend. */
  balance: number;
  /** Earned by streaming, and not yet paid out. */
  revenue: number;
}

/** The event `wallet.changed` on `user`. */
export interface WalletChange {
  account: 'spendable' | 'revenue';
  balance: number;
}

/** Newer servers may know more. */
export type TransferKind = 'credit' | 'debit' | 'gift' | 'refund' | 'redeem' | 'payment' | 'payout';

/** What moved on an account. */
export interface StatementLine {
  /** Of the transfer. */
  id: string;
  kind: TransferKind;
  /** Whole coins; below 0 what left the account. */
  amount: number;
  /** After it. */
  balance: number;
  /** ms since the epoch. */
  at: number;
  /** Such as the note of whoever gave the coins. */
  details: Record<string, unknown>;
}

export interface StatementQuery {
  /** `spendable` where left out. */
  account?: 'spendable' | 'revenue';
  /** ms since the epoch. */
  from?: number;
  /** ms since the epoch, itself left out. */
  to?: number;
  kind?: TransferKind;
}

export interface StatementPage {
  lines: StatementLine[];
  /** Over all pages. */
  total: number;
}

/** Coins that can be bought. */
export interface CoinPackage {
  id: string;
  coins: number;
  /** In the smallest unit of the currency, such as cents. */
  price: number;
  currency: string;
}

export interface CoinOrder {
  id: string;
  provider: string;
  packageId: string;
  coins: number;
  price: number;
  currency: string;
  status: 'created' | 'paid' | 'refunded';
  /** ms since the epoch. */
  createdAt: number;
}

export interface CreatedCoinOrder extends CoinOrder {
  payment: {
    /** Where it is paid. */
    url?: string;
    /** For the provider's own program. */
    params: Record<string, string>;
  };
}

/** Codes that were made together. */
export interface CodeBatch {
  batchId: string;
  /** Whole coins of each. */
  amount: number;
  count: number;
  redeemed: number;
  /** Good, or expired and not taken back. */
  open: number;
  createdAt: number;
  expiresAt: number | null;
}

/** Whether the books of coins are right. */
export interface BooksReport {
  transfers: number;
  entries: number;
  accounts: number;
  /** Empty when they are; the first 1000. `subject` is a transfer, an account, an entry or an order. */
  differences: { problem: string; subject: string; expected: string; found: string }[];
}

/** What an operation left on the account. */
export interface MovedCoins {
  /** Of the transfer. */
  id: string;
  balance: number;
}

/**
 * Whoever does not know whether a call arrived makes it again with the same `key` (8 to 100 letters, digits, - and _):
 * it is carried out once. Without a key every call is one of its own.
 */
export interface MoneyOptions {
  key?: string;
}

/** Coins. */
export class WalletApi {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  balance({ signal }: { signal?: AbortSignal } = {}): Promise<Wallet> {
    return this.#caller.json('/api/wallet', { signal });
  }

  /** The newest first. */
  statement(query: StatementQuery & PageQuery = {}): Promise<StatementPage> {
    return this.#page('/api/wallet/statement', query);
  }

  /** All of it as CSV, for a spreadsheet. */
  async statementCsv(query: StatementQuery = {}): Promise<string> {
    const response = await this.#caller.send('/api/wallet/statement.csv', { query: { ...query }, accept: 'text/csv' });
    return response.text();
  }

  /** Refused with `redeem_code_invalid`, `redeem_code_used`, `redeem_code_expired` or `redeem_throttled`. */
  redeem(code: string, options?: MoneyOptions): Promise<MovedCoins & { amount: number }> {
    return this.#move('/api/wallet/redeem', { code }, options);
  }

  /** What coins cost, and how they can be paid: in no way where there are no providers. */
  packages(): Promise<{ providers: string[]; packages: CoinPackage[] }> {
    return this.#caller.json('/api/payments/packages');
  }

  /** One's own orders, the newest first. */
  orders(): Promise<CoinOrder[]> {
    return this.#caller.json('/api/payments');
  }

  /** The coins come when the provider says that they are paid: `wallet.changed` on `user`. */
  order(input: { packageId: string; provider?: string }, options?: MoneyOptions): Promise<CreatedCoinOrder> {
    return this.#move('/api/payments', input, options);
  }

  /** What somebody has; for administrators, as everything below. */
  of(userId: string): Promise<Wallet> {
    return this.#caller.json(adminPath(userId));
  }

  statementOf(userId: string, query: StatementQuery & PageQuery = {}): Promise<StatementPage> {
    return this.#page(`${adminPath(userId)}/statement`, query);
  }

  credit(userId: string, input: { amount: number; note?: string }, options?: MoneyOptions): Promise<MovedCoins> {
    return this.#move(`${adminPath(userId)}/credit`, input, options);
  }

  /** Takes back coins that are not spent. */
  debit(userId: string, input: { amount: number; note?: string }, options?: MoneyOptions): Promise<MovedCoins> {
    return this.#move(`${adminPath(userId)}/debit`, input, options);
  }

  /** Writes down that a streamer was paid; `reference` is by what the payment is found at the bank. */
  payOut(userId: string, input: { amount: number; reference: string }, options?: MoneyOptions): Promise<MovedCoins> {
    return this.#move(`${adminPath(userId)}/payout`, input, options);
  }

  /** The newest batches first. */
  codes(): Promise<CodeBatch[]> {
    return this.#caller.json('/api/admin/codes');
  }

  /** The codes are shown this once: the same key again is refused with `codes_shown`. */
  makeCodes(
    input: { amount: number; count: number; expiresAt?: number },
    options?: MoneyOptions,
  ): Promise<{ batchId: string; codes: string[] }> {
    return this.#move('/api/admin/codes', input, options);
  }

  /** Takes back the codes that nobody redeemed. */
  revokeCodes(batchId: string): Promise<{ revoked: number }> {
    return this.#caller.json(`/api/admin/codes/${encodeURIComponent(batchId)}`, { method: 'DELETE' });
  }

  /** Proves all of the books. */
  verifyBooks(): Promise<BooksReport> {
    return this.#caller.json('/api/admin/ledger/verify');
  }

  #move<Answer>(path: string, body: object, { key = newKey() }: MoneyOptions = {}): Promise<Answer> {
    return this.#caller.json(path, { method: 'POST', body, idempotencyKey: key });
  }

  async #page(path: string, query: StatementQuery & PageQuery): Promise<StatementPage> {
    const response = await this.#caller.send(path, { query: { ...query } });
    const lines = await readJson<StatementLine[]>(response);
    return { lines, total: Number(response.headers.get('x-total-count') ?? lines.length) };
  }
}

function adminPath(userId: string): string {
  return `/api/admin/wallets/${encodeURIComponent(userId)}`;
}
