import { CONFIG_KEYS, CONFIG_PATHS, SHORTHANDS, type ConfigKey } from './config-keys.ts';
import { didYouMean } from './did-you-mean.ts';

/** One value from one source; `where` is how an error names it (`kaibo.yaml:3:10 http.port`, `KAIBO_HTTP_PORT`, `--http.port`). */
export interface Setting {
  path: string;
  where: string;
  value: unknown;
}

/** What a source gave: values, complaints that stop the start, and remarks that do not. */
export interface SourceResult {
  settings: Setting[];
  errors: string[];
  warnings: string[];
}

export const keysByPath = new Map(CONFIG_KEYS.map((key) => [key.path, key]));
export const sectionPaths = new Set(CONFIG_PATHS.filter((path) => !keysByPath.has(path)));
/** Names in the environment that are Kaibo's but no part of the configuration file. */
const OTHER_ENV = new Set(['KAIBO_CONFIG', 'KAIBO_FFMPEG', 'KAIBO_API_KEY']);

/** Reads `KAIBO_*`. A near miss of a known name is an error; any other unknown name only a remark, for orchestrators set such names too. */
export function readEnvironment(env: NodeJS.ProcessEnv): SourceResult {
  const result: SourceResult = { settings: [], errors: [], warnings: [] };
  const byName = new Map(CONFIG_KEYS.map((key) => [key.env, key.path]));
  for (const [section, target] of SHORTHANDS) byName.set(envName(section), target);
  for (const [name, raw] of Object.entries(env)) {
    if (!name.startsWith('KAIBO_') || raw === undefined || OTHER_ENV.has(name)) continue;
    const path = byName.get(name);
    if (path !== undefined) result.settings.push({ path, where: name, value: fromText(keysByPath.get(path), raw) });
    else if (didYouMean(name, byName.keys()) !== undefined)
      result.errors.push(unknown(name, byName.keys(), 'variable'));
    else result.warnings.push(`${name}: unknown variable, ignored`);
  }
  return result;
}

/** Reads `--path=value` and `--path value`; `--flag` alone means true. */
export function readFlags(flags: readonly string[]): SourceResult {
  const result: SourceResult = { settings: [], errors: [], warnings: [] };
  for (let index = 0; index < flags.length; index++) {
    const flag = flags[index] ?? '';
    const match = /^--([^=]+)(?:=(.*))?$/s.exec(flag);
    const name = match?.[1];
    if (name === undefined) {
      result.errors.push(`${flag}: expected --key=value`);
      continue;
    }
    const path = SHORTHANDS.get(name) ?? name;
    const key = keysByPath.get(path);
    const next = flags[index + 1];
    let raw = match?.[2];
    if (raw === undefined && next !== undefined && !next.startsWith('--')) {
      raw = next;
      index++;
    }
    if (key === undefined) result.errors.push(`--${unknown(name, CONFIG_PATHS, 'flag')}`);
    else result.settings.push({ path, where: `--${name}`, value: fromText(key, raw ?? 'true') });
  }
  return result;
}

function envName(section: string): string {
  const leafOfSection = CONFIG_KEYS.find((key) => key.path.startsWith(`${section}.`));
  const suffix = leafOfSection?.path.slice(section.length + 1) ?? '';
  return leafOfSection?.env.slice(0, -(suffix.length + 1)) ?? section;
}

/** Text from the environment or a flag, as whichever of text, number, boolean, comma list or JSON its key accepts. */
function fromText(key: ConfigKey | undefined, raw: string): unknown {
  const [scalar, json] = [scalarOf(raw), jsonOf(raw)];
  // A list in JSON is one, before its commas are.
  const candidates = [raw, scalar, json, raw.split(',').map((part) => part.trim())];
  const accepted = candidates.find((value) => value !== undefined && key?.schema.safeParse(value).success);
  // What nothing accepts is complained of as what it was most likely meant to be.
  return accepted ?? json ?? scalar;
}

/** Undefined for what is no list: nothing else is written as JSON. */
function jsonOf(raw: string): unknown {
  if (!raw.trimStart().startsWith('[')) return undefined;
  try {
    return JSON.parse(raw);
  } catch {
    return undefined;
  }
}

function scalarOf(raw: string): unknown {
  if (raw === 'true') return true;
  if (raw === 'false') return false;
  return raw.trim() !== '' && Number.isFinite(Number(raw)) ? Number(raw) : raw;
}

export function unknown(name: string, known: Iterable<string>, what: string): string {
  const suggestion = didYouMean(name, known);
  return `${name}: unknown ${what}${suggestion === undefined ? '' : `, did you mean ${suggestion}?`}`;
}
