import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { Metadata } from '@tus/server';
import { z } from 'zod';
import { letBodyFlow } from '../../http/body-clock.ts';
import { AppError, type CallerOf, type RouteRights } from '../gateway/contract.ts';
import { fileParamsSchema } from './contract.ts';
import { UPLOAD_BYTES, UPLOADS_PATH } from './upload-contract.ts';
import type { UploadServer } from './upload-server.ts';
import type { UploadService } from './upload-service.ts';

/** As recordings are written: it becomes one. */
const BEGIN: RouteRights = { who: 'user', limit: 'write', scope: 'rooms:write' };
/** Pieces come as fast as the line is; how many at a time is bounded below, and by one to an upload. */
const PIECE: RouteRights = { who: 'user', limit: 'media', scope: 'rooms:write' };
/** Requests that bring bytes at one time, on this node. */
const MOST_AT_ONCE = 200;
const ONE = `${UPLOADS_PATH}/:id`;
const MAX_METADATA = 4096;
const TUS = '1.0.0';
/** A whole number without a sign, that JavaScript counts exactly. */
const LENGTH = /^\d{1,15}$/;

const nothing = z.unknown().describe('As tus 1.0.0 says');
const of = (summary: string, operationId: string) => ({ tags: ['files'], summary, operationId });

export interface UploadRouteDeps {
  service: UploadService;
  server: UploadServer;
  callerOf: CallerOf;
}

/** tus 1.0.0 with creation, termination and expiration. The file's id is the upload's id. */
export function addUploadRoutes(instance: FastifyInstance, deps: UploadRouteDeps): void {
  void instance.register(async (scope) => {
    // The bytes stay where they are: they go from the socket to where they are kept.
    scope.addContentTypeParser(UPLOAD_BYTES, (_request, _payload, done) => done(null));
    addBeginning(scope, deps);
    addPlace(scope, deps);
    addPieces(scope, deps);
    addEnd(scope, deps);
  });
}

function addBeginning(scope: FastifyInstance, { service, server, callerOf }: UploadRouteDeps): void {
  const app = scope.withTypeProvider<ZodTypeProvider>();

  app.post(
    UPLOADS_PATH,
    {
      config: { rights: BEGIN },
      schema: {
        ...of('Begin the upload of a video: Upload-Length, and Upload-Metadata with filename', 'beginUpload'),
        response: { 201: nothing },
      },
    },
    async (request, reply) => {
      const { account } = callerOf(request);
      if (account === undefined) throw new AppError('login_required');
      checkVersion(request);
      const row = await service.begin(account.id, askedOf(request));
      await handOver(request, reply, () => server.create(row.id, request.raw, reply.raw));
      if (reply.raw.statusCode !== 201) await service.giveUp(row);
      return reply;
    },
  );
}

function addPlace(scope: FastifyInstance, { service, server, callerOf }: UploadRouteDeps): void {
  scope.withTypeProvider<ZodTypeProvider>().head(
    ONE,
    {
      config: { rights: PIECE },
      schema: {
        ...of('How much of an upload came', 'headUpload'),
        params: fileParamsSchema,
        response: { 200: nothing },
      },
    },
    async (request, reply) => {
      checkVersion(request);
      const row = await service.own(callerOf(request), request.params.id);
      const size = Math.max(row.reserved_bytes, row.size_bytes);
      if (row.state !== 'uploading') {
        // All of it came, whatever has become of it.
        const told = {
          'tus-resumable': TUS,
          'upload-offset': size,
          'upload-length': size,
          'cache-control': 'no-store',
        };
        return reply.code(200).headers(told).send();
      }
      await handOver(request, reply, () => server.handle(request.raw, reply.raw));
      await service.finishWhole(row);
      return reply;
    },
  );
}

function addPieces(scope: FastifyInstance, { service, server, callerOf }: UploadRouteDeps): void {
  let underWay = 0;

  scope.withTypeProvider<ZodTypeProvider>().patch(
    ONE,
    {
      config: { rights: PIECE },
      schema: { ...of('Bytes of an upload', 'patchUpload'), params: fileParamsSchema, response: { 204: nothing } },
    },
    async (request, reply) => {
      checkVersion(request);
      const row = await service.own(callerOf(request), request.params.id);
      if (row.state !== 'uploading') throw new AppError('upload_invalid', { why: 'it is complete' });
      if (request.headers['content-type'] !== UPLOAD_BYTES)
        throw new AppError('upload_invalid', { why: `Content-Type is ${UPLOAD_BYTES}` });
      await service.keepDiskFree(Number(request.headers['content-length'] ?? 0));
      if (underWay >= MOST_AT_ONCE) throw new AppError('too_many_connections');
      underWay++;
      try {
        await service.touch(row.id);
        letBodyFlow(request.raw);
        await handOver(request, reply, () => server.handle(request.raw, reply.raw));
      } finally {
        underWay--;
      }
      return reply;
    },
  );
}

function addEnd(scope: FastifyInstance, { service, callerOf }: UploadRouteDeps): void {
  scope.withTypeProvider<ZodTypeProvider>().delete(
    ONE,
    {
      config: { rights: BEGIN },
      schema: { ...of('Give an upload up', 'deleteUpload'), params: fileParamsSchema, response: { 204: nothing } },
    },
    async (request, reply) => {
      checkVersion(request);
      const row = await service.own(callerOf(request), request.params.id);
      if (row.state !== 'uploading') throw new AppError('upload_invalid', { why: 'it is complete' });
      await service.giveUp(row);
      return reply.code(204).header('tus-resumable', TUS).send();
    },
  );
}

/** @throws AppError upload_invalid */
function askedOf({ headers }: FastifyRequest): { sizeBytes: number; name: string } {
  const length = String(headers['upload-length'] ?? '');
  if (!LENGTH.test(length) || Number(length) < 1)
    throw new AppError('upload_invalid', { why: 'Upload-Length is a number of bytes' });
  const written = String(headers['upload-metadata'] ?? '');
  if (written.length > MAX_METADATA) throw new AppError('upload_invalid', { why: 'Upload-Metadata is too long' });
  return { sizeBytes: Number(length), name: nameIn(written) };
}

function nameIn(metadata: string): string {
  if (metadata === '') return '';
  try {
    return Metadata.parse(metadata)['filename'] ?? '';
  } catch {
    throw new AppError('upload_invalid', { why: 'Upload-Metadata cannot be read' });
  }
}

/** @throws AppError upload_invalid */
function checkVersion({ headers }: FastifyRequest): void {
  if (headers['tus-resumable'] !== TUS) throw new AppError('upload_invalid', { why: `Tus-Resumable is ${TUS}` });
}

/** The answer is written by whoever reads the bytes; what the gateway says of every answer goes with it. */
async function handOver(request: FastifyRequest, reply: FastifyReply, work: () => Promise<void>): Promise<void> {
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) reply.raw.setHeader(name, value);
  reply.hijack();
  try {
    await work();
  } catch (error) {
    request.log.error({ err: error }, 'an upload was not answered');
    request.raw.destroy();
  }
}
