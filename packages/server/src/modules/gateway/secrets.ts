import type { FastifyInstance, RouteOptions } from 'fastify';
import { z } from 'zod';
import { isUnknownSecret } from '../../http/secret-fields.ts';

const PARTS = ['params', 'querystring', 'headers', 'body'] as const;

/** A route that takes or gives a secret of which `redact` does not know stops the start. Before the routes. */
export function assertSecretsAreKnown(app: FastifyInstance): void {
  const routes: RouteOptions[] = [];
  app.addHook('onRoute', (route) => void routes.push(route));
  app.addHook('onReady', async () => {
    const unknown = routes.flatMap(({ method, url, schema }) => {
      const answers = Object.values((schema?.response ?? {}) as Record<string, unknown>);
      const names = unknownSecrets([...PARTS.map((part) => schema?.[part]), ...answers]);
      return names.map((name) => `${String(method)} ${url}: ${name}`);
    });
    if (unknown.length === 0) return;
    throw new Error(`fields that look like secrets and are not in http/secret-fields.ts: ${unknown.join(', ')}`);
  });
}

/** Names of fields that look like secrets, or are marked as such, and of which `redact` does not know. */
export function unknownSecrets(schemas: readonly unknown[]): string[] {
  const [seen, found] = [new Set<unknown>(), new Set<string>()];
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return;
    seen.add(value);
    if (Array.isArray(value)) value.forEach(walk);
    else if (value instanceof z.ZodObject) {
      for (const [name, field] of Object.entries(value.shape)) {
        if (isUnknownSecret(name, isMarked(field))) found.add(name);
        walk(field);
      }
    } else if (value instanceof z.ZodType) walkParts(value, walk);
  };
  walk(schemas);
  return [...found];
}

/** What a schema is made of: of an array its element, of a union its options. */
function walkParts(schema: z.ZodType, walk: (value: unknown) => void): void {
  const def: object = schema.def;
  if ('getter' in def && typeof def.getter === 'function') walk((def.getter as () => unknown)());
  for (const part of Object.values(def)) if (part instanceof z.ZodType || Array.isArray(part)) walk(part);
}

/** On the field, or on what it is made of. */
function isMarked(field: unknown): boolean {
  if (!(field instanceof z.ZodType)) return false;
  if (field.meta()?.['isSecret'] === true) return true;
  const def: object = field.def;
  return 'innerType' in def && isMarked(def.innerType);
}
