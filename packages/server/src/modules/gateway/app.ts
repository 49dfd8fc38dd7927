import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import cookie from '@fastify/cookie';
import {
  fastify,
  LogController,
  type FastifyBaseLogger,
  type FastifyHttpOptions,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerFactory,
} from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { hostName } from './caller.ts';
import { logAccess, nameAsker, spanRequests, type AccessLogOptions } from './access-log.ts';
import { allowOrigins } from './cors.ts';
import { AppError, type Authenticator } from './contract.ts';
import { answerError } from './errors.ts';
import { describeApi } from './openapi.ts';
import { limitRates, refuseWhatCannotBeDone, type Protection } from './protection.ts';
import { enforceRights } from './rights.ts';
import { assertSecretsAreKnown } from './secrets.ts';
import type { Tracer } from '../../http/trace.ts';
import { addSecurityHeaders, type SecurityDeps } from './security.ts';
import { traceRequests } from './trace-requests.ts';

const BODY_LIMIT_BYTES = 64 * 1024;
const REQUEST_ID = /^[\w.-]{1,64}$/;

export type App = FastifyInstance;

export interface GatewayDeps extends SecurityDeps, AccessLogOptions {
  authenticator: Authenticator;
  logger: FastifyBaseLogger;
  trustProxy: boolean | number | string[];
  serverFactory: FastifyServerFactory;
  protection: Protection;
  /** Left out, nothing is traced. */
  tracer?: Tracer;
  /** Other origins whose pages may call. */
  allowedOrigins: readonly string[];
}

/** The one front of every request: ids, host check, JSON only, security headers, errors in one shape. */
export async function createGateway({
  logger,
  trustProxy,
  serverFactory,
  authenticator,
  callerOf,
  connectOrigins,
  storageOrigins,
  frameAncestors,
  protection,
  allowedOrigins,
  access,
  tracer,
}: GatewayDeps): Promise<App> {
  const options: FastifyHttpOptions<Server, FastifyBaseLogger> = {
    loggerInstance: logger,
    trustProxy: typeof trustProxy === 'number' ? (_address, hop) => hop < trustProxy : trustProxy,
    serverFactory,
    bodyLimit: BODY_LIMIT_BYTES,
    logController: new LogController({ disableRequestLogging: true }),
    requestIdHeader: false,
    genReqId: ({ headers }) => {
      const given = trustProxy === false ? undefined : headers['x-request-id'];
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomBytes(8).toString('hex');
    },
    frameworkErrors: (error, request, reply) => answerError(error, request, reply),
  };
  const app = fastify(options);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(answerError);
  acceptJsonOnly(app);
  if (tracer !== undefined) traceRequests(app, tracer);
  spanRequests(app);
  await app.register(cookie);
  // First, so that refusals carry them too.
  await addSecurityHeaders(app, { callerOf, connectOrigins, storageOrigins, frameAncestors });
  await allowOrigins(app, allowedOrigins);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
    if (hostName(request.host) === undefined) throw new AppError('invalid_host');
  });
  refuseWhatCannotBeDone(app, protection);
  const countRefusal = (request: FastifyRequest, reply: FastifyReply): Promise<void> =>
    protection.limits.take('read', request, reply);
  enforceRights(app, { authenticator, callerOf, countRefusal });
  nameAsker(app);
  limitRates(app, protection);
  logAccess(app, { access });
  assertSecretsAreKnown(app);
  await describeApi(app);
  return app;
}

/** Anything but JSON is 415; an empty body is no body, for many clients send the type with every POST. */
function acceptJsonOnly(app: App): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else
      void parse(request, String(body), (error, value) =>
        error === null ? done(null, value) : done(new AppError('invalid_json')),
      );
  });
}
