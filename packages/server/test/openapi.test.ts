import { fastify } from 'fastify';
import { z } from 'zod';
import { describe, expect, test } from 'vitest';
import { describeApi } from '../src/modules/gateway/openapi.ts';
import * as realtime from '../src/modules/realtime/contract.ts';
import * as signaling from '../src/modules/signaling/contract.ts';
import { startTest } from './harness.ts';

interface Operation {
  summary?: string;
  description?: string;
  operationId?: string;
  tags?: string[];
  security?: unknown[];
  responses?: Record<string, { content?: Record<string, { schema?: object }>; description?: string }>;
  requestBody?: { required?: boolean; content: Record<string, { schema: object }> };
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
        const [content] = Object.values(response.content ?? {});
        if (status !== '101') expect(content?.schema, `${name} ${status}`).toBeTypeOf('object');
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
    for (const [name, contract] of Object.entries({ realtime, signaling })) {
      for (const type of Object.keys(contract.clientMessageSchemas)) expect(messages(name)).toContain(`client.${type}`);
      for (const type of Object.keys(contract.serverMessageSchemas)) expect(messages(name)).toContain(`server.${type}`);
    }
    const payload = (message: string): z.ZodType =>
      z.fromJSONSchema(sockets.channels['realtime']?.messages[message]?.payload as never);
    // What is documented is what is sent: the whole message.
    expect(sockets.channels['realtime']?.messages['client.start']?.payload).toMatchObject({
      properties: { type: { const: 'start' }, id: expect.anything() as unknown, title: { type: 'string' } },
      required: expect.arrayContaining(['type', 'title']) as unknown,
    });
    expect(payload('client.end').safeParse({ type: 'end', roomId: 'x' }).success).toBe(true);
    expect(payload('client.end').safeParse({ type: 'start', roomId: 'x' }).success).toBe(false);
    const live = { type: 'event', channel: 'live:x', event: 'viewers', at: 1 };
    const numbers = { viewerCount: 1, peakViewers: 2 };
    expect(payload('server.live_roomId_viewers').safeParse({ ...live, data: numbers }).success).toBe(true);
    expect(payload('server.live_roomId_viewers').safeParse({ ...live, data: {} }).success).toBe(false);
    for (const ref of refsIn(sockets.operations)) expect(resolve(sockets, ref), ref).toBeDefined();
    const payloads = Object.values(sockets.channels).flatMap(({ messages: all }) => Object.values(all));
    for (const { payload } of payloads) expect(() => z.fromJSONSchema(payload as never)).not.toThrow();
  });
});

test('a route that is not described stops the start', async () => {
  const app = fastify();
  await describeApi(app);
  app.get('/bare', async () => ({}));
  await expect(app.ready()).rejects.toThrow('GET /bare');
});

test('a body that may be left out is not called required', async () => {
  const { document } = await read();
  expect(document.paths['/api/auth/refresh']?.['post']?.requestBody?.required).toBe(false);
  expect(document.paths['/api/rooms']?.['post']?.requestBody?.required).toBe(true);
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
