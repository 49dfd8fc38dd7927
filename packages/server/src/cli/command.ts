import { parseArgs, type ParseArgsConfig } from 'node:util';
import { OperatorError } from '../app/operator-error.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

/** One thing that `kaibo` can be told to do. */
export interface Command {
  /** As it is typed: `admin create`. */
  name: string;
  /** What follows it: `FILE`, `--username NAME [--password-stdin]`. */
  usage?: string;
  summary: string;
  /** Its own flags; all others are configuration. */
  options?: Options;
  /** How many words it takes. */
  operands?: number;
  /** Answers the process's exit code. */
  run(input: CommandInput): Promise<number>;
}

export interface CommandInput {
  operands: readonly string[];
  options: Readonly<Record<string, string | boolean | undefined>>;
  /** `--key=value` of the configuration. */
  flags: readonly string[];
  version: string;
}

/** @throws OperatorError for what the command does not take */
export function parseInput(command: Command, args: readonly string[], version: string): CommandInput {
  const { options = {}, operands = 0 } = command;
  const { own, flags } = splitArguments(args, options);
  const parsed = parseOwn(own, options);
  if (parsed.positionals.length !== operands)
    throw new OperatorError(`usage: kaibo ${[command.name, command.usage ?? ''].join(' ').trim()}`);
  return {
    operands: parsed.positionals,
    options: parsed.values as CommandInput['options'],
    flags,
    version,
  };
}

function parseOwn(args: string[], options: Options): ReturnType<typeof parseArgs> {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new OperatorError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** A flag of the configuration takes the next word as its value unless that begins with `--`. */
function splitArguments(args: readonly string[], options: Options): { own: string[]; flags: string[] } {
  const own: string[] = [];
  const flags: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? '';
    const [, name, value] = /^--([^=]+)(=.*)?$/s.exec(arg) ?? [];
    const option = name === undefined ? undefined : options[name];
    const isOwn = name === undefined || option !== undefined;
    const list = isOwn ? own : flags;
    list.push(arg);
    const next = args[index + 1];
    const takesNext = isOwn ? option?.type === 'string' : next?.startsWith('--') === false;
    if (value === undefined && takesNext && next !== undefined) {
      list.push(next);
      index++;
    }
  }
  return { own, flags };
}
