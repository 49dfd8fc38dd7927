import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { z } from 'zod';
import { CONFIG_KEYS } from './config-keys.ts';
import { configSchema, type Config } from './config-schema.ts';
import { secretProblem } from './config-secret.ts';
import type { ConfigOrigin } from './config-settings.ts';
import { readEnvironment, readFlags, type Setting, type SourceResult } from './config-sources.ts';

export type { Config } from './config-schema.ts';

const DEFAULT_FILE = 'kaibo.yaml';

/** The operator's settings are wrong; `problems` holds one line for each, all of them at once. */
export class ConfigError extends Error {
  readonly code = 'config_invalid';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

export interface ConfigSources {
  /** Arguments of the form `--key=value`, `--config` included. */
  flags?: readonly string[];
  env?: NodeJS.ProcessEnv;
  /** Folder in which `kaibo.yaml` is looked for. */
  cwd?: string;
}

export interface LoadedConfig {
  config: Config;
  /** The file that was read, if any. */
  file?: string;
  /** Which source gave a key its value; those that are not in it have their default. */
  origins: ReadonlyMap<string, ConfigOrigin>;
  warnings: string[];
}

/**
 * Flag over environment over kaibo.yaml over default.
 * @throws ConfigError naming every problem of every source.
 */
export async function loadConfig({ flags = [], env = {}, cwd = process.cwd() }: ConfigSources): Promise<LoadedConfig> {
  const { file, rest, missing } = takeConfigFlag(flags, env);
  if (missing) throw new ConfigError(['--config: expected a file']);
  const yaml = await readFile(file, cwd);
  const sources = [
    { ...yaml.result, origin: 'file' },
    { ...readEnvironment(env), origin: 'environment' },
    { ...readFlags(rest), origin: 'flag' },
  ] as const;
  const settings = new Map<string, Setting>();
  const origins = new Map<string, ConfigOrigin>();
  for (const source of sources)
    for (const setting of source.settings) {
      settings.set(setting.path, setting);
      origins.set(setting.path, source.origin);
    }
  const problems = sources.flatMap((source) => source.errors);
  const checked = configSchema.safeParse(nest(settings));
  if (!checked.success) problems.push(...checked.error.issues.map((issue) => describeIssue(issue, settings)));
  problems.push(...weakSecrets(settings));
  if (problems.length > 0 || !checked.success) throw new ConfigError(problems);
  return { config: checked.data, file: yaml.file, origins, warnings: sources.flatMap((source) => source.warnings) };
}

/** The defaults alone, as if no source said anything. */
export function defaultConfig(): Config {
  return configSchema.parse({});
}

function takeConfigFlag(
  flags: readonly string[],
  env: NodeJS.ProcessEnv,
): { file?: string; rest: string[]; missing: boolean } {
  const rest = [...flags];
  const index = rest.findIndex((flag) => flag === '--config' || flag.startsWith('--config='));
  if (index < 0) return { file: env['KAIBO_CONFIG'], rest, missing: false };
  const flag = rest[index] ?? '';
  const inline = flag.includes('=');
  const [, next] = rest.splice(index, inline ? 1 : 2);
  const file = inline ? flag.slice('--config='.length) : next;
  return { file, rest, missing: file === undefined || file === '' };
}

/** The YAML parser is loaded only when there is a file to read. */
async function readFile(named: string | undefined, cwd: string): Promise<{ file?: string; result: SourceResult }> {
  const nothing: SourceResult = { settings: [], errors: [], warnings: [] };
  const path = named ?? `${cwd}/${DEFAULT_FILE}`;
  if (named === undefined && !existsSync(path)) return { result: nothing };
  const shown = named ?? relative(cwd, path);
  try {
    const { readYaml } = await import('./config-yaml.ts');
    return { file: path, result: readYaml(shown, readFileSync(path, 'utf8')) };
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    return { result: { ...nothing, errors: [`${shown}: cannot be read (${reason})`] } };
  }
}

/** The secrets that operators choose, of those that are set: one that everybody knows is none. */
function weakSecrets(settings: ReadonlyMap<string, Setting>): string[] {
  return CONFIG_KEYS.filter(({ schema }) => {
    const { isSecret, isForeign } = schema.meta() ?? {};
    return isSecret === true && isForeign !== true;
  }).flatMap(({ path }) => {
    const setting = settings.get(path);
    const values = Array.isArray(setting?.value) ? (setting.value as unknown[]) : [setting?.value];
    return values.flatMap((value) => {
      const problem = typeof value === 'string' ? secretProblem(value) : undefined;
      return problem === undefined ? [] : [`${setting?.where ?? path}: ${problem}`];
    });
  });
}

function nest(settings: ReadonlyMap<string, Setting>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const { path, value } of settings.values()) {
    const parts = path.split('.');
    const last = parts.pop() ?? path;
    let section = root;
    for (const part of parts) section = (section[part] ??= {}) as Record<string, unknown>;
    section[last] = value;
  }
  return root;
}

function describeIssue(issue: z.core.$ZodIssue, settings: ReadonlyMap<string, Setting>): string {
  const path = issue.path.map(String);
  // A list's issue points inside the list; its setting is the nearest key above. A section's points above its keys.
  const exact = path
    .map((_, index) => settings.get(path.slice(0, path.length - index).join('.')))
    .find((setting) => setting !== undefined);
  const setting = exact ?? [...settings.values()].find((candidate) => candidate.path.startsWith(`${path.join('.')}.`));
  return `${setting?.where ?? path.join('.')}: ${issueWords(issue, setting)}`;
}

function issueWords(issue: z.core.$ZodIssue, setting: Setting | undefined): string {
  if (issue.code !== 'invalid_union') return issue.message;
  const key = CONFIG_KEYS.find(({ path }) => path === setting?.path);
  return `invalid value; ${key?.description ?? 'see kaibo.example.yaml'}`;
}
