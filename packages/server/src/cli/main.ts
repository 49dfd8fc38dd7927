import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, loadConfig } from '../app/config.ts';
import { describeKeys } from '../app/config-help.ts';
import { OperatorError } from '../app/operator-error.ts';
import { runServer } from '../app/run.ts';

const USAGE = `Usage: kaibo <command> [--key=value …]

Commands
  start           run the platform and the media server (the default)
  config check    check kaibo.yaml, the environment and the flags, and say what is wrong

Options
  --config FILE   read FILE instead of ./kaibo.yaml
  --version       print the version
  --help          print this

Keys (flag over KAIBO_* environment over kaibo.yaml over default)
`;

/** The command line. The operator's mistakes are printed line by line and end with 1, without a stack trace. */
export async function main(args: readonly string[]): Promise<void> {
  try {
    await run(args);
  } catch (error) {
    if (error instanceof ConfigError) for (const problem of error.problems) console.error(problem);
    else if (error instanceof OperatorError) console.error(`kaibo: ${error.message}`);
    else throw error;
    process.exit(1);
  }
}

async function run(args: readonly string[]): Promise<void> {
  const version = readVersion();
  if (args.includes('--version')) return console.log(version);
  if (args.includes('--help') || args[0] === 'help') return console.log(`${USAGE}${describeKeys()}`);
  const firstFlag = args.findIndex((arg) => arg.startsWith('-'));
  const command = (firstFlag < 0 ? args : args.slice(0, firstFlag)).join(' ');
  const flags = firstFlag < 0 ? [] : args.slice(firstFlag);
  switch (command) {
    case '':
    case 'start':
      return runServer({ flags, version });
    case 'config check': {
      const { file, warnings } = await loadConfig({ flags, env: process.env });
      for (const warning of warnings) console.error(warning);
      return console.log(`${file ?? 'no kaibo.yaml, defaults'}: fine`);
    }
    default:
      throw new OperatorError(`unknown command "${command}"; see kaibo --help`);
  }
}

function readVersion(): string {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
    version: string;
  };
  return version;
}
