import { expect, test } from 'vitest';
import { onDatabase } from './support/databases.ts';
import { kaibo, kaiboHere } from './support/kaibo.ts';
import { userRow } from './support/user-rows.ts';

onDatabase('sqlite', 'coins from the command line', (_open, databases) => {
  test('are given once for each key, and the books are proven', async () => {
    const options = await databases.options();
    const { database } = await databases.handle(options);
    await database.insertInto('users').values(userRow('alice')).execute();
    const flags = [`--dataDir=${options.folder}`];
    const words = (...args: string[]) => ['wallet', 'credit', ...args, ...flags];
    const verify = () => kaiboHere(['ledger', 'verify', ...flags]);
    const given = { code: 0, output: 'alice got 100 coins and has 100\n' };
    const twice = ['alice', '100', '--key=a-key-of-mine', '--note=welcome'];
    // By two processes at the same time.
    expect(await Promise.all([kaibo(words(...twice)), kaibo(words(...twice))])).toEqual([given, given]);
    for (const amount of ['1.5', '0', '1e3', '2000000000000'])
      expect(await kaiboHere(words('alice', amount)), amount).toMatchObject({
        code: 1,
        output: expect.stringContaining('whole coins'),
      });
    expect(await verify()).toEqual({ code: 0, output: '1 transfers, 2 entries, 2 accounts: the books are right\n' });

    await database.updateTable('ledger_accounts').set({ balance: 1000 }).where('kind', '=', 'user').execute();
    const { code, output } = await verify();
    expect(code).toBe(1);
    expect(output).toMatch(/^a balance is not the sum of its entries: user:\S+: expected 100, found 1000$/m);
    expect(output).toContain('THE BOOKS ARE WRONG');
  }, 120_000);
});
