import { pino } from 'pino';
import { expect, test } from 'vitest';
import { onDatabase, onEveryDatabase } from '../../../test/support/databases.ts';
import type { Database } from '../../database/database.ts';
import { Outbox } from '../../database/outbox.ts';
import { inMoneyTransaction, type LedgerAccount, type NewTransfer, type PostedTransfer } from './contract.ts';
import { LedgerBooks } from './ledger.ts';

interface Books {
  ledger: LedgerBooks;
  outbox: Outbox;
  post(transfer: NewTransfer): Promise<PostedTransfer>;
}

function booksOf(database: Database): Books {
  const ledger = new LedgerBooks(database, Date.now);
  const outbox = new Outbox({ database, logger: pino({ level: 'silent' }), now: Date.now });
  return {
    ledger,
    outbox,
    post: (transfer) => inMoneyTransaction(outbox, ({ transaction }) => ledger.post(transaction, transfer)),
  };
}

const credit = (userId: string, amount: number, key: string): NewTransfer => ({
  ...{ kind: 'credit', key, actor: 'operator', details: {} },
  entries: [
    { account: 'mint', amount: -amount },
    { account: `user:${userId}`, amount },
  ],
});

const gift = (amount: number, key: string): NewTransfer => ({
  ...{ kind: 'gift', key, actor: 'user:a', details: {} },
  entries: [
    { account: 'user:a', amount: -amount },
    { account: 'revenue:b', amount: Math.floor(amount / 2) },
    { account: 'house', amount: amount - Math.floor(amount / 2) },
  ],
});

onEveryDatabase('the ledger', (open) => {
  test('coins go from account to account, with the balance after each', async () => {
    const database = await open();
    const { ledger, post } = booksOf(database);
    await post(credit('a', 100, 'credit-1'));
    const { id, isRepeated } = await post(gift(31, 'gift-1'));
    expect(isRepeated).toBe(false);
    expect(await ledger.balanceOf('user:a')).toBe(69);
    expect(await ledger.balanceOf('revenue:b')).toBe(15);
    expect(await ledger.balanceOf('house')).toBe(16);
    expect(await ledger.balanceOf('mint')).toBe(-100);
    expect(await ledger.balanceOf('user:nobody')).toBe(0);
    const entries = await database
      .selectFrom('ledger_entries')
      .select(['account_id', 'amount', 'balance_after'])
      .where('transfer_id', '=', id)
      .orderBy('account_id')
      .execute();
    expect(entries).toEqual([
      { account_id: 'house', amount: 16, balance_after: 16 },
      { account_id: 'revenue:b', amount: 15, balance_after: 15 },
      { account_id: 'user:a', amount: -31, balance_after: 69 },
    ]);
  });

  test('what is not there cannot be spent, and leaves nothing behind, not even its key', async () => {
    const database = await open();
    const { ledger, post } = booksOf(database);
    await expect(post(gift(1, 'gift-1'))).rejects.toMatchObject({ code: 'insufficient_balance' });
    await post(credit('a', 10, 'credit-1'));
    await expect(post(gift(11, 'gift-1'))).rejects.toMatchObject({ code: 'insufficient_balance' });
    expect(await ledger.balanceOf('user:a')).toBe(10);
    expect(await ledger.balanceOf('revenue:b')).toBe(0);
    expect(await post(gift(10, 'gift-1'))).toMatchObject({ isRepeated: false });
    expect(await ledger.balanceOf('user:a')).toBe(0);
  });

  test('a key is one transfer, whoever comes at the same time', async () => {
    const database = await open();
    const { ledger, post } = booksOf(database);
    const posted = await Promise.all(Array.from({ length: 20 }, () => post(credit('a', 7, 'credit-1'))));
    expect(new Set(posted.map(({ id }) => id)).size).toBe(1);
    expect(posted.filter(({ isRepeated }) => !isRepeated)).toHaveLength(1);
    expect(await ledger.balanceOf('user:a')).toBe(7);
    await expect(post(credit('a', 8, 'credit-1'))).rejects.toMatchObject({ code: 'idempotency_key_reused' });
    // What was asked for decides, where a price may have changed since.
    const request = { giftId: 'rose' };
    const first = await post({ ...gift(5, 'gift-1'), request });
    expect(await post({ ...gift(6, 'gift-1'), request })).toMatchObject({ id: first.id, isRepeated: true });
    expect((await post({ ...gift(5, 'gift-1'), request })).balances.get('user:a')).toBe(2);
  });

  test('entries are whole coins that sum to zero, and a balance stays an exact number', async () => {
    const { ledger, post } = booksOf(await open());
    const odd = (amounts: number[]): NewTransfer => ({
      ...{ kind: 'credit', key: 'odd', actor: 'operator', details: {} },
      entries: amounts.map((amount, n) => ({ account: `user:${n}`, amount })),
    });
    for (const amounts of [[1], [0, 0], [1, -2], [0.5, -0.5], [Number.NaN, 1], [1e13, -1e13], []])
      await expect(post(odd(amounts))).rejects.toThrow(RangeError);
    await post(credit('a', 1e12, 'large'));
    expect(await ledger.balanceOf('user:a')).toBe(1e12);
  });
});

onDatabase('postgres', 'transfers that meet', (open) => {
  test('of two that wait for each other one is tried again, and both are done', async () => {
    const database = await open();
    const { ledger, outbox, post } = booksOf(database);
    await post(credit('a', 10, 'credit-a'));
    await post(credit('b', 10, 'credit-b'));
    const bothHoldOne = Promise.withResolvers<void>();
    let holding = 0;
    let attempts = 0;
    const crossing = (first: LedgerAccount, second: LedgerAccount): Promise<void> =>
      inMoneyTransaction(outbox, async ({ transaction }) => {
        attempts++;
        await ledger.lockBalance(transaction, first);
        if (++holding === 2) bothHoldOne.resolve();
        await bothHoldOne.promise;
        await ledger.lockBalance(transaction, second);
      });
    await Promise.all([crossing('user:a', 'user:b'), crossing('user:b', 'user:a')]);
    expect(attempts).toBe(3);
  });

  test('but not for ever', async () => {
    const { outbox } = booksOf(await open());
    let attempts = 0;
    const work = async (): Promise<void> => {
      attempts++;
      throw Object.assign(new Error('could not serialize access'), { code: '40001' });
    };
    await expect(inMoneyTransaction(outbox, work)).rejects.toThrow('serialize');
    expect(attempts).toBe(8);
  });
});
