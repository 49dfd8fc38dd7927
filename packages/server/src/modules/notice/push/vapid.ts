import { createECDH } from 'node:crypto';
import type { Database } from '../../../database/database.ts';

/** By which push services know that a push is ours (RFC 8292); base64url. */
export interface VapidKeys {
  publicKey: string;
  privateKey: string;
}

const ID = 'vapid-first';

/** The platform's keys, made at the first start; nodes that make them at once agree on one. */
export async function loadVapidKeys(database: Database, now: () => number): Promise<VapidKeys> {
  const known = await read(database);
  if (known !== undefined) return keysOf(known);
  const curve = createECDH('prime256v1');
  curve.generateKeys();
  const value = padded(curve.getPrivateKey()).toString('base64url');
  await database
    .insertInto('secrets')
    .values({ id: ID, purpose: 'vapid', value, created_at: now(), retired_at: null })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
  return keysOf((await read(database)) ?? value);
}

async function read(database: Database): Promise<string | undefined> {
  const row = await database.selectFrom('secrets').select('value').where('id', '=', ID).executeTakeFirst();
  return row?.value;
}

function keysOf(privateKey: string): VapidKeys {
  const curve = createECDH('prime256v1');
  curve.setPrivateKey(Buffer.from(privateKey, 'base64url'));
  return { privateKey, publicKey: curve.getPublicKey().toString('base64url') };
}

/** A number that happens to be small is given with fewer than its 32 bytes. */
function padded(key: Buffer): Buffer {
  return Buffer.concat([Buffer.alloc(32 - key.length), key]);
}
