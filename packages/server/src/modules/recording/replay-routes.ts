import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type MediaEngine, type PlaylistPart } from '../../engine/contract.ts';
import { AppError, type CallerOf } from '../gateway/contract.ts';
import { partParamsSchema, proofQuerySchema, recordingParamsSchema, replayFileParamsSchema } from './contract.ts';
import type { RecordedFiles } from './files.ts';
import { READ } from './routes.ts';
import type { RecordingService } from './service.ts';
import type { PartRow, RecordingRow } from './store.ts';
import { MP4 } from './workshop.ts';

const PLAYLIST = 'application/vnd.apple.mpegurl';
const fileSchema = z.unknown().describe('The bytes of the file');
const playlistSchema = z.unknown().describe(`An HLS playlist (${PLAYLIST})`);
/** `[bytes, durationMs]` of each. */
const segmentsSchema = z.array(z.tuple([z.number(), z.number()]));

export interface ReplayRouteDeps {
  service: RecordingService;
  files: RecordedFiles;
  engine: MediaEngine;
  callerOf: CallerOf;
}

/** The media of recordings: the playlist of byte ranges that players read, and the files as they are. */
export function addReplayRoutes(instance: FastifyInstance, deps: ReplayRouteDeps): void {
  addPlayerRoutes(instance, deps);
  addFileRoutes(instance, deps);
}

const of = (summary: string, operationId: string) => ({ tags: ['recordings'], summary, operationId });

function addPlayerRoutes(instance: FastifyInstance, { service, files, engine, callerOf }: ReplayRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/replay/:id/index.m3u8',
    {
      config: { rights: READ },
      schema: {
        ...of('The replay of a recording, as an HLS playlist', 'getReplay'),
        params: recordingParamsSchema,
        querystring: proofQuerySchema,
        response: { 200: playlistSchema },
      },
    },
    async (request, reply) => {
      const { recorder } = engine;
      if (recorder === undefined) throw new AppError('not_supported');
      const { token } = request.query;
      const { row, parts } = await service.replay(callerOf(request), request.params.id, token);
      const text = recorder.playlist(parts.map((part) => playlistPart(part, token)));
      return sendPlaylist(request, reply, { text, isPublic: isPublic(row, token) });
    },
  );

  app.get(
    '/replay/:id/:file(^\\d+\\.mp4$)',
    {
      config: { rights: READ },
      schema: {
        ...of('A file of a replay, or a range of it', 'getReplayFile'),
        params: replayFileParamsSchema,
        querystring: proofQuerySchema,
        response: { 200: fileSchema },
      },
    },
    async (request, reply) => {
      const { id, file } = request.params;
      const { token } = request.query;
      const { row, part } = await service.part(callerOf(request), { id, n: Number.parseInt(file, 10), token });
      return files.send(request, reply, { ...fileOf(part), row, isPublic: isPublic(row, token) });
    },
  );
}

function addFileRoutes(instance: FastifyInstance, { service, files, callerOf }: ReplayRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/recordings/:id/parts/:n',
    {
      config: { rights: READ },
      schema: {
        ...of('A file of a recording, to be kept', 'downloadRecordingPart'),
        params: partParamsSchema,
        querystring: proofQuerySchema,
        response: { 200: fileSchema },
      },
    },
    async (request, reply) => {
      const { token } = request.query;
      const { row, part } = await service.part(callerOf(request), { ...request.params, token });
      const saveAs = nameOf(row, part);
      return files.send(request, reply, { ...fileOf(part), row, isPublic: isPublic(row, token), saveAs });
    },
  );

  app.get(
    '/api/recordings/:id/poster',
    {
      config: { rights: READ },
      schema: {
        ...of('A picture of a recording, as JPEG', 'getRecordingPoster'),
        params: recordingParamsSchema,
        querystring: proofQuerySchema,
        response: { 200: fileSchema },
      },
    },
    async (request, reply) => {
      const { token } = request.query;
      const row = await service.poster(callerOf(request), request.params.id, token);
      return files.sendPoster(request, reply, { row, isPublic: isPublic(row, token) });
    },
  );
}

function sendPlaylist(
  request: FastifyRequest,
  reply: FastifyReply,
  { text, isPublic: isForAll }: { text: string; isPublic: boolean },
): FastifyReply {
  const etag = `"${createHash('sha1').update(text).digest('base64url')}"`;
  reply.header('etag', etag).header('cache-control', isForAll ? 'public, max-age=10' : 'private, no-cache');
  if (request.headers['if-none-match'] === etag) return reply.code(304).send();
  return reply.type(PLAYLIST).send(text);
}

/** Seen by everybody: what a token was needed for is not. */
function isPublic(row: RecordingRow, token: string | undefined): boolean {
  return row.published === 1 && token === undefined;
}

function fileOf({ file, size_bytes: sizeBytes, stored }: PartRow) {
  return { file, sizeBytes, type: MP4, isStored: stored === 1 };
}

function playlistPart(part: PartRow, token: string | undefined): PlaylistPart {
  const segments = segmentsSchema.parse(JSON.parse(part.segments ?? '[]'));
  return {
    uri: `${part.n}.mp4${token === undefined ? '' : `?token=${encodeURIComponent(token)}`}`,
    epochMs: part.epoch_ms,
    headBytes: part.head_bytes ?? 0,
    segments: segments.map(([bytes, durationMs]) => ({ bytes, durationMs })),
  };
}

/** Title, day, and number of the part. */
function nameOf(row: RecordingRow, { n, epoch_ms: epochMs }: PartRow): string {
  const [day = '', time = ''] = new Date(epochMs).toISOString().split('T');
  return `${row.title.slice(0, 80)} ${day} ${time.slice(0, 5).replace(':', '-')} ${n}.mp4`;
}
