import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { addPageHeaders } from '../../http/replies.ts';
import type { Caller, CallerOf, RouteRights } from '../gateway/contract.ts';
import type { RoomDirectory } from '../live/contract.ts';
import {
  importedSchema,
  importWordsSchema,
  listWordsSchema,
  newWordSchema,
  roomParamsSchema,
  roomEntryParamsSchema,
  successSchema,
  triedWordsSchema,
  tryWordsSchema,
  entryParamsSchema,
  wordSchema,
  wordsSchema,
} from './contract.ts';
import { adminOf, deskOf } from './desk.ts';
import type { WordBook } from './word-book.ts';
import { EVERYWHERE } from './word-store.ts';
import { tryWords } from './word-trial.ts';
import { everywhere, type WordList, type WordService } from './words.ts';

interface WordRouteDeps {
  words: WordService;
  book: WordBook;
  rooms: RoomDirectory;
  callerOf: CallerOf;
}

/** Owner tokens let people without an account use their own rooms. */
const READ: RouteRights = { who: 'anyone', limit: 'read', scope: 'rooms:read' };
const WRITE: RouteRights = { who: 'anyone', limit: 'write', scope: 'rooms:write' };
const ADMIN_READ: RouteRights = { who: 'admin', limit: 'read', scope: 'admin' };
const ADMIN_WRITE: RouteRights = { who: 'admin', limit: 'write', scope: 'admin' };
/** Of a list to import. */
const IMPORT_BYTES = 2 * 1024 * 1024;
const DONE = { success: true } as const;

const of = (summary: string, operationId: string) => ({ tags: ['moderation'], summary, operationId });

export function addWordRoutes(instance: FastifyInstance, deps: WordRouteDeps): void {
  addRoomWords(instance, deps);
  addWordsEverywhere(instance, deps);
  addWordTrial(instance, deps);
}

function addRoomWords(instance: FastifyInstance, { words, rooms, callerOf }: WordRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();
  const listOf = async (caller: Caller, roomId: string): Promise<WordList> => {
    const { room, channelId, by } = await deskOf(rooms, caller, roomId);
    return { channelId, subject: `room:${room.id}`, by };
  };

  app.get(
    '/api/rooms/:roomId/words',
    {
      config: { rights: READ },
      schema: {
        ...of("The channel's words that may not be said, for the owner and moderators", 'listWords'),
        params: roomParamsSchema,
        querystring: listWordsSchema,
        response: { 200: wordsSchema },
      },
    },
    async (request, reply) => {
      const { channelId } = await listOf(callerOf(request), request.params.roomId);
      const { words: found, total } = await words.list(channelId, request.query);
      addPageHeaders(request, reply, { ...request.query, total });
      return found;
    },
  );

  app.post(
    '/api/rooms/:roomId/words',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Add a word to those of the channel, or give it another action', 'addWord'),
        params: roomParamsSchema,
        body: newWordSchema,
        response: { 201: wordSchema },
      },
    },
    async (request, reply) => {
      const list = await listOf(callerOf(request), request.params.roomId);
      return reply.code(201).send(await words.add(list, request.body));
    },
  );

  app.delete(
    '/api/rooms/:roomId/words/:id',
    {
      config: { rights: WRITE },
      schema: {
        ...of('Take a word off those of the channel', 'removeWord'),
        params: roomEntryParamsSchema,
        response: { 200: successSchema },
      },
    },
    async (request) => {
      const { roomId, id } = request.params;
      await words.remove(await listOf(callerOf(request), roomId), { id });
      return DONE;
    },
  );
}

function addWordTrial(instance: FastifyInstance, { book }: WordRouteDeps): void {
  instance.withTypeProvider<ZodTypeProvider>().post(
    '/api/admin/words/test',
    {
      config: { rights: ADMIN_READ },
      schema: {
        ...of('What would become of a text, by the words that hold everywhere', 'tryWords'),
        body: tryWordsSchema,
        response: { 200: triedWordsSchema },
      },
    },
    async (request) => tryWords(book, request.body.text),
  );
}

function addWordsEverywhere(instance: FastifyInstance, { words, callerOf }: WordRouteDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.get(
    '/api/admin/words',
    {
      config: { rights: ADMIN_READ },
      schema: {
        ...of('Words that may not be said anywhere', 'listWordsEverywhere'),
        querystring: listWordsSchema,
        response: { 200: wordsSchema },
      },
    },
    async (request, reply) => {
      const { words: found, total } = await words.list(EVERYWHERE, request.query);
      addPageHeaders(request, reply, { ...request.query, total });
      return found;
    },
  );

  app.post(
    '/api/admin/words',
    {
      config: { rights: ADMIN_WRITE },
      schema: {
        ...of('Add a word for all channels, or give it another action', 'addWordEverywhere'),
        body: newWordSchema,
        response: { 201: wordSchema },
      },
    },
    async (request, reply) =>
      reply.code(201).send(await words.add(everywhere(adminOf(callerOf(request))), request.body)),
  );

  app.post(
    '/api/admin/words/import',
    {
      bodyLimit: IMPORT_BYTES,
      config: { rights: ADMIN_WRITE },
      schema: {
        ...of('Add many words for all channels: all of the text or none', 'importWords'),
        body: importWordsSchema,
        response: { 200: importedSchema },
      },
    },
    async (request) => words.import(everywhere(adminOf(callerOf(request))), request.body),
  );

  app.delete(
    '/api/admin/words/:id',
    {
      config: { rights: ADMIN_WRITE },
      schema: {
        ...of('Take a word off those for all channels', 'removeWordEverywhere'),
        params: entryParamsSchema,
        response: { 200: successSchema },
      },
    },
    async (request) => {
      await words.remove(everywhere(adminOf(callerOf(request))), { id: request.params.id });
      return DONE;
    },
  );
}
