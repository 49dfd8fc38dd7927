import { z } from 'zod';
import { configSchema } from './config-schema.ts';

/** One settable leaf of the configuration, with the names it has in each source. */
export interface ConfigKey {
  /** Dotted, as in kaibo.yaml and as the flag: `media.graceMs`. */
  path: string;
  /** `KAIBO_MEDIA_GRACE_MS`. */
  env: string;
  description: string;
  /** Undefined when the key has no default. */
  defaultValue: unknown;
  schema: z.ZodType;
}

/** A whole section that may also be written as one scalar: the scalar sets the named leaf. */
export const SHORTHANDS: ReadonlyMap<string, string> = new Map([['media.gopCache', 'media.gopCache.enabled']]);

/** `media.graceMs` → `KAIBO_MEDIA_GRACE_MS`. */
export function envNameOf(path: string): string {
  return `KAIBO_${path
    .replaceAll('.', '_')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toUpperCase()}`;
}

/** Every leaf in the order of the schema. */
export const CONFIG_KEYS: readonly ConfigKey[] = keysOf(configSchema, []);

/** Dotted paths of every section and leaf. */
export const CONFIG_PATHS: readonly string[] = [
  ...new Set(
    CONFIG_KEYS.flatMap(({ path }) => path.split('.').map((_, index, parts) => parts.slice(0, index + 1).join('.'))),
  ),
];

function keysOf(schema: z.ZodObject, path: string[]): ConfigKey[] {
  return Object.entries(schema.shape).flatMap(([name, field]) => {
    const childPath = [...path, name];
    const inner = unwrap(field as z.ZodType);
    return inner.schema instanceof z.ZodObject
      ? keysOf(inner.schema, childPath)
      : [leaf(childPath.join('.'), field as z.ZodType, inner.defaultValue)];
  });
}

function leaf(path: string, schema: z.ZodType, defaultValue: unknown): ConfigKey {
  return { path, env: envNameOf(path), description: schema.description ?? '', defaultValue, schema };
}

function unwrap(field: z.ZodType): { schema: z.ZodType; defaultValue: unknown } {
  if (field instanceof z.ZodDefault)
    return { schema: field.def.innerType as z.ZodType, defaultValue: field.def.defaultValue };
  if (field instanceof z.ZodPrefault || field instanceof z.ZodOptional) return unwrap(field.def.innerType as z.ZodType);
  return { schema: field, defaultValue: undefined };
}
