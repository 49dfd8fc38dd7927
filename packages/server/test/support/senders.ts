// A hundred people who give away more than they have, a hundred times each, some of it twice at the same moment.
import type { Database } from '../../src/database/database.ts';
import { Outbox } from '../../src/database/outbox.ts';
import { AppError } from '../../src/modules/gateway/contract.ts';
import { inMoneyTransaction, type NewTransfer } from '../../src/modules/wallet/contract.ts';
import { LedgerBooks } from '../../src/modules/wallet/ledger.ts';
import { pino } from 'pino';

const SENDERS = 100;
const RECEIVERS = 7;
const LARGEST = 19;
/** Transfers under way at one time in a process. */
const LANES = 20;
const TWICE_EVERY = 8;

/** One transfer that somebody tries. */
export interface Attempt {
  key: string;
  sender: string;
  amount: number;
}

/** What all of them try, `each` times. */
export function attemptsOf(each: number): Attempt[] {
  return Array.from({ length: SENDERS * each }, (_, at) => {
    const [sender, n] = [at % SENDERS, Math.floor(at / SENDERS)];
    return { key: `gift:${sender}:${n}`, sender: `s${sender}`, amount: 1 + ((sender * 31 + n * 17) % LARGEST) };
  });
}

const giftOf = ({ key, sender, amount }: Attempt, at: number): NewTransfer => ({
  // Not `gift`: there is no order that it pays.
  ...{ kind: 'debit', key, actor: `user:${sender}`, details: {} },
  entries: [
    { account: `user:${sender}`, amount: -amount },
    { account: `revenue:r${at % RECEIVERS}`, amount: Math.floor(amount / 2) },
    { account: 'house', amount: amount - Math.floor(amount / 2) },
  ],
});

interface Desk {
  post(transfer: NewTransfer): Promise<void>;
}

function deskOf(database: Database): Desk {
  const ledger = new LedgerBooks(database, Date.now);
  const outbox = new Outbox({ database, logger: pino({ level: 'silent' }), now: Date.now });
  return {
    post: async (transfer) => {
      await inMoneyTransaction(outbox, ({ transaction }) => ledger.post(transaction, transfer));
    },
  };
}

/** Gives everybody about half of what they try to give. */
export async function fillWallets(database: Database, each: number): Promise<void> {
  const coins = (each * LARGEST) / 4;
  const { post } = deskOf(database);
  for (let n = 0; n < SENDERS; n++)
    await post({
      ...{ kind: 'credit', key: `credit:${n}`, actor: 'operator', details: {} },
      entries: [
        { account: 'mint', amount: -Math.floor(coins) },
        { account: `user:s${n}`, amount: Math.floor(coins) },
      ],
    });
}

/** Which of the attempts a node tries, from where in the list on. */
export interface Part {
  each: number;
  from: number;
  /** Two nodes that try these both try half of them, at the same time, and each a quarter that is its own. */
  share: 'all' | 'first' | 'second';
}

const LEFT_OUT = { all: -1, first: 1, second: 3 };

/** Tries them all; `done` hears what has been committed. */
export async function giveAll(
  database: Database,
  { each, from, share, done }: Part & { done: (key: string) => void },
): Promise<void> {
  const { post } = deskOf(database);
  const attempts = attemptsOf(each);
  let next = 0;
  const attempt = async (at: number): Promise<void> => {
    const tried = attempts[at];
    if (tried === undefined) return;
    try {
      await post(giftOf(tried, at));
      done(tried.key);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'insufficient_balance') throw error;
    }
  };
  const lane = async (): Promise<void> => {
    while (next < attempts.length) {
      const at = (from + next++) % attempts.length;
      if (at % 4 === LEFT_OUT[share]) continue;
      await Promise.all(at % TWICE_EVERY === 0 ? [attempt(at), attempt(at)] : [attempt(at)]);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}
