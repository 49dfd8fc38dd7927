import { sql } from 'kysely';
import type { Database } from '../../database/database.ts';

/** Something in the books that cannot be. */
export interface Difference {
  problem: string;
  /** Of a transfer, an account, an entry or an order. */
  subject: string;
  expected: string;
  found: string;
}

/** More of them tell nothing more. */
const LISTED = 1000;

export interface BooksReport {
  transfers: number;
  entries: number;
  accounts: number;
  /** The first LISTED. */
  differences: Difference[];
}

/** What the books say of themselves. */
const OF_ENTRIES = sql`
  select 'the entries of a transfer do not sum to zero' as problem, transfer_id as subject,
      '0' as expected, cast(sum(amount) as text) as found
    from ledger_entries group by transfer_id having sum(amount) <> 0
  union all
  select 'a transfer has no entries', ledger_transfers.id, 'at least 2', '0'
    from ledger_transfers left join ledger_entries on ledger_entries.transfer_id = ledger_transfers.id
    where ledger_entries.seq is null
  union all
  select 'an entry belongs to no transfer', cast(ledger_entries.seq as text), ledger_entries.transfer_id, 'none'
    from ledger_entries left join ledger_transfers on ledger_transfers.id = ledger_entries.transfer_id
    where ledger_transfers.id is null
  union all
  select 'an entry belongs to no account', cast(ledger_entries.seq as text), ledger_entries.account_id, 'none'
    from ledger_entries left join ledger_accounts on ledger_accounts.id = ledger_entries.account_id
    where ledger_accounts.id is null
  union all
  select 'a balance is not the sum of its entries', ledger_accounts.id,
      cast(coalesce(sums.total, 0) as text), cast(ledger_accounts.balance as text)
    from ledger_accounts
    left join (select account_id, sum(amount) as total from ledger_entries group by account_id) as sums
      on sums.account_id = ledger_accounts.id
    where ledger_accounts.balance <> coalesce(sums.total, 0)
  union all
  select 'a balance is below zero', id, 'at least 0', cast(balance as text)
    from ledger_accounts where balance < 0 and kind not in ('mint', 'payments')
  union all
  select 'an account was below zero', account_id, 'at least 0', cast(min(balance_after) as text)
    from ledger_entries where balance_after < 0 and account_id <> 'mint' and account_id not like 'payments:%'
    group by account_id
  union all
  select 'the balance after an entry is not what the entries up to it sum to', cast(seq as text),
      cast(running as text), cast(balance_after as text)
    from (
      select seq, balance_after, sum(amount) over (partition by account_id order by seq) as running
        from ledger_entries
    ) as chain
    where running <> balance_after`;

/** What was paid by them, and what stands there for it. */
const OF_ORDERS = sql`
  select 'a gift was not paid', gift_orders.id, gift_orders.transfer_id, 'none'
    from gift_orders left join ledger_transfers on ledger_transfers.id = gift_orders.transfer_id
    where ledger_transfers.id is null
  union all
  select 'a gift is not what its sender paid', gift_orders.id,
      cast(gift_orders.total as text), cast(-paid.amount as text)
    from gift_orders join ledger_entries as paid
      on paid.transfer_id = gift_orders.transfer_id and paid.account_id = 'user:' || gift_orders.sender_id
    where -paid.amount <> gift_orders.total
  union all
  select 'a gift was paid and not given', ledger_transfers.id, 'an order', 'none'
    from ledger_transfers left join gift_orders on gift_orders.transfer_id = ledger_transfers.id
    where ledger_transfers.kind = 'gift' and gift_orders.id is null
  union all
  select 'a gift was given back without its coins', gift_orders.id,
      cast(gift_orders.total as text), cast(coalesce(returned.amount, 0) as text)
    from gift_orders left join ledger_entries as returned
      on returned.transfer_id = gift_orders.refund_transfer_id
      and returned.account_id = 'user:' || gift_orders.sender_id
    where gift_orders.refunded_at is not null and coalesce(returned.amount, 0) <> gift_orders.total
  union all
  select 'a payment was not credited', payment_orders.id, 'payment:' || payment_orders.id, 'none'
    from payment_orders left join ledger_transfers on ledger_transfers.idem_key = 'payment:' || payment_orders.id
    where payment_orders.status = 'paid' and ledger_transfers.id is null
  union all
  select 'the coins of open codes are not on promo', 'promo', cast(codes.total as text), cast(account.total as text)
    from (select coalesce(sum(amount), 0) as total from redeem_codes where closed_at is null) as codes
    cross join (select coalesce(sum(balance), 0) as total from ledger_accounts where id = 'promo') as account
    where codes.total <> account.total`;

/**
 * Reads all of the books in one statement, which sees one moment of them, and holds up nobody who writes meanwhile.
 * Every number is worked out from the entries alone, and compared with what stands elsewhere.
 */
export async function verifyBooks(database: Database): Promise<BooksReport> {
  const { rows } = await sql<Difference>`
    select problem, subject, cast(expected as text) as expected, cast(found as text) as found
    from (${OF_ENTRIES} union all ${OF_ORDERS}) as differences limit ${LISTED}`.execute(database);
  return { ...(await countsOf(database)), differences: rows };
}

async function countsOf(database: Database): Promise<Omit<BooksReport, 'differences'>> {
  const counted = async (table: 'ledger_transfers' | 'ledger_entries' | 'ledger_accounts'): Promise<number> => {
    const query = database.selectFrom(table).select(({ fn }) => fn.countAll<number>().as('count'));
    return (await query.executeTakeFirstOrThrow()).count;
  };
  return {
    transfers: await counted('ledger_transfers'),
    entries: await counted('ledger_entries'),
    accounts: await counted('ledger_accounts'),
  };
}
