import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Roster } from '../../sockets/roster.ts';
import { AppError, type CallerOf, type RouteRights } from '../gateway/contract.ts';
import { exportLogsSchema, listLogsSchema, logFilterSchema, logPageSchema } from './contract.ts';
import { exportLogs } from './export.ts';
import type { LogStore } from './log-store.ts';
import type { LogTail } from './tail.ts';
import { TailStream } from './tail-stream.ts';

const READ: RouteRights = { who: 'admin', limit: 'read', scope: 'admin' };
/** Of one node. */
const MAX_LISTENERS = 20;

export interface LogRouteDeps {
  store: LogStore;
  tail: LogTail;
  callerOf: CallerOf;
  /** Every connection that stays. */
  roster: () => Roster;
}

export function addLogRoutes(instance: FastifyInstance, deps: LogRouteDeps): void {
  addSearch(instance, deps);
  addTail(instance, deps);
  addExport(instance, deps);
}

function addSearch(instance: FastifyInstance, { store }: LogRouteDeps): void {
  instance.withTypeProvider<ZodTypeProvider>().get(
    '/api/logs',
    {
      config: { rights: READ },
      schema: {
        tags: ['logs'],
        summary: 'What all nodes said, requests, and who did what, the newest first',
        operationId: 'listLogs',
        querystring: listLogsSchema,
        response: { 200: logPageSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return store.page(request.query);
    },
  );
}

function addTail(instance: FastifyInstance, { tail, callerOf, roster }: LogRouteDeps): void {
  instance.withTypeProvider<ZodTypeProvider>().get(
    '/api/logs/tail',
    {
      exposeHeadRoute: false,
      config: { rights: READ },
      schema: {
        tags: ['logs'],
        summary: 'What all nodes say from now on, as text/event-stream',
        description:
          'Each event is an entry as in `listLogs`, with `id` 0. The event `dropped` says how many were too many to be shown.',
        operationId: 'tailLogs',
        querystring: logFilterSchema.omit({ from: true, to: true }),
        response: { 200: z.string().describe('text/event-stream') },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      if (!caller.mayConnect) throw new AppError('cross_site');
      const guests = roster();
      guests.assertPlace(caller);
      if (tail.listeners >= MAX_LISTENERS) throw new AppError('too_many_connections');
      reply.hijack();
      const headers = reply.getHeaders() as Record<string, string>;
      const { raw: response } = reply;
      if (response.destroyed) return reply;
      const stream = new TailStream({
        ...{ response, headers, caller },
        onEnd: () => {
          guests.delete(stream);
          leave();
        },
      });
      const leave = tail.listen({
        filter: request.query,
        take: (entries, dropped) => stream.take(entries, dropped),
      });
      guests.add(stream, 'sse');
      return reply;
    },
  );
}

function addExport(instance: FastifyInstance, { store }: LogRouteDeps): void {
  instance.withTypeProvider<ZodTypeProvider>().get(
    '/api/logs/export',
    {
      exposeHeadRoute: false,
      config: { rights: READ },
      schema: {
        tags: ['logs'],
        summary: 'All that fits as a file, the newest first',
        operationId: 'exportLogs',
        querystring: exportLogsSchema,
        response: { 200: z.string().describe('An entry a line: JSON, or CSV after RFC 4180') },
      },
    },
    async (request, reply) => {
      const { format } = request.query;
      const type = format === 'csv' ? 'text/csv' : 'application/x-ndjson';
      reply
        .type(`${type}; charset=utf-8`)
        .header('cache-control', 'no-store')
        .header('content-disposition', `attachment; filename="kaibo-logs.${format}"`);
      // The schema is the document's: a stream is sent as it is.
      return reply.send(Readable.from(exportLogs(store, request.query)) as unknown as string);
    },
  );
}
