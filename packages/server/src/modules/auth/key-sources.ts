import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from '../../database/database.ts';
import type { SecretTable } from '../../database/schema.ts';
import { keyIdOf, type KeyPurpose, type SecretKey } from './keyring.ts';

/** Where keys are kept. */
export interface KeySource {
  readonly canRotate: boolean;
  /** All keys; when there is none, the one that `make` makes, kept. */
  load(make: () => SecretKey): Promise<SecretKey[]>;
  /**
   * Adds `key`, marks the one before as retired, and drops those that retired before `forgetBeforeMs`. False when
   * another node was faster.
   */
  add(key: SecretKey, change: { retires: string | undefined; forgetBeforeMs: number }): Promise<boolean>;
}

/** The operator's own secrets, the newest first. */
export function configuredKeys(secrets: readonly string[]): KeySource {
  const keys = secrets.map(
    (secret, index): SecretKey => ({
      id: keyIdOf(secret),
      value: Buffer.from(secret),
      // The order is what counts; they never grow old by themselves.
      createdAtMs: Number.MAX_SAFE_INTEGER - index,
      retiredAtMs: undefined,
    }),
  );
  return { canRotate: false, load: async () => keys, add: async () => false };
}

interface KeptKey {
  id: string;
  value: string;
  createdAtMs: number;
  retiredAtMs?: number;
}

/** A file of one process's dataDir, for the owner's eyes only. */
export function fileKeys(folder: string, name: string): KeySource {
  const file = join(folder, name);
  const read = (): SecretKey[] =>
    existsSync(file)
      ? (JSON.parse(readFileSync(file, 'utf8')) as KeptKey[]).map(({ value, retiredAtMs, ...key }) => ({
          ...key,
          value: Buffer.from(value, 'base64url'),
          retiredAtMs,
        }))
      : [];
  const write = (keys: readonly SecretKey[]): void => {
    const kept = keys.map(({ value, ...key }) => ({ ...key, value: value.toString('base64url') }));
    writeFileSync(`${file}.new`, `${JSON.stringify(kept, undefined, 2)}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  return {
    canRotate: true,
    load: async (make) => {
      const keys = read();
      if (keys.length > 0) return keys;
      const first = [make()];
      write(first);
      return first;
    },
    add: async (key, { retires, forgetBeforeMs }) => {
      const kept = read()
        .map((old) => (old.id === retires ? { ...old, retiredAtMs: key.createdAtMs } : old))
        .filter(({ retiredAtMs }) => retiredAtMs === undefined || retiredAtMs > forgetBeforeMs);
      write([key, ...kept]);
      return true;
    },
  };
}

/** A table that all nodes share. Nodes that make the first key at once agree on the oldest. */
export function tableKeys(database: Database, purpose: KeyPurpose): KeySource {
  const read = async (): Promise<SecretKey[]> => {
    const rows = await database.selectFrom('secrets').selectAll().where('purpose', '=', purpose).execute();
    return rows.map(keyOf);
  };
  return {
    canRotate: true,
    load: async (make) => {
      const keys = await read();
      if (keys.length > 0) return keys;
      // The fixed id of the very first key makes the second of two nodes that begin at once lose, and read the other's.
      const first = { ...rowOf(make(), purpose), id: `${purpose}-first` };
      await database
        .insertInto('secrets')
        .values(first)
        .onConflict((conflict) => conflict.column('id').doNothing())
        .execute();
      return read();
    },
    add: async (key, { retires, forgetBeforeMs }) => {
      return database.transaction().execute(async (transaction) => {
        const inUse = transaction.updateTable('secrets').set({ retired_at: key.createdAtMs });
        const retired = await inUse
          .where('id', '=', retires ?? '')
          .where('retired_at', 'is', null)
          .executeTakeFirst();
        // Another node rotated meanwhile: its key is as new as this one would be.
        if (retires !== undefined && retired.numUpdatedRows === 0n) return false;
        await transaction.insertInto('secrets').values(rowOf(key, purpose)).execute();
        await transaction
          .deleteFrom('secrets')
          .where('purpose', '=', purpose)
          .where('retired_at', '<', forgetBeforeMs)
          .execute();
        return true;
      });
    },
  };
}

function rowOf({ id, value, createdAtMs }: SecretKey, purpose: KeyPurpose): SecretTable {
  return { id, purpose, value: value.toString('base64url'), created_at: createdAtMs, retired_at: null };
}

function keyOf({ id, value, created_at, retired_at }: SecretTable): SecretKey {
  return {
    id,
    value: Buffer.from(value, 'base64url'),
    createdAtMs: created_at,
    retiredAtMs: retired_at ?? undefined,
  };
}
