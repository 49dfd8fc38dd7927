import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../app/config.ts';
import { describeKeys } from '../app/config-help.ts';
import { OperatorError } from '../app/operator-error.ts';
import { parseInput, type Command } from './command.ts';
import { COMMANDS } from './commands.ts';
import { start } from './start.ts';

const USAGE_WIDTH = 15;

/** The command line. The operator's mistakes are printed line by line and end with 1, without a stack trace. */
export async function main(args: readonly string[]): Promise<void> {
  try {
    process.exitCode = await run(args);
  } catch (error) {
    if (error instanceof ConfigError) for (const problem of error.problems) console.error(problem);
    else if (error instanceof OperatorError) console.error(`kaibo: ${error.message}`);
    else throw error;
    process.exit(1);
  }
}

async function run(args: readonly string[]): Promise<number> {
  const version = readVersion();
  if (args.includes('--version')) {
    console.log(version);
    return 0;
  }
  const { command, rest } = findCommand(args);
  if (args.includes('--help') || args[0] === 'help') {
    console.log(command === undefined || args[0] === 'help' ? usage() : usageOf(command));
    return 0;
  }
  if (command === undefined) throw new OperatorError(`unknown command "${wordsOf(args).join(' ')}"; see kaibo --help`);
  return command.run(parseInput(command, rest, version));
}

/** By its first one or two words; without a word it is `start`. */
function findCommand(args: readonly string[]): { command?: Command; rest: readonly string[] } {
  const words = wordsOf(args);
  if (words.length === 0) return { command: args.includes('--help') ? undefined : start, rest: args };
  for (const length of [2, 1]) {
    const command = COMMANDS.find(({ name }) => name === words.slice(0, length).join(' '));
    if (command !== undefined) return { command, rest: args.slice(command.name.split(' ').length) };
  }
  return { rest: args };
}

function wordsOf(args: readonly string[]): readonly string[] {
  const firstFlag = args.findIndex((arg) => arg.startsWith('-'));
  return firstFlag < 0 ? args : args.slice(0, firstFlag);
}

function usage(): string {
  const commands = COMMANDS.map(({ name, usage: operands, summary }) => {
    const typed = operands === undefined ? name : `${name} ${operands}`;
    const gap =
      typed.length > USAGE_WIDTH ? `\n${' '.repeat(USAGE_WIDTH + 3)}` : ' '.repeat(USAGE_WIDTH - typed.length + 1);
    return `  ${typed}${gap}${summary}`;
  });
  return `Usage: kaibo <command> [--key=value …]

Commands
${commands.join('\n')}

Options
  --config FILE   read FILE instead of ./kaibo.yaml
  --version       print the version
  --help          print this

Keys (flag over KAIBO_* environment over kaibo.yaml over default)
${describeKeys()}`;
}

function usageOf({ name, usage: operands = '', summary }: Command): string {
  return `Usage: kaibo ${`${name} ${operands}`.trim()} [--key=value …]\n\n${summary}\n\nkaibo --help lists the keys.`;
}

function readVersion(): string {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
    version: string;
  };
  return version;
}
