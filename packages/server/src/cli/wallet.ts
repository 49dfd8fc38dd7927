import { randomUUID } from 'node:crypto';
import { OperatorError } from '../app/operator-error.ts';
import { MAX_AMOUNT, moneyKey } from '../modules/wallet/contract.ts';
import type { Command } from './command.ts';
import { inOffice, OPERATOR } from './office.ts';

/** Gives coins, as an administrator would. */
export const walletCredit: Command = {
  name: 'wallet credit',
  usage: 'USERNAME AMOUNT [--note TEXT] [--key KEY]',
  summary: 'give an account coins; with the same --key once, however often it is called',
  operands: 2,
  options: { note: { type: 'string' }, key: { type: 'string' } },
  run: ({ flags, operands: [username = '', coins = ''], options: { note, key = randomUUID() } }) =>
    inOffice(flags, async ({ user, wallets }) => {
      const amount = /^\d{1,13}$/.test(coins) ? Number(coins) : 0;
      if (amount < 1 || amount > MAX_AMOUNT)
        throw new OperatorError(`an amount is whole coins, from 1 to ${MAX_AMOUNT}, not ${coins}`);
      const { balance } = await wallets.adjust({
        ...{ operation: 'credit', userId: (await user(username)).id, amount },
        details: typeof note === 'string' ? { note } : {},
        key: moneyKey('credit', OPERATOR, key),
        actor: OPERATOR,
      });
      console.log(`${username} got ${amount} coins and has ${balance}`);
      return 0;
    }),
};
