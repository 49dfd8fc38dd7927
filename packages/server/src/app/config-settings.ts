import type { ConfigSetting } from '../modules/monitor/contract.ts';
import { CONFIG_KEYS } from './config-keys.ts';
import type { Config } from './config-schema.ts';

export type ConfigOrigin = Exclude<ConfigSetting['from'], 'default'>;

const MASK = '***';
/** Of objects in lists, such as TURN servers: fields that hold secrets. */
const SECRET_FIELD = /secret|credential|password|token|key/i;

/** What a platform was told, for its administrators. Secrets are only said to be set. */
export function settingsOf(config: Config, origins: ReadonlyMap<string, ConfigOrigin>): ConfigSetting[] {
  return CONFIG_KEYS.map(({ path, schema, description }) => {
    const value = path
      .split('.')
      .reduce<unknown>((section, name) => (section as Readonly<Record<string, unknown>> | undefined)?.[name], config);
    const isSecret = schema.meta()?.['isSecret'] === true;
    return {
      key: path,
      value: isSecret ? (isNothing(value) ? '' : 'set') : textOf(masked(value)),
      from: origins.get(path) ?? 'default',
      ...(isSecret ? { isSecret: true as const } : {}),
      ...(description === '' ? {} : { about: description }),
    };
  });
}

function isNothing(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0);
}

function textOf(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function masked(value: unknown): unknown {
  if (typeof value === 'string') return maskedAddress(value);
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [name, SECRET_FIELD.test(name) ? MASK : masked(field)]),
  );
}

/**
 * Without the password and without what a query says. Passwords are often written as they are, with `/` and `@` in them:
 * all that comes before the last `@` belongs to them.
 */
function maskedAddress(text: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(text)?.[0];
  if (scheme === undefined) return text;
  const rest = text.slice(scheme.length);
  const at = rest.lastIndexOf('@');
  const who = at < 0 ? '' : `${maskedPerson(rest.slice(0, at))}@`;
  const [where, query] = split(rest.slice(at + 1), '?');
  return scheme + who + where + (query === undefined ? '' : `?${MASK}`);
}

/** Without a colon it may be a token. */
function maskedPerson(text: string): string {
  const [user, password] = split(text, ':');
  return password === undefined ? MASK : `${user}:${MASK}`;
}

/** At the first `mark`. */
function split(text: string, mark: string): [string, string?] {
  const index = text.indexOf(mark);
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)];
}
