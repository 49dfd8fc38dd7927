import { CONFIG_KEYS } from './config-keys.ts';

/** Every key as a flag, with its default and meaning, for `--help`. */
export function describeKeys(): string {
  return CONFIG_KEYS.map(({ path, description, defaultValue }) => {
    const value = defaultValue === undefined ? '' : ` [${String(defaultValue)}]`;
    return `  --${path}${value}\n      ${description}`;
  }).join('\n');
}
