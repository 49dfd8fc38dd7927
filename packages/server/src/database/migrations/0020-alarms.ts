import { sql, type ColumnDefinitionBuilder, type Kysely } from 'kysely';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();
const id = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.primaryKey().notNull();

/** What was wrong with the platform from when to when, who took it on, and what nobody wants to hear of for a time. */
export async function up(database: Kysely<unknown>): Promise<void> {
  const { schema } = database;
  await schema
    .createTable('alarms')
    .addColumn('id', 'text', id)
    .addColumn('place', 'text', required)
    .addColumn('key', 'text', required)
    .addColumn('kind', 'text', required)
    .addColumn('subject', 'text')
    .addColumn('node', 'text')
    .addColumn('node_name', 'text')
    .addColumn('level', 'text', required)
    .addColumn('since', 'bigint', required)
    .addColumn('fired_at', 'bigint', required)
    .addColumn('cleared_at', 'bigint')
    .addColumn('told_at', 'bigint')
    .addColumn('acked_at', 'bigint')
    .addColumn('acked_by', 'text')
    .addColumn('ack_note', 'text')
    .addColumn('data', 'text', required)
    .execute();
  // Of one thing there is one alarm at a time, whoever looks at it.
  await schema
    .createIndex('alarms_open')
    .unique()
    .on('alarms')
    .columns(['place', 'key'])
    .where(sql.ref('cleared_at'), 'is', null)
    .execute();
  await schema.createIndex('alarms_by_time').on('alarms').columns(['fired_at', 'id']).execute();
  await schema.createIndex('alarms_by_end').on('alarms').column('cleared_at').execute();
  await schema
    .createTable('alarm_silences')
    .addColumn('id', 'text', id)
    .addColumn('kind', 'text', required)
    .addColumn('subject', 'text', required)
    .addColumn('node', 'text', required)
    .addColumn('starts_at', 'bigint', required)
    .addColumn('ends_at', 'bigint', required)
    .addColumn('reason', 'text', required)
    .addColumn('created_by', 'text', required)
    .addColumn('created_at', 'bigint', required)
    .execute();
  await schema.createIndex('alarm_silences_by_end').on('alarm_silences').column('ends_at').execute();
}
