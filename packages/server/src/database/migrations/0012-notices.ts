import { SqliteAdapter, sql, type ColumnDefinitionBuilder, type Kysely } from 'kysely';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();

/** What people are told, their browsers that take pushes, and webhooks with what is to be delivered. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await createNotices(database);
  await createPush(database);
  await createWebhooks(database);
}

/** SQLite numbers rows by itself; with AUTOINCREMENT it never gives a number twice, as PostgreSQL's identity. */
function seqOf(database: Kysely<unknown>) {
  const isSqlite = database.getExecutor().adapter instanceof SqliteAdapter;
  return {
    type: isSqlite ? ('integer' as const) : ('bigint' as const),
    build: (column: ColumnDefinitionBuilder) =>
      isSqlite ? column.primaryKey().autoIncrement() : column.primaryKey().generatedAlwaysAsIdentity(),
  };
}

async function createNotices(database: Kysely<unknown>): Promise<void> {
  const { schema } = database;
  await schema
    .createTable('notices')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('user_id', 'text', required)
    .addColumn('kind', 'text', required)
    .addColumn('data', 'text', required)
    .addColumn('group_key', 'text')
    .addColumn('created_at', 'bigint', required)
    .addColumn('read_at', 'bigint')
    .execute();
  await schema.createIndex('notices_by_user').on('notices').columns(['user_id', 'created_at', 'id']).execute();
  await schema.createIndex('notices_by_time').on('notices').column('created_at').execute();
  await sql`create index notices_unread on notices (user_id) where read_at is null`.execute(database);
  await sql`create unique index notices_group on notices (user_id, group_key)
    where read_at is null and group_key is not null`.execute(database);
  await schema
    .createTable('notice_preferences')
    .addColumn('user_id', 'text', required)
    .addColumn('kind', 'text', required)
    .addColumn('in_app', 'integer', required)
    .addColumn('push', 'integer', required)
    .addPrimaryKeyConstraint('notice_preferences_row', ['user_id', 'kind'])
    .execute();
  await schema
    .createTable('notice_fanouts')
    .addColumn('room_id', 'text', (column) => column.primaryKey())
    .addColumn('user_id', 'text', required)
    .addColumn('title', 'text', required)
    .addColumn('created_at', 'bigint', required)
    .addColumn('cursor_at', 'bigint', required)
    .addColumn('cursor_id', 'text', required)
    .addColumn('told', 'bigint', required)
    .addColumn('done_at', 'bigint')
    .execute();
  await sql`create index notice_fanouts_open on notice_fanouts (created_at) where done_at is null`.execute(database);
}

async function createPush(database: Kysely<unknown>): Promise<void> {
  const { schema } = database;
  const seq = seqOf(database);
  await schema
    .createTable('push_subscriptions')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('user_id', 'text', required)
    .addColumn('endpoint', 'text', required)
    .addColumn('endpoint_hash', 'text', (column) => column.notNull().unique())
    .addColumn('p256dh', 'text', required)
    .addColumn('auth', 'text', required)
    .addColumn('user_agent', 'text', required)
    .addColumn('created_at', 'bigint', required)
    .execute();
  await schema.createIndex('push_subscriptions_by_user').on('push_subscriptions').column('user_id').execute();
  await schema
    .createTable('push_queue')
    .addColumn('seq', seq.type, seq.build)
    .addColumn('subscription_id', 'text', required)
    .addColumn('notice_id', 'text', required)
    .addColumn('attempts', 'integer', required)
    .addColumn('next_at', 'bigint', required)
    .execute();
  await schema.createIndex('push_queue_by_time').on('push_queue').columns(['next_at', 'seq']).execute();
  await schema.createIndex('push_queue_by_subscription').on('push_queue').column('subscription_id').execute();
}

async function createWebhooks(database: Kysely<unknown>): Promise<void> {
  const { schema } = database;
  const seq = seqOf(database);
  await schema
    .createTable('webhooks')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('owner', 'text', required)
    .addColumn('url', 'text', required)
    .addColumn('secret', 'text', required)
    .addColumn('events', 'text', required)
    .addColumn('enabled', 'integer', required)
    .addColumn('failing_since', 'bigint')
    .addColumn('given_up_at', 'bigint')
    .addColumn('created_at', 'bigint', required)
    .addColumn('updated_at', 'bigint', required)
    .execute();
  await schema.createIndex('webhooks_by_owner').on('webhooks').columns(['owner', 'created_at']).execute();
  await schema
    .createTable('webhook_deliveries')
    .addColumn('seq', seq.type, seq.build)
    .addColumn('id', 'text', (column) => column.notNull().unique())
    .addColumn('webhook_id', 'text', required)
    .addColumn('order_key', 'text', required)
    .addColumn('event', 'text', required)
    .addColumn('body', 'text', required)
    .addColumn('state', 'text', required)
    .addColumn('attempts', 'integer', required)
    .addColumn('next_at', 'bigint', required)
    .addColumn('deadline_at', 'bigint', required)
    .addColumn('last_error', 'text')
    .addColumn('created_at', 'bigint', required)
    .addColumn('done_at', 'bigint')
    .execute();
  await schema
    .createIndex('webhook_deliveries_by_hook')
    .on('webhook_deliveries')
    .columns(['webhook_id', 'seq'])
    .execute();
  await sql`create index webhook_deliveries_pending on webhook_deliveries (webhook_id, seq)
    where state = 'pending'`.execute(database);
  await schema
    .createIndex('webhook_deliveries_by_end')
    .on('webhook_deliveries')
    .columns(['state', 'done_at'])
    .execute();
}
