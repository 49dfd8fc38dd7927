import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import {
  ACCESS_COOKIE,
  AppError,
  type Account,
  type Authenticator,
  type CallerOf,
  type RouteRights,
} from './contract.ts';

/** Begins every API key; what begins like neither an API key nor a JWT is an owner token. */
export const API_KEY_PREFIX = 'kbk_';

/** A bearer value that must prove an account, or undefined. */
export function accountTokenOf(bearer: string | undefined): string | undefined {
  return bearer !== undefined && (bearer.startsWith(API_KEY_PREFIX) || bearer.split('.').length === 3)
    ? bearer
    : undefined;
}

export function bearerOf(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
}

/**
 * Sets `request.account` and enforces what each route says in `config.rights`. A route that says nothing stops the
 * start. A bearer token that is wrong is refused everywhere; a cookie that is wrong or comes from another site's page
 * is as none.
 */
export function enforceRights(
  app: FastifyInstance,
  {
    authenticator,
    callerOf,
    countRefusal,
  }: {
    authenticator: Authenticator;
    callerOf: CallerOf;
    /** Of a wrong token: whoever sends many is refused before they are looked at. */
    countRefusal(request: FastifyRequest, reply: FastifyReply): Promise<void>;
  },
): void {
  app.decorateRequest('account', undefined);
  const routes: RouteOptions[] = [];
  app.addHook('onRoute', (route) => void routes.push(route));
  app.addHook('onReady', async () => {
    const silent = routes.filter(({ config }) => config?.rights === undefined);
    if (silent.length === 0) return;
    const names = silent.map(({ method, url }) => `${String(method)} ${url}`).join(', ');
    throw new Error(`routes that do not say who may call them: ${names}`);
  });
  app.addHook('onRequest', async (request, reply) => {
    const { rights } = request.routeOptions.config;
    try {
      request.account = await accountOf(request, { authenticator, callerOf });
    } catch (error) {
      if (error instanceof AppError && error.status === 401) await countRefusal(request, reply);
      throw error;
    }
    if (rights !== undefined) assertMayCall(rights, request.account);
  });
}

async function accountOf(
  request: FastifyRequest,
  { authenticator, callerOf }: { authenticator: Authenticator; callerOf: CallerOf },
): Promise<Account | undefined> {
  const bearer = accountTokenOf(bearerOf(request.headers.authorization));
  if (bearer !== undefined && request.routeOptions.config.rights?.acceptsAnyToken !== true)
    return authenticator.authenticate(bearer);
  const cookie = callerOf(request).sameOrigin ? request.cookies[ACCESS_COOKIE] : undefined;
  const token = bearer ?? cookie;
  if (token === undefined) return undefined;
  try {
    const account = await authenticator.authenticate(token);
    return bearer === undefined ? { ...account, via: 'cookie' } : account;
  } catch (error) {
    if (error instanceof AppError && error.status < 500) return undefined;
    throw error;
  }
}

function assertMayCall({ who, scope }: RouteRights, account: Account | undefined): void {
  if (who !== 'anyone' && account === undefined) throw new AppError('login_required');
  if (who === 'admin' && account?.role !== 'admin') throw new AppError('forbidden');
  const scopes = account?.scopes;
  if (scopes === undefined) return;
  const isAllowed = scope !== undefined && (scopes.includes(scope) || scopes.includes('admin'));
  if (!isAllowed && (who !== 'anyone' || scope !== undefined)) throw new AppError('key_scope');
}
