import { pino } from 'pino';
import { expect, test } from 'vitest';
import { onEveryDatabase } from '../../../test/support/databases.ts';
import type { Database } from '../../database/database.ts';
import { Outbox } from '../../database/outbox.ts';
import { LedgerBooks } from './ledger.ts';
import { Payments } from './payments.ts';
import { verifyBooks } from './verify.ts';

/** Somebody got 100 coins and gave 10 of them. Answers the transfers. */
async function keepBooks(database: Database): Promise<{ credit: string; gift: string }> {
  const ledger = new LedgerBooks(database, Date.now);
  const outbox = new Outbox({ database, logger: pino({ level: 'silent' }), now: Date.now });
  const common = { actor: 'operator', details: {} };
  const made = await outbox.transact(async ({ transaction }) => {
    const credit = await ledger.post(transaction, {
      ...{ ...common, kind: 'credit', key: 'credit-1' },
      entries: [
        { account: 'mint', amount: -100 },
        { account: 'user:a', amount: 100 },
      ],
    });
    const gift = await ledger.post(transaction, {
      ...{ ...common, kind: 'gift', key: 'gift-1' },
      entries: [
        { account: 'user:a', amount: -10 },
        { account: 'revenue:b', amount: 5 },
        { account: 'house', amount: 5 },
      ],
    });
    return { credit: credit.id, gift: gift.id };
  });
  await order(database, { id: 'order', transferId: made.gift, coins: 10 });
  return made;
}

/** What `a` gave to `b`. */
async function order(
  database: Database,
  { id, transferId, coins }: { id: string; transferId: string; coins: number },
): Promise<void> {
  await database
    .insertInto('gift_orders')
    .values({
      ...{ id, room_id: 'r', channel_id: 'c', sender_id: 'a', receiver_id: 'b', gift_id: 'rose' },
      ...{ name_zh: '', name_en: '', icon: '', price: 1, effect: 'none', animation: null, count: coins },
      ...{ total: coins, share: 0, combo_id: 'x', combo_count: 1, transfer_id: transferId, idem_key: id, at: 0 },
      ...{ refunded_at: null, refund_transfer_id: null },
    })
    .execute();
}

const problems = async (database: Database): Promise<string[]> =>
  (await verifyBooks(database)).differences.map(({ problem, subject, expected, found }) =>
    [problem, subject, expected, found].join(': '),
  );

onEveryDatabase('the proof of the books', (open) => {
  test('of right ones finds nothing', async () => {
    const database = await open();
    expect(await verifyBooks(database)).toEqual({ transfers: 0, entries: 0, accounts: 0, differences: [] });
    await keepBooks(database);
    expect(await verifyBooks(database)).toEqual({ transfers: 2, entries: 5, accounts: 4, differences: [] });
  });

  test('finds a balance that somebody wrote', async () => {
    const database = await open();
    await keepBooks(database);
    await database.updateTable('ledger_accounts').set({ balance: 91 }).where('id', '=', 'user:a').execute();
    expect(await problems(database)).toEqual(['a balance is not the sum of its entries: user:a: 90: 91']);
  });

  test('finds an entry that was changed', async () => {
    const database = await open();
    const { gift } = await keepBooks(database);
    await database
      .updateTable('ledger_entries')
      .set({ amount: -9 })
      .where('transfer_id', '=', gift)
      .where('account_id', '=', 'user:a')
      .execute();
    expect(await problems(database)).toEqual(
      expect.arrayContaining([
        `the entries of a transfer do not sum to zero: ${gift}: 0: 1`,
        'a balance is not the sum of its entries: user:a: 91: 90',
        expect.stringMatching(/^the balance after an entry is not what the entries up to it sum to: \d+: 91: 90$/),
      ]),
    );
  });

  test('finds a transfer without entries, and a gift that nobody paid', async () => {
    const database = await open();
    const { gift } = await keepBooks(database);
    await database.deleteFrom('ledger_entries').where('transfer_id', '=', gift).execute();
    await order(database, { id: 'unpaid', transferId: 'none', coins: 1 });
    const found = await problems(database);
    expect(found).toContain(`a transfer has no entries: ${gift}: at least 2: 0`);
    expect(found).toContain('a gift was not paid: unpaid: none: none');
  });

  test('finds gifts that differ from their coins', async () => {
    const database = await open();
    const { credit, gift } = await keepBooks(database);
    const change = (changes: object) => database.updateTable('gift_orders').set(changes).execute();
    await change({ total: 11 });
    expect(await problems(database)).toEqual(['a gift is not what its sender paid: order: 11: 10']);
    await change({ total: 10, refunded_at: 1 });
    expect(await problems(database)).toEqual(['a gift was given back without its coins: order: 10: 0']);
    await change({ refund_transfer_id: credit });
    expect(await problems(database)).toEqual(['a gift was given back without its coins: order: 10: 100']);
    await database.deleteFrom('gift_orders').execute();
    expect(await problems(database)).toEqual([`a gift was paid and not given: ${gift}: an order: none`]);
  });

  test('finds a payment whose coins never came', async () => {
    const database = await open();
    const payments = new Payments({
      ...{ database, ledger: new LedgerBooks(database, Date.now), now: Date.now },
      ...{ outbox: new Outbox({ database, logger: pino({ level: 'silent' }), now: Date.now }) },
      logger: pino({ level: 'silent' }),
      packages: [{ id: 'small', coins: 60, price: 600, currency: 'CNY' }],
      providers: [{ name: 'bank', create: async () => ({ params: {} }), verify: () => undefined }],
    });
    const { id } = await payments.order('a', { packageId: 'small' }, 'a-key-of-an-order');
    expect(await problems(database)).toEqual([]);
    await database.updateTable('payment_orders').set({ status: 'paid' }).where('id', '=', id).execute();
    expect(await problems(database)).toEqual([`a payment was not credited: ${id}: payment:${id}: none`]);
  });

  test('finds codes that are worth nothing', async () => {
    const database = await open();
    await database
      .insertInto('redeem_codes')
      .values({
        code_hash: 'h',
        batch_id: 'b',
        amount: 5,
        created_at: 0,
        expires_at: null,
        redeemed_by: null,
        closed_at: null,
      })
      .execute();
    expect(await problems(database)).toEqual(['the coins of open codes are not on promo: promo: 5: 0']);
  });
});
