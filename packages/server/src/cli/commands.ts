import type { Command } from './command.ts';

type Load = () => Promise<readonly Command[]>;

/**
 * Everything `kaibo` can be told to do, by its first word, in the order of its help. What is not asked for is not loaded:
 * most commands need no rooms and no books, and somebody waits at the terminal.
 */
const FILES: ReadonlyMap<string, Load> = new Map<string, Load>([
  ['start', async () => [(await import('./start.ts')).start]],
  ['config', async () => [(await import('./config.ts')).configCheck]],
  ['doctor', async () => [(await import('./doctor.ts')).doctor]],
  ['migrate', async () => [(await import('./migrate.ts')).migrateCommand]],
  ['backup', async () => (await import('./backup.ts')).backupCommands],
  ['admin', async () => (await import('./admin.ts')).adminCommands],
  ['user', async () => (await import('./user.ts')).userCommands],
  ['room', async () => (await import('./room.ts')).roomCommands],
  ['recording', async () => (await import('./recording.ts')).recordingCommands],
  ['word', async () => (await import('./word.ts')).wordCommands],
  ['webhook', async () => (await import('./webhook.ts')).webhookCommands],
  ['wallet', async () => [(await import('./wallet.ts')).walletCredit]],
  ['ledger', async () => [(await import('./ledger.ts')).ledgerVerify]],
  ['rank', async () => (await import('./rank.ts')).rankCommands],
  ['node', async () => (await import('./node.ts')).nodeCommands],
  ['srs', async () => [(await import('./srs.ts')).srsConfig]],
]);

/** By its first one or two words. */
export async function findCommand(words: readonly string[]): Promise<Command | undefined> {
  const commands = (await FILES.get(words[0] ?? '')?.()) ?? [];
  for (const length of [2, 1]) {
    const command = commands.find(({ name }) => name === words.slice(0, length).join(' '));
    if (command !== undefined) return command;
  }
  return undefined;
}

export async function allCommands(): Promise<readonly Command[]> {
  return (await Promise.all([...FILES.values()].map((load) => load()))).flat();
}
