import type { Generated } from 'kysely';

/** The tables of migrations/0007-wallet.ts as rows. */
export interface WalletTables {
  ledger_accounts: LedgerAccountTable;
  ledger_transfers: LedgerTransferTable;
  ledger_entries: LedgerEntryTable;
  redeem_codes: RedeemCodeTable;
  payment_orders: PaymentOrderTable;
  payment_events: PaymentEventTable;
}

/** Who has how many coins now. */
export interface LedgerAccountTable {
  /** `user:ID`, `revenue:ID`, `payments:PROVIDER`, or the name of an account of the platform. */
  id: string;
  /** What `id` begins with. */
  kind: string;
  /** Whose it is, of `user:` and `revenue:`. */
  user_id: string | null;
  /** Whole coins; below 0 for the kinds `mint` and `payments` only. */
  balance: number;
  updated_at: number;
}

/** What happened, once for each key. */
export interface LedgerTransferTable {
  id: string;
  kind: string;
  idem_key: string;
  /** SHA-256 in hex of what was asked for by that key. */
  request_hash: string;
  /** `user:ID`, `operator` or `system`. */
  actor: string;
  /** JSON, without secrets; shown to those whose coins moved. */
  details: string;
  created_at: number;
}

/** A line in the book of one account; those of a transfer sum to zero. Never changed, never removed. */
export interface LedgerEntryTable {
  /** Rises within an account in the order of the commits. */
  seq: Generated<number>;
  transfer_id: string;
  account_id: string;
  amount: number;
  balance_after: number;
}

/** A code that is worth coins, once. */
export interface RedeemCodeTable {
  /** SHA-256 in hex. */
  code_hash: string;
  /** Made together. */
  batch_id: string;
  amount: number;
  created_at: number;
  /** null never expires. */
  expires_at: number | null;
  redeemed_by: string | null;
  /** When it was redeemed or taken back; null while it is good. */
  closed_at: number | null;
}

/** Coins that somebody buys from a payment provider. */
export interface PaymentOrderTable {
  id: string;
  user_id: string;
  provider: string;
  idem_key: string;
  package_id: string;
  coins: number;
  /** In the smallest unit of the currency, such as cents. */
  price: number;
  currency: string;
  status: 'created' | 'paid' | 'refunded';
  /** Coins of a refunded order that had been spent before. */
  shortfall: number;
  created_at: number;
  updated_at: number;
}

/** What a provider told, so that each event counts once. */
export interface PaymentEventTable {
  provider: string;
  event_id: string;
  order_id: string;
  type: 'paid' | 'refunded';
  received_at: number;
}
