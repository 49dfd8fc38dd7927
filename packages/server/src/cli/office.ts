import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { pino } from 'pino';
import type { Config } from '../app/config.ts';
import { makeDataFolder } from '../app/data-folder.ts';
import { OperatorError } from '../app/operator-error.ts';
import { openDatabase, type Database } from '../database/database.ts';
import { Outbox } from '../database/outbox.ts';
import { createAuthModule, type AuthModule } from '../modules/auth/index.ts';
import { AppError } from '../modules/gateway/contract.ts';
import { createLiveModule, type LiveModule } from '../modules/live/index.ts';
import { removeRecording } from '../modules/recording/index.ts';
import type { UserDirectory, UserFacts } from '../modules/user/contract.ts';
import { createEventTap } from '../modules/notice/index.ts';
import { createUserDirectory } from '../modules/user/index.ts';
import { createWalletService, type WalletService } from '../modules/wallet/index.ts';
import { MemoryStateCenter } from '../state/memory.ts';
import { absentEngine } from './absent-engine.ts';
import { configOf, databaseOptionsOf, withDatabase } from './site.ts';

/** Who the audit trail names. */
export const OPERATOR = 'operator';

/** The platform's rules, without its servers. */
export interface Office {
  config: Config;
  database: Database;
  users: UserDirectory;
  /** @throws OperatorError */
  user(username: string): Promise<UserFacts>;
  auth: Pick<AuthModule, 'accounts' | 'resets'>;
  live: Pick<LiveModule, 'endRoom'>;
  recordings: { remove(id: string): Promise<void> };
  wallets: Pick<WalletService, 'adjust'>;
}

/**
 * Works with the platform's own rules in a second process, beside a platform that runs or not: changes are committed
 * with their audit and their events, and the outbox of the platform that runs announces these within a second, so that
 * its nodes cut sockets and end streams as if they had been asked themselves.
 * @throws OperatorError for what is refused
 */
export async function inOffice<Result>(
  flags: readonly string[],
  work: (office: Office) => Promise<Result>,
): Promise<Result> {
  const config = await configOf(flags);
  makeDataFolder(config.dataDir);
  const options = databaseOptionsOf(config);
  return withDatabase(
    () => openDatabase(options),
    async ({ database, kind }) => {
      const state = new MemoryStateCenter();
      try {
        return await work(assemble({ config, database, databaseKind: kind, state }));
      } catch (error) {
        if (error instanceof AppError) throw new OperatorError(error.words('en'), { cause: error });
        throw error;
      } finally {
        await state.close();
      }
    },
  );
}

function assemble({
  config,
  database,
  databaseKind,
  state,
}: {
  config: Config;
  database: Database;
  databaseKind: 'sqlite' | 'postgres';
  state: MemoryStateCenter;
}): Office {
  const shared = { database, state, now: Date.now, logger: pino({ level: 'silent' }) };
  const outbox = new Outbox({ database, now: Date.now, logger: shared.logger });
  outbox.tap(createEventTap(shared));
  const users = createUserDirectory(database, Date.now);
  const live = createLiveModule({
    ...shared,
    outbox,
    users,
    engine: absentEngine,
    // Nothing is signed here.
    signingKey: randomBytes(32),
    access: config.access,
    openRoomsPerUser: config.limits.openRoomsPerUser,
    recording: config.recording.default,
    graceMs: config.media.graceMs,
    // Nobody chooses one here.
    pictures: () => ({ adopt: () => Promise.reject(new AppError('unknown_picture')) }),
  });
  const auth = createAuthModule({
    ...shared,
    ...{ outbox, databaseKind, folder: resolve(config.dataDir), publicUrl: config.publicUrl },
    auth: config.auth,
    mail: config.mail,
  });
  auth.addHolder(live.accountHolder);
  const user = async (username: string): Promise<UserFacts> => {
    const found = await users.findByUsername(username);
    if (found === undefined) throw new OperatorError(`there is no user ${username}; see kaibo user list`);
    return found;
  };
  const recordings = {
    remove: (id: string) => removeRecording({ database, outbox, now: Date.now }, id, OPERATOR),
  };
  const wallets = createWalletService({ database, outbox, users, now: Date.now });
  return { config, database, users, user, auth, live, recordings, wallets };
}
