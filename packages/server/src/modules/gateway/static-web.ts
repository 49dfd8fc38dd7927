import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from './app.ts';
import { AppError } from './contract.ts';
import { answerError } from './errors.ts';
import { languageOf, MISSING_WEB_PAGE } from './words.ts';

/** Paths that are never a page of the web app, so that a wrong one is answered in JSON. */
const NOT_A_PAGE = /^\/(?:api|ws|signaling|rtc|files|assets|docs|openapi\.json|healthz|readyz|metrics)(?:[/?]|$)/;

/** What stands in the head of one page instead of the title of all; undefined where nothing does. Safe HTML. */
export type HeadOf = (request: FastifyRequest) => Promise<string | undefined>;

/** Serves the built web app from `directory`; any other GET of a page is its index, for the app routes by itself. */
export async function serveWeb(app: App, directory: string, headOf: HeadOf): Promise<void> {
  await app.register(async (pages) => addPages(pages, { directory, headOf }));
}

async function addPages(app: App, { directory, headOf }: { directory: string; headOf: HeadOf }): Promise<void> {
  const isBuilt = existsSync(join(directory, 'index.html'));
  if (isBuilt) {
    app.addHook('onRoute', (route) => {
      route.config = { ...route.config, rights: { who: 'anyone', limit: 'read' } };
      route.schema = { ...route.schema, hide: true };
    });
    await app.register(fastifyStatic, {
      root: directory,
      cacheControl: false,
      preCompressed: true,
      setHeaders: (reply, path) => {
        // Files under assets/ carry their hash in their name.
        const isHashed = path.startsWith(join(directory, 'assets'));
        reply.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });
  }
  app.setNotFoundHandler(async (request, reply) => {
    if (!wantsPage(request)) return answerError(new AppError('not_found'), request, reply);
    if (!isBuilt) return missingPage(request, reply);
    // A page that nobody can be told of now still opens, and says why by itself.
    const head = await headOf(request).catch(() => undefined);
    return head === undefined ? reply.sendFile('index.html') : sendWithHead(reply, { directory, head });
  });
}

async function sendWithHead(
  reply: FastifyReply,
  { directory, head }: { directory: string; head: string },
): Promise<FastifyReply> {
  const page = await readFile(join(directory, 'index.html'), 'utf8');
  return reply
    .type('text/html; charset=utf-8')
    .header('cache-control', 'no-cache')
    .header('vary', 'accept-language')
    .send(page.replace(/<title>[^<]*<\/title>/, () => head));
}

function wantsPage({ method, url, headers }: FastifyRequest): boolean {
  if ((method !== 'GET' && method !== 'HEAD') || NOT_A_PAGE.test(url)) return false;
  return url === '/' || (headers.accept ?? '').includes('text/html');
}

function missingPage(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const language = languageOf(request.headers['accept-language']);
  const page = `<!doctype html><html lang="${language}"><meta charset="utf-8"><title>Kaibo</title><body><h1>Kaibo</h1><p>${MISSING_WEB_PAGE[language]}</p></body></html>`;
  return reply.code(200).type('text/html; charset=utf-8').header('cache-control', 'no-store').send(page);
}
