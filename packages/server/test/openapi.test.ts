import { z } from 'zod';
import { describe, expect, test } from 'vitest';
import { clientMessageSchemas as realtime } from '../src/modules/realtime/contract.ts';
import { clientMessageSchemas as signaling } from '../src/modules/signaling/contract.ts';
import { startTest } from './harness.ts';

interface Operation {
  summary?: string;
  description?: string;
  operationId?: string;
  tags?: string[];
  security?: unknown[];
  responses?: Record<string, { content?: Record<string, { schema?: object }>; description?: string }>;
  requestBody?: { content: Record<string, { schema: object }> };
  parameters?: { schema: object }[];
}

interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  tags: { name: string }[];
}

interface AsyncDocument {
  asyncapi: string;
  channels: Record<string, { address: string; messages: Record<string, { payload: object }> }>;
  operations: Record<string, { messages: { $ref: string }[] }>;
}

async function read(): Promise<{ document: Document; sockets: AsyncDocument }> {
  const { call } = await startTest();
  return {
    document: (await call('/openapi.json')).body as unknown as Document,
    sockets: (await call('/asyncapi.json')).body as unknown as AsyncDocument,
  };
}

const operations = (document: Document): [string, Operation][] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  );

/** Every `$ref` in it, wherever. */
function refsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) =>
    key === '$ref' && typeof child === 'string' ? [child] : refsIn(child),
  );
}

function resolve(root: unknown, ref: string): unknown {
  return ref
    .slice(2)
    .split('/')
    .reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], root);
}

describe('/openapi.json', () => {
  test('is OpenAPI 3.1, and says of every operation what it is, who may call and what it answers', async () => {
    const { document } = await read();
    expect(document.openapi).toMatch(/^3\.1/);
    const known = new Set(document.tags.map(({ name }) => name));
    const ids = operations(document).map(([, { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThan(50);
    for (const [name, operation] of operations(document)) {
      expect(operation.summary, name).toMatch(/\S/);
      expect(operation.description, name).toMatch(
        /(Anyone may call|Needs a login|For administrators)\..*Rate limit: \w+\.$/,
      );
      expect(operation.operationId, name).toMatch(/^[a-z]\w+$/);
      expect(
        operation.tags?.every((tag) => known.has(tag)),
        `${name}: ${String(operation.tags)}`,
      ).toBe(true);
      expect(operation.security, name).not.toEqual([]);
      const successes = Object.entries(operation.responses ?? {}).filter(([status]) => /^[12]/.test(status));
      expect(successes.length, name).toBeGreaterThan(0);
      for (const [status, response] of successes) {
        if (status !== '101')
          expect(response.content?.['application/json']?.schema, `${name} ${status}`).toBeTypeOf('object');
      }
      expect(operation.responses?.['default']?.content, name).toBeDefined();
    }
  });

  test('its references resolve, and its schemas are JSON Schema that can be read back', async () => {
    const { document } = await read();
    for (const ref of refsIn(document)) expect(resolve(document, ref), ref).toBeDefined();
    for (const [name, { responses = {}, requestBody, parameters = [] }] of operations(document)) {
      const answers = Object.values(responses).flatMap(({ content = {} }) => Object.values(content));
      const bodies = Object.values(requestBody?.content ?? {});
      for (const { schema } of [...answers, ...bodies, ...parameters])
        if (schema !== undefined) expect(() => z.fromJSONSchema(schema as never), name).not.toThrow();
    }
  });
});

describe('/asyncapi.json', () => {
  test('is AsyncAPI 3 with every message of both sockets, and its references resolve', async () => {
    const { sockets } = await read();
    expect(sockets.asyncapi).toBe('3.0.0');
    const messages = (name: string): string[] => Object.keys(sockets.channels[name]?.messages ?? {});
    for (const type of [...Object.keys(realtime), 'start', 'end'])
      expect(messages('realtime')).toContain(`client.${type}`);
    for (const type of Object.keys(signaling)) expect(messages('signaling')).toContain(`client.${type}`);
    expect(messages('realtime').some((name) => name.includes('room.live'))).toBe(true);
    for (const ref of refsIn(sockets.operations)) expect(resolve(sockets, ref), ref).toBeDefined();
    const payloads = Object.values(sockets.channels).flatMap(({ messages: all }) => Object.values(all));
    for (const { payload } of payloads) expect(() => z.fromJSONSchema(payload as never)).not.toThrow();
  });
});

test('/docs is served from this server alone, under a policy that allows its own script only', async () => {
  const { call } = await startTest();
  const page = await call('/docs/');
  expect(page.status).toBe(200);
  expect(page.text).not.toMatch(/(?:src|href)="https?:/);
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).toMatch(/script-src 'self' 'sha256-/);
  expect(policy).not.toMatch(/https:|unsafe-eval/);
  const script = await call('/docs/js/scalar.js');
  expect(script.status).toBe(200);
  expect(script.headers.get('content-type')).toMatch(/javascript/);
});
