import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { audit } from '../../database/audit.ts';
import type { Database } from '../../database/database.ts';
import type { Outbox } from '../../database/outbox.ts';
import type { StateCenter } from '../../state/contract.ts';
import type { Authenticator, CallerOf } from '../gateway/contract.ts';
import { AccessTokens } from './access-tokens.ts';
import { addAccountRoutes } from './account-routes.ts';
import { Accounts } from './accounts.ts';
import { addAdminRoutes } from './admin-routes.ts';
import { ApiKeyStore } from './api-key-store.ts';
import { ApiKeys } from './api-keys.ts';
import { TokenAuthenticator } from './authenticator.ts';
import type { AccountHolder } from './contract.ts';
import { configuredKeys, fileKeys, tableKeys } from './key-sources.ts';
import { KeyRing, newKey } from './keyring.ts';
import { Mailer } from './mailer.ts';
import { PasswordProof } from './password-proof.ts';
import { Passwords } from './passwords.ts';
import { Resets } from './resets.ts';
import { addAuthRoutes } from './routes.ts';
import { AuthService } from './service.ts';
import { Sessions } from './sessions.ts';
import { SetupToken } from './setup-token.ts';
import { AccountStore } from './store.ts';
import { Throttle } from './throttle.ts';

const DAY_SECONDS = 86_400;
const SWEEP_EVERY_MS = 3_600_000;
const SETUP_FILE = 'setup-token';

export interface AuthDeps {
  database: Database;
  /** `postgres` shares the keys between nodes. */
  databaseKind: 'sqlite' | 'postgres';
  outbox: Outbox;
  state: StateCenter;
  logger: Logger;
  now: () => number;
  /** dataDir. */
  folder: string;
  publicUrl: string | undefined;
  auth: {
    registration: 'open' | 'closed';
    accessTokenSeconds: number;
    sessionDays: number;
    setupToken?: string;
    tokenKeys?: readonly string[];
  };
  mail: { url?: string; from?: string };
}

/** Accounts: who somebody is, and how they prove it. */
export interface AuthModule {
  authenticator: Authenticator;
  /** For the command line and administrators. */
  accounts: Accounts;
  resets: Resets;
  mailer: Mailer;
  /** What the operator needs for the first account; undefined when there are accounts. */
  setup(): { token: string; file: string } | undefined;
  addRoutes(app: FastifyInstance, callerOf: CallerOf): void;
  /** Modules that keep something of accounts; before the first request. */
  addHolder(holder: AccountHolder): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function createAuthModule(deps: AuthDeps): AuthModule {
  const { database, outbox, state, logger, now, folder, publicUrl, auth } = deps;
  const holders: AccountHolder[] = [];
  const store = new AccountStore(database);
  const apiKeyStore = new ApiKeyStore(database);
  const passwords = new Passwords();
  const keys = keyRingOf(deps);
  const tokens = new AccessTokens({ keys, lifeSeconds: auth.accessTokenSeconds, now });
  const authenticator = new TokenAuthenticator({ store, apiKeys: apiKeyStore, tokens, state, now });
  const onRevoked = authenticator.revoked.bind(authenticator);
  const onChanged = authenticator.forget.bind(authenticator);
  const sessionSeconds = auth.sessionDays * DAY_SECONDS;
  const sessions = new Sessions({ store, outbox, tokens, sessionMs: sessionSeconds * 1000, now, onRevoked, onChanged });
  const setup = { token: SetupToken.none(join(folder, SETUP_FILE)) };
  const setupToken = (): SetupToken => setup.token;
  const throttle = new Throttle(state, now);
  const proof = new PasswordProof(passwords, throttle);
  const accounts = new Accounts({
    store,
    outbox,
    passwords,
    proof,
    throttle,
    sessions,
    setupToken,
    registration: auth.registration,
    holders,
    now,
    onRevoked,
  });
  const service = new AuthService({ store, outbox, passwords, sessions, throttle, proof, now });
  const mailer = new Mailer(deps.mail);
  const resets = new Resets({ store, outbox, service, mailer, state, throttle, publicUrl, logger, now });
  const apiKeys = new ApiKeys({ store: apiKeyStore, outbox, now, onChanged });
  // The database forgets them with the account.
  holders.push({ name: 'apiKeys', exportData: (userId) => apiKeys.list(userId), accountGone: async () => {} });
  let sweeper: NodeJS.Timeout | undefined;
  return {
    authenticator,
    accounts,
    resets,
    mailer,
    setup: () => setup.token.shown,
    addHolder: (holder) => void holders.push(holder),
    addRoutes: (app, callerOf) => {
      addAuthRoutes(app, { service, accounts, sessions, resets, store, callerOf, sessionSeconds });
      addAccountRoutes(app, { accounts, sessions, apiKeys, store, callerOf, now });
      addAdminRoutes(app, { accounts, resets, store, keys, publicUrl, now });
    },
    start: async () => {
      await keys.start((error) => logger.error({ err: error }, 'the token key was not rotated'));
      await authenticator.start();
      await passwords.prepare();
      const file = join(folder, SETUP_FILE);
      if ((await store.countUsers()) === 0)
        setup.token = auth.setupToken === undefined ? SetupToken.make(file) : SetupToken.configured(auth.setupToken);
      const sweep = (): void => {
        store.sweep(now()).catch((error: unknown) => logger.warn({ err: error }, 'ended logins were not swept'));
      };
      sweeper = setInterval(sweep, SWEEP_EVERY_MS).unref();
      sweep();
    },
    stop: async () => {
      clearInterval(sweeper);
      keys.stop();
      await authenticator.stop();
      await resets.stop();
      await mailer.close();
    },
  };
}

function keyRingOf(deps: AuthDeps): KeyRing {
  const { auth, outbox, now } = deps;
  return new KeyRing({
    source: keySourceOf(deps),
    keepRetiredMs: auth.accessTokenSeconds * 1000,
    now,
    onRotated: (actor) =>
      outbox.transact(async ({ transaction }) =>
        audit(transaction, { actor, action: 'token_key.rotated', subject: 'token-keys', atMs: now() }),
      ),
  });
}

function keySourceOf({ auth, database, databaseKind, folder }: AuthDeps): ReturnType<typeof configuredKeys> {
  if (auth.tokenKeys !== undefined) return configuredKeys(auth.tokenKeys);
  return databaseKind === 'postgres' ? tableKeys(database, 'token') : fileKeys(folder, 'token-keys.json');
}

/**
 * The key of play tokens and viewer ids, one for all nodes. `own` is the one that this node signed with before it shared
 * a database, if any: the first to come puts its own there, so that what it signed stays good.
 */
export async function loadSharedKey(
  database: Database,
  { own, now }: { own: Buffer | undefined; now: () => number },
): Promise<Buffer> {
  const [key] = await tableKeys(database, 'sign').load(() => {
    const made = newKey(now());
    return { ...made, value: own ?? made.value };
  });
  if (key === undefined) throw new Error('the shared key was not kept');
  return key.value;
}
