import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { audit } from '../../database/audit.ts';
import type { Database, Transaction } from '../../database/database.ts';
import type { Outbox } from '../../database/outbox.ts';
import type { StateCenter } from '../../state/contract.ts';
import { AppError } from '../gateway/contract.ts';
import { inMoneyTransaction, moneyKey, walletEvents, type Ledger, type PostedTransfer } from './contract.ts';
import type { Batch, NewCodes, Redeemed } from './schemas.ts';

/** Crockford's base 32: no letter that is read as a digit. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** Of 5 bits each: 80 bits, which nobody guesses, so that a plain hash keeps them. */
const CODE_LETTERS = 16;
const GROUP = /.{4}(?=.)/g;
const INSERTED_AT_ONCE = 100;
const LISTED = 200;
/** Wrong codes that cost nothing but an answer, and how long they count. */
const WRONG_BY_USER = 10;
const WRONG_BY_ADDRESS = 50;
const WRONG_MEMORY_MS = 10 * 60_000;

export interface CodesDeps {
  database: Database;
  ledger: Ledger;
  outbox: Outbox;
  state: StateCenter;
  now: () => number;
}

interface Asker {
  userId: string;
  address: string;
  /** As it was sent. */
  idempotencyKey: unknown;
}

/** Codes worth coins, each once. Their coins lie on `promo` from the day they are made. */
export class RedeemCodes {
  readonly #deps: CodesDeps;

  constructor(deps: CodesDeps) {
    this.#deps = deps;
  }

  /**
   * Answers the codes, of which only hashes are kept.
   * @throws AppError codes_shown when that had been answered before
   */
  async make({ amount, count, expiresAt }: NewCodes, asker: Asker): Promise<{ batchId: string; codes: string[] }> {
    const { ledger, outbox, now } = this.#deps;
    const actor = `user:${asker.userId}`;
    const key = moneyKey('codes', actor, asker.idempotencyKey);
    const codes = Array.from({ length: count }, newCode);
    const atMs = now();
    const batchId = await inMoneyTransaction(outbox, async ({ transaction }) => {
      const { id, isRepeated } = await ledger.post(transaction, {
        ...{ kind: 'credit', key, actor, details: { codes: count, amount } },
        entries: [
          { account: 'mint', amount: -amount * count },
          { account: 'promo', amount: amount * count },
        ],
        request: { amount, count, expiresAt },
      });
      if (isRepeated) throw new AppError('codes_shown', { batch: id });
      const rows = codes.map((code) => ({
        ...{ code_hash: hashOf(code), batch_id: id, amount, created_at: atMs },
        ...{ expires_at: expiresAt ?? null, redeemed_by: null, closed_at: null },
      }));
      for (let at = 0; at < rows.length; at += INSERTED_AT_ONCE)
        await transaction
          .insertInto('redeem_codes')
          .values(rows.slice(at, at + INSERTED_AT_ONCE))
          .execute();
      await audit(transaction, {
        ...{ actor, address: asker.address, action: 'codes.made', subject: `codes:${id}`, atMs },
        details: { amount, count, expiresAt },
      });
      return id;
    });
    return { batchId, codes };
  }

  /** The newest first. */
  async batches(): Promise<Batch[]> {
    const rows = await this.#deps.database
      .selectFrom('redeem_codes')
      .select(['batch_id', 'amount', 'expires_at'])
      .select(({ fn }) => [
        fn.min('created_at').as('created_at'),
        fn.countAll<number>().as('count'),
        fn.count<number>('redeemed_by').as('redeemed'),
        fn.count<number>('closed_at').as('closed'),
      ])
      .groupBy(['batch_id', 'amount', 'expires_at'])
      .orderBy('created_at', 'desc')
      .orderBy('batch_id')
      .limit(LISTED)
      .execute();
    return rows.map(({ batch_id: batchId, amount, count, redeemed, closed, ...times }) => ({
      ...{ batchId, amount, count, redeemed, open: count - closed },
      ...{ createdAt: times.created_at, expiresAt: times.expires_at },
    }));
  }

