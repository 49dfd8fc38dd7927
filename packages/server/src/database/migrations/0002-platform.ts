import { SqliteAdapter, type ColumnDefinitionBuilder, type Kysely } from 'kysely';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();

/** Accounts, memberships, the outbox and the audit trail. */
export async function up(database: Kysely<unknown>): Promise<void> {
  const { schema } = database;
  await schema
    .alterTable('rooms')
    .addColumn('mode', 'text', (column) => column.notNull().defaultTo('media'))
    .execute();
  await addTitleKey(database);
  await schema.createIndex('rooms_by_user').on('rooms').columns(['user_id', 'created_at']).execute();
  await schema.createIndex('rooms_by_category').on('rooms').columns(['category', 'created_at']).execute();
  await createAccounts(database);
  await createFollows(database);
  await createSecrets(database);
  await createRoomMembers(database);
  await createLogs(database);
}

/** SQLite's `lower` knows ASCII only, so titles are kept as they are compared, too. */
async function addTitleKey(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .alterTable('rooms')
    .addColumn('title_key', 'text', (column) => column.notNull().defaultTo(''))
    .execute();
  const rooms = database.withTables<{ rooms: { id: string; title: string; title_key: string } }>();
  for (const { id, title } of await rooms.selectFrom('rooms').select(['id', 'title']).execute()) {
    const titleKey = title.normalize('NFKC').toLowerCase();
    await rooms.updateTable('rooms').set({ title_key: titleKey }).where('id', '=', id).execute();
  }
}

async function createAccounts({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('users')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('username', 'text', required)
    .addColumn('username_key', 'text', (column) => column.notNull().unique())
    .addColumn('password_hash', 'text', required)
    .addColumn('role', 'text', required)
    .addColumn('email', 'text')
    .addColumn('email_key', 'text', (column) => column.unique())
    .addColumn('name', 'text', required)
    .addColumn('bio', 'text', required)
    .addColumn('avatar', 'text')
    .addColumn('play_id', 'text', (column) => column.notNull().unique())
    .addColumn('stream_secret', 'text', required)
    .addColumn('banned_at', 'bigint')
    .addColumn('banned_until', 'bigint')
    .addColumn('ban_reason', 'text')
    .addColumn('created_at', 'bigint', required)
    .addColumn('updated_at', 'bigint', required)
    .addColumn('last_login_at', 'bigint')
    .execute();
  await schema
    .createTable('sessions')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('user_id', 'text', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('refresh_hash', 'text', (column) => column.notNull().unique())
    .addColumn('previous_hash', 'text')
    .addColumn('rotated_at', 'bigint', required)
    .addColumn('created_at', 'bigint', required)
    .addColumn('expires_at', 'bigint', required)
    .addColumn('revoked_at', 'bigint')
    .addColumn('user_agent', 'text', required)
    .addColumn('address', 'text', required)
    .execute();
  await schema.createIndex('sessions_by_user').on('sessions').column('user_id').execute();
  await schema.createIndex('sessions_by_previous').on('sessions').column('previous_hash').execute();
  await schema
    .createTable('api_keys')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('user_id', 'text', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('name', 'text', required)
    .addColumn('key_hash', 'text', (column) => column.notNull().unique())
    .addColumn('scopes', 'text', required)
    .addColumn('created_at', 'bigint', required)
    .addColumn('expires_at', 'bigint')
    .addColumn('last_used_at', 'bigint')
    .execute();
  await schema.createIndex('api_keys_by_user').on('api_keys').column('user_id').execute();
  await schema
    .createTable('password_resets')
    .addColumn('token_hash', 'text', (column) => column.primaryKey())
    .addColumn('user_id', 'text', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('created_at', 'bigint', required)
    .addColumn('expires_at', 'bigint', required)
    .execute();
}

async function createFollows({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('follows')
    .addColumn('follower_id', 'text', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('user_id', 'text', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('created_at', 'bigint', required)
    .addPrimaryKeyConstraint('follows_pair', ['follower_id', 'user_id'])
    .execute();
  await schema.createIndex('follows_by_user').on('follows').columns(['user_id', 'created_at']).execute();
  await schema.createIndex('follows_by_follower').on('follows').columns(['follower_id', 'created_at']).execute();
}

async function createSecrets({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('secrets')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('purpose', 'text', required)
    .addColumn('value', 'text', required)
    .addColumn('created_at', 'bigint', required)
    .addColumn('retired_at', 'bigint')
    .execute();
}

async function createRoomMembers({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('room_members')
    .addColumn('room_id', 'text', (column) => column.notNull().references('rooms.id').onDelete('cascade'))
    .addColumn('person', 'text', required)
    .addColumn('kind', 'text', required)
    .addColumn('reason', 'text')
    .addColumn('created_by', 'text')
    .addColumn('created_at', 'bigint', required)
    .addColumn('expires_at', 'bigint')
    .addPrimaryKeyConstraint('room_members_row', ['room_id', 'person', 'kind'])
    .execute();
  await schema.createIndex('room_members_by_person').on('room_members').columns(['person', 'kind']).execute();
}

async function createLogs(database: Kysely<unknown>): Promise<void> {
  const { schema } = database;
  // SQLite numbers rows by itself; with AUTOINCREMENT it never gives a number twice, as PostgreSQL's identity.
  const isSqlite = database.getExecutor().adapter instanceof SqliteAdapter;
  const seq = isSqlite
    ? (column: ColumnDefinitionBuilder) => column.primaryKey().autoIncrement()
    : (column: ColumnDefinitionBuilder) => column.primaryKey().generatedAlwaysAsIdentity();
  const seqType = isSqlite ? 'integer' : 'bigint';
  await schema
    .createTable('outbox')
    .addColumn('seq', seqType, seq)
    .addColumn('id', 'text', required)
    .addColumn('channel', 'text', required)
    .addColumn('event', 'text', required)
    .addColumn('data', 'text', required)
    .addColumn('created_at', 'bigint', required)
    .execute();
  await schema
    .createTable('outbox_rejected')
    .addColumn('seq', 'bigint', (column) => column.primaryKey())
    .addColumn('id', 'text', required)
    .addColumn('channel', 'text', required)
    .addColumn('event', 'text', required)
    .addColumn('data', 'text', required)
    .addColumn('created_at', 'bigint', required)
    .addColumn('reason', 'text', required)
    .addColumn('rejected_at', 'bigint', required)
    .execute();
  await schema
    .createTable('audit_log')
    .addColumn('seq', seqType, seq)
    .addColumn('at', 'bigint', required)
    .addColumn('actor', 'text', required)
    .addColumn('action', 'text', required)
    .addColumn('subject', 'text', required)
    .addColumn('details', 'text', required)
    .addColumn('address', 'text')
    .execute();
  await schema.createIndex('audit_log_by_subject').on('audit_log').columns(['subject', 'seq']).execute();
  await schema.createIndex('audit_log_by_actor').on('audit_log').columns(['actor', 'seq']).execute();
  await schema.createIndex('audit_log_by_time').on('audit_log').column('at').execute();
}
