import { adminCommands } from './admin.ts';
import { backupCommands } from './backup.ts';
import type { Command } from './command.ts';
import { configCheck } from './config.ts';
import { doctor } from './doctor.ts';
import { ledgerVerify } from './ledger.ts';
import { migrateCommand } from './migrate.ts';
import { nodeCommands } from './node.ts';
import { rankCommands } from './rank.ts';
import { recordingCommands } from './recording.ts';
import { roomCommands } from './room.ts';
import { srsConfig } from './srs.ts';
import { start } from './start.ts';
import { userCommands } from './user.ts';
import { webhookCommands } from './webhook.ts';
import { wordCommands } from './word.ts';
import { walletCredit } from './wallet.ts';

/** Everything `kaibo` can be told to do, in the order of its help. */
export const COMMANDS: readonly Command[] = [
  start,
  configCheck,
  doctor,
  migrateCommand,
  ...backupCommands,
  ...adminCommands,
  ...userCommands,
  ...roomCommands,
  ...recordingCommands,
  ...wordCommands,
  ...webhookCommands,
  walletCredit,
  ledgerVerify,
  ...rankCommands,
  ...nodeCommands,
  srsConfig,
];
