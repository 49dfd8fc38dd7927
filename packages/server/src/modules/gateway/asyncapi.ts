import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { SocketDocument } from './contract.ts';
import { unknownSecrets } from './secrets.ts';

const API_VERSION = '1.0.0';

type Json = Record<string, unknown>;

/** AsyncAPI 3.0 of the sockets, from the schemas by which their messages are checked. */
export function asyncApiOf(sockets: readonly SocketDocument[]): Json {
  const channels: Json = {};
  const operations: Json = {};
  for (const socket of sockets) {
    const { name, address, summary } = socket;
    const fromClient = messagesOf(socket.clientMessages, 'input');
    const fromServer = messagesOf(socket.serverMessages, 'output');
    const prefixed = { ...withPrefix('client', fromClient), ...withPrefix('server', fromServer) };
    channels[name] = { address, summary, messages: prefixed };
    const refs = (side: string, messages: Json): Json[] =>
      Object.keys(messages).map((message) => ({ $ref: `#/channels/${name}/messages/${side}.${message}` }));
    const channel = { $ref: `#/channels/${name}` };
    operations[`${name}Receive`] = {
      action: 'receive',
      summary: 'What a client says',
      channel,
      messages: refs('client', fromClient),
    };
    operations[`${name}Send`] = {
      action: 'send',
      summary: 'What the server says',
      channel,
      messages: refs('server', fromServer),
    };
  }
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Kaibo sockets',
      version: API_VERSION,
      description: 'Messages are JSON texts. The REST API: /openapi.json, both at /docs.',
    },
    defaultContentType: 'application/json',
    channels,
    operations,
  };
}

export function addAsyncApi(app: FastifyInstance, sockets: readonly SocketDocument[]): void {
  const messages = sockets.flatMap(({ clientMessages, serverMessages }) => [clientMessages, serverMessages]);
  const unknown = unknownSecrets(messages.flatMap((schemas) => Object.values(schemas)));
  if (unknown.length > 0) throw new Error(`messages with secrets that nobody knows: ${unknown.join(', ')}`);
  const document = JSON.stringify(asyncApiOf(sockets));
  app.get(
    '/asyncapi.json',
    { config: { rights: { who: 'anyone', limit: 'read' } }, schema: { hide: true } },
    async (_request, reply) => {
      reply.header('cache-control', 'no-cache');
      return reply.type('application/json; charset=utf-8').send(document);
    },
  );
}

function messagesOf(schemas: Readonly<Record<string, z.ZodType>>, io: 'input' | 'output'): Json {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, { name, payload: jsonSchema(schema, io) }]),
  );
}

function withPrefix(side: string, messages: Json): Json {
  return Object.fromEntries(Object.entries(messages).map(([name, message]) => [`${side}.${name}`, message]));
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  return z.toJSONSchema(schema, { io, unrepresentable: 'any' });
}