  /** Takes back the codes that nobody redeemed; answers how many there were. */
  async revoke(batchId: string, { userId, address }: Omit<Asker, 'idempotencyKey'>): Promise<number> {
    const { ledger, outbox, now } = this.#deps;
    const actor = `user:${userId}`;
    return inMoneyTransaction(outbox, async ({ transaction }) => {
      const closed = await transaction
        .updateTable('redeem_codes')
        .set({ closed_at: now() })
        .where('batch_id', '=', batchId)
        .where('closed_at', 'is', null)
        .returning('amount')
        .execute();
      const worth = closed.reduce((sum, { amount }) => sum + amount, 0);
      if (worth === 0) return 0;
      await ledger.post(transaction, {
        ...{ kind: 'debit', key: `codes-revoked:${batchId}:${randomUUID()}`, actor, details: { batch: batchId } },
        entries: [
          { account: 'promo', amount: -worth },
          { account: 'mint', amount: worth },
        ],
      });
      await audit(transaction, {
        ...{ actor, address, action: 'codes.revoked', subject: `codes:${batchId}`, atMs: now() },
        details: { count: closed.length, coins: worth },
      });
      return closed.length;
    });
  }

  /** @throws AppError redeem_code_invalid, redeem_code_used, redeem_code_expired, redeem_throttled */
  async redeem(code: string, { userId, address, idempotencyKey }: Asker): Promise<Redeemed> {
    const { ledger, outbox } = this.#deps;
    const actor = `user:${userId}`;
    const key = moneyKey('redeem', actor, idempotencyKey);
    await this.#assertMayTry(userId, address);
    const hash = hashOf(code);
    const redeemed = await inMoneyTransaction(outbox, async ({ transaction, emit }) => {
      const row = await transaction
        .selectFrom('redeem_codes')
        .select(['amount', 'batch_id'])
        .where('code_hash', '=', hash)
        .executeTakeFirst();
      if (row === undefined) return undefined;
      const { amount, batch_id: batch } = row;
      const answer = ({ id, balances }: PostedTransfer): Redeemed => ({
        id,
        amount,
        balance: balances.get(`user:${userId}`) ?? 0,
      });
      if (!(await this.#close(transaction, hash, userId))) {
        const before = await ledger.findPosted(transaction, key, { hash });
        if (before === undefined) throw await whyClosed(transaction, hash);
        return answer(before);
      }
      const posted = await ledger.post(transaction, {
        ...{ kind: 'redeem', key, actor, details: { batch }, request: { hash } },
        entries: [
          { account: 'promo', amount: -amount },
          { account: `user:${userId}`, amount },
        ],
      });
      await emit(...walletEvents(posted));
      return answer(posted);
    });
    if (redeemed !== undefined) return redeemed;
    await this.#countWrong(userId, address);
    throw new AppError('redeem_code_invalid');
  }

  /** Whether it was good until now. */
  async #close(transaction: Transaction, hash: string, userId: string): Promise<boolean> {
    const now = this.#deps.now();
    const closed = await transaction
      .updateTable('redeem_codes')
      .set({ redeemed_by: userId, closed_at: now })
      .where('code_hash', '=', hash)
      .where('closed_at', 'is', null)
      .where((builder) => builder.or([builder('expires_at', 'is', null), builder('expires_at', '>', now)]))
      .returning('code_hash')
      .executeTakeFirst();
    return closed !== undefined;
  }

  async #assertMayTry(userId: string, address: string): Promise<void> {
    const [byUser, byAddress] = await this.#wrong(0, userId, address);
    if (byUser >= WRONG_BY_USER || byAddress >= WRONG_BY_ADDRESS) throw new AppError('redeem_throttled');
  }

  async #countWrong(userId: string, address: string): Promise<void> {
    await this.#wrong(1, userId, address);
  }

  #wrong(by: 0 | 1, userId: string, address: string): Promise<[number, number]> {
    const { state } = this.#deps;
    return Promise.all([
      state.count(`redeem:user:${userId}`, by, WRONG_MEMORY_MS),
      state.count(`redeem:address:${address}`, by, WRONG_MEMORY_MS),
    ]);
  }
}

async function whyClosed(transaction: Transaction, hash: string): Promise<AppError> {
  const { closed_at: closedAt } = await transaction
    .selectFrom('redeem_codes')
    .select('closed_at')
    .where('code_hash', '=', hash)
    .executeTakeFirstOrThrow();
  return new AppError(closedAt === null ? 'redeem_code_expired' : 'redeem_code_used');
}

function newCode(): string {
  return [...randomBytes(CODE_LETTERS)]
    .map((byte) => ALPHABET[byte % ALPHABET.length] ?? '')
    .join('')
    .replace(GROUP, '$&-');
}

/** As it is typed: in any case, with or without dashes, O for 0 and I or L for 1. */
function hashOf(code: string): string {
  const letters = code
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[\s\-‐-―]/g, '')
    .replaceAll('O', '0')
    .replace(/[IL]/g, '1');
  return createHash('sha256').update(letters).digest('hex');
}
