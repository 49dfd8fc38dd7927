// Requests to every route of an OpenAPI document, with a secret wherever one can stand.
import { randomBytes } from 'node:crypto';
import { SECRET_FIELDS } from '../../src/http/secret-fields.ts';

/** Begins every secret that is fed, so that one that comes out is found. */
export const MARK = 'Zq7';
export const FED = new RegExp(`${MARK}[0-9a-f]{20}`);

export const newSecret = (): string => MARK + randomBytes(10).toString('hex');

interface Schema {
  type?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  format?: string;
  minimum?: number;
  minLength?: number;
  properties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  isSecret?: boolean;
}

interface Operation {
  operationId: string;
  parameters?: { in: string; name: string; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

export interface ApiDocument {
  paths: Record<string, Record<string, Operation>>;
}

export interface FedRequest {
  name: string;
  operationId: string;
  path: string;
  method: string;
  headers: Record<string, string>;
  body?: string;
}

/** How a body is spoiled, or not. */
export type Form = 'valid' | 'wrong types' | 'no json';

const isSecretField = (name: string): boolean => (SECRET_FIELDS[name] ?? 'query') !== 'query';
const QUERIES = Object.keys(SECRET_FIELDS).filter((name) => SECRET_FIELDS[name] !== 'field');

/** Of no room, or of the one that is given. */
export function requestsTo(document: ApiDocument, form: Form, roomId?: string): FedRequest[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => requestTo(path, { method, operation, form, roomId })),
  );
}

function requestTo(
  path: string,
  { method, operation, form, roomId }: { method: string; operation: Operation; form: Form; roomId?: string },
): FedRequest {
  const { parameters = [], requestBody, operationId } = operation;
  const given = new Map(QUERIES.map((name) => [name, newSecret()]));
  for (const { in: place, name, schema } of parameters)
    if (place === 'query' && !given.has(name)) given.set(name, String(sampleOf(schema, name)));
  const query = new URLSearchParams([...given]);
  // A stream key that was pasted where a name belongs.
  const place = path.replaceAll(/\{(\w+)\}/g, (_all, name) => {
    if (name === 'roomId' && roomId !== undefined) return roomId;
    return name === 'secret' ? newSecret() : encodeURIComponent(`x?key=${newSecret()}`);
  });
  const schema = requestBody?.content['application/json']?.schema;
  return {
    ...{ name: `${method.toUpperCase()} ${path}`, operationId, path: `${place}?${query.toString()}` },
    method: method.toUpperCase(),
    headers: {
      'x-owner-token': newSecret(),
      'idempotency-key': 'once',
      cookie: `kaibo_access=${newSecret()}; kaibo_refresh=${newSecret()}; kaibo_owner_x=${newSecret()}`,
      ...(requestBody === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(requestBody === undefined ? {} : { body: bodyOf(schema, form) }),
  };
}

function bodyOf(schema: Schema | undefined, form: Form): string {
  const more = Object.fromEntries(Object.keys(SECRET_FIELDS).map((name) => [name, newSecret()]));
  const sample = sampleOf(schema ?? {}, '');
  const body = typeof sample === 'object' && sample !== null ? { ...more, ...sample } : more;
  const text = JSON.stringify(form === 'wrong types' ? wrapped(body) : body);
  return form === 'no json' ? text.slice(0, -2) : text;
}

/** Objects where texts belong, with the secrets in them. */
function wrapped(body: object): object {
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, { [name]: value }]));
}

function sampleOf(schema: Schema, name: string): unknown {
  if (schema.isSecret === true || isSecretField(name)) return newSecret();
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  const [option] = schema.anyOf ?? schema.oneOf ?? [];
  if (option !== undefined) return sampleOf(option, name);
  if (schema.default !== undefined) return schema.default;
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([field, inner]) => [field, sampleOf(inner, field)]),
      );
    case 'array':
      return [sampleOf(schema.items ?? {}, name)];
    case 'number':
    case 'integer':
      return Math.max(schema.minimum ?? 1, 1);
    case 'boolean':
      return true;
    default:
      return name === 'url' || schema.format === 'uri'
        ? `https://127.0.0.1:9/x?token=${newSecret()}&key=${newSecret()}`
        : 'sample'.padEnd(schema.minLength ?? 0, 'x');
  }
}

/** Every secret that an answer gives, by the names of its fields. */
export function secretsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const isSecret = typeof inner === 'string' && inner.length >= 16 && (isSecretField(name) || name === 'key');
    return isSecret ? [inner] : secretsIn(inner);
  });
}
