import { makeDataFolder } from '../app/data-folder.ts';
import { openDatabase } from '../database/database.ts';
import { verifyBooks } from '../modules/wallet/index.ts';
import type { Command } from './command.ts';
import { configOf, databaseOptionsOf, withDatabase } from './site.ts';

/** Proves the books, beside a platform that runs or not. */
export const ledgerVerify: Command = {
  name: 'ledger verify',
  summary: 'prove that the books of coins are right; ends with 1 and the differences when they are not',
  run: async ({ flags }) => {
    const config = await configOf(flags);
    makeDataFolder(config.dataDir);
    // Books of years take longer to read than any request may.
    const options = { ...databaseOptionsOf(config), statementTimeoutMs: 0 };
    const report = await withDatabase(
      () => openDatabase(options),
      ({ database }) => verifyBooks(database),
    );
    const { transfers, entries, accounts, differences } = report;
    for (const { problem, subject, expected, found } of differences)
      console.log(`${problem}: ${subject}: expected ${expected}, found ${found}`);
    const counted = `${transfers} transfers, ${entries} entries, ${accounts} accounts`;
    console.log(`${counted}: ${differences.length === 0 ? 'the books are right' : 'THE BOOKS ARE WRONG'}`);
    return differences.length === 0 ? 0 : 1;
  },
};
