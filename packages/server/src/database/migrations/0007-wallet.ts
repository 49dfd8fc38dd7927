import { sql, SqliteAdapter, type ColumnDefinitionBuilder, type Kysely } from 'kysely';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();
const key = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.primaryKey();

/** The books, codes that are worth coins, and orders of coins at payment providers. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await createBooks(database);
  await createCodes(database);
  await createPayments(database);
}

async function createBooks(database: Kysely<unknown>): Promise<void> {
  const { schema } = database;
  await schema
    .createTable('ledger_accounts')
    .addColumn('id', 'text', key)
    .addColumn('kind', 'text', required)
    .addColumn('user_id', 'text')
    .addColumn('balance', 'bigint', required)
    .addColumn('updated_at', 'bigint', required)
    // What the code takes care of, once more: nobody can spend what is not there.
    .addCheckConstraint('ledger_accounts_not_negative', sql`balance >= 0 or kind in ('mint', 'payments')`)
    .execute();
  await schema
    .createTable('ledger_transfers')
    .addColumn('id', 'text', key)
    .addColumn('kind', 'text', required)
    .addColumn('idem_key', 'text', (column) => column.notNull().unique())
    .addColumn('request_hash', 'text', required)
    .addColumn('actor', 'text', required)
    .addColumn('details', 'text', required)
    .addColumn('created_at', 'bigint', required)
    .execute();
  // As of the outbox: numbers rise, and none is given twice.
  const isSqlite = database.getExecutor().adapter instanceof SqliteAdapter;
  const seq = isSqlite
    ? (column: ColumnDefinitionBuilder) => column.primaryKey().autoIncrement()
    : (column: ColumnDefinitionBuilder) => column.primaryKey().generatedAlwaysAsIdentity();
  await schema
    .createTable('ledger_entries')
    .addColumn('seq', isSqlite ? 'integer' : 'bigint', seq)
    .addColumn('transfer_id', 'text', (column) => column.notNull().references('ledger_transfers.id'))
    .addColumn('account_id', 'text', (column) => column.notNull().references('ledger_accounts.id'))
    .addColumn('amount', 'bigint', required)
    .addColumn('balance_after', 'bigint', required)
    .execute();
  await schema.createIndex('ledger_entries_by_account').on('ledger_entries').columns(['account_id', 'seq']).execute();
  await schema.createIndex('ledger_entries_by_transfer').on('ledger_entries').column('transfer_id').execute();
}

async function createCodes({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('redeem_codes')
    .addColumn('code_hash', 'text', key)
    .addColumn('batch_id', 'text', required)
    .addColumn('amount', 'bigint', required)
    .addColumn('created_at', 'bigint', required)
    .addColumn('expires_at', 'bigint')
    .addColumn('redeemed_by', 'text')
    .addColumn('closed_at', 'bigint')
    .execute();
  await schema.createIndex('redeem_codes_by_batch').on('redeem_codes').column('batch_id').execute();
}

async function createPayments({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('payment_orders')
    .addColumn('id', 'text', key)
    .addColumn('user_id', 'text', required)
    .addColumn('provider', 'text', required)
    .addColumn('idem_key', 'text', (column) => column.notNull().unique())
    .addColumn('package_id', 'text', required)
    .addColumn('coins', 'bigint', required)
    .addColumn('price', 'bigint', required)
    .addColumn('currency', 'text', required)
    .addColumn('status', 'text', required)
    .addColumn('shortfall', 'bigint', required)
    .addColumn('created_at', 'bigint', required)
    .addColumn('updated_at', 'bigint', required)
    .execute();
  await schema.createIndex('payment_orders_by_user').on('payment_orders').columns(['user_id', 'created_at']).execute();
  await schema
    .createTable('payment_events')
    .addColumn('provider', 'text', required)
    .addColumn('event_id', 'text', required)
    .addColumn('order_id', 'text', required)
    .addColumn('type', 'text', required)
    .addColumn('received_at', 'bigint', required)
    .addPrimaryKeyConstraint('payment_events_key', ['provider', 'event_id'])
    .execute();
}
