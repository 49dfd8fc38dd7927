import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { openDatabase } from '../src/database/database.ts';
import type { NewRecordingRow } from '../src/modules/recording/store.ts';
import { tempFolder } from './harness.ts';
import { kaibo } from './support/kaibo.ts';

const ID = '0f8fad5b-d9cb-469f-a165-70867728950e';
const MADE_AT = Date.UTC(2026, 0, 2, 3, 4);

test('recordings are shown and deleted from the command line, whether a platform runs or not', async () => {
  const folder = join(tempFolder(), 'data');
  const flags = [`--dataDir=${folder}`];
  expect((await kaibo(['recording', 'list', ...flags])).output).toBe('');
  const logger = pino({ level: 'silent' });
  const handle = await openDatabase({ folder, poolSize: 1, statementTimeoutMs: 1000, logger });
  const row: NewRecordingRow = {
    ...{ id: ID, room_id: 'room', play_id: 'stream', user_id: null, title: '回放', state: 'ready', published: 1 },
    ...{
      folder_id: null,
      poster: null,
      started_at: MADE_AT,
      ended_at: null,
      duration_ms: 61_000,
      size_bytes: 2_500_000,
    },
    updated_at: MADE_AT,
  };
  await handle.database.insertInto('recordings').values(row).execute();
  expect((await kaibo(['recording', 'list', ...flags])).output).toBe(
    `${ID}  ready       published  2026-01-02 03:04      61 s       2.5 MB  -  回放\n`,
  );
  expect(await kaibo(['recording', 'delete', ID, ...flags])).toEqual({ code: 0, output: `${ID} is deleted\n` });
  expect((await kaibo(['recording', 'delete', ID, ...flags])).code).not.toBe(0);
  const { state } = await handle.database.selectFrom('recordings').select('state').executeTakeFirstOrThrow();
  expect(state).toBe('deleted');
  const { actor } = await handle.database.selectFrom('audit_log').select('actor').executeTakeFirstOrThrow();
  expect(actor).toBe('operator');
  await handle.close();
});
