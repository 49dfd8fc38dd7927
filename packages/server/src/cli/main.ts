import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OperatorError } from '../app/operator-error.ts';
import { parseInput, type Command } from './command.ts';
import { allCommands, findCommand } from './commands.ts';

const USAGE_WIDTH = 15;

/** The command line. The operator's mistakes are printed line by line and end with 1, without a stack trace. */
export async function main(args: readonly string[]): Promise<void> {
  try {
    process.exitCode = await run(args);
  } catch (error) {
    if (error instanceof OperatorError) console.error(`kaibo: ${error.message}`);
    else {
      const { ConfigError } = await import('../app/config.ts');
      if (!(error instanceof ConfigError)) throw error;
      for (const problem of error.problems) console.error(problem);
    }
    process.exit(1);
  }
}

async function run(args: readonly string[]): Promise<number> {
  const version = readVersion();
  if (args.includes('--version')) {
    console.log(version);
    return 0;
  }
  const isHelp = args.includes('--help') || args[0] === 'help';
  const words = wordsOf(args);
  // Without a word it is `start`.
  const command = await findCommand(words.length === 0 && !isHelp ? ['start'] : words);
  if (isHelp) {
    console.log(command === undefined ? await usage() : usageOf(command));
    return 0;
  }
  if (command === undefined) throw new OperatorError(`unknown command "${words.join(' ')}"; see kaibo --help`);
  const rest = words.length === 0 ? args : args.slice(command.name.split(' ').length);
  return command.run(parseInput(command, rest, version));
}

function wordsOf(args: readonly string[]): readonly string[] {
  const firstFlag = args.findIndex((arg) => arg.startsWith('-'));
  return firstFlag < 0 ? args : args.slice(0, firstFlag);
}

async function usage(): Promise<string> {
  const { describeKeys } = await import('../app/config-help.ts');
  const commands = (await allCommands()).map(({ name, usage: operands, summary }) => {
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
