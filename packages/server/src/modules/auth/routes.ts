import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { AppError, type Account, type CallerOf, type RouteRights } from '../gateway/contract.ts';
import type { Accounts } from './accounts.ts';
import { clearLoginCookies, REFRESH_COOKIE, setLoginCookies } from './cookies.ts';
import {
  loginAnswerSchema,
  loginSchema,
  passwordChangeSchema,
  refreshSchema,
  registerSchema,
  resetConfirmSchema,
  resetRequestSchema,
  setupSchema,
  successSchema,
  verifyAnswerSchema,
  type LoginAnswer,
} from './contract.ts';
import type { Resets } from './resets.ts';
import type { AuthService } from './service.ts';
import type { Login, Sessions } from './sessions.ts';
import type { AccountStore, UserRow } from './store.ts';

const TAGS = ['auth'];
const LOGIN: RouteRights = { who: 'anyone', limit: 'login' };
const OWN_LOGIN: RouteRights = { who: 'user', limit: 'login' };

export interface AuthRoutesDeps {
  service: AuthService;
  accounts: Accounts;
  sessions: Sessions;
  resets: Resets;
  store: AccountStore;
  callerOf: CallerOf;
  sessionSeconds: number;
}

/** Register, log in, stay logged in, log out, and get back in. */
export function addAuthRoutes(instance: FastifyInstance, deps: AuthRoutesDeps): void {
  addSetupRoute(instance, deps);
  addLoginRoutes(instance, deps);
  addLogoutRoutes(instance, deps);
  addPasswordRoutes(instance, deps);
}

function addSetupRoute(instance: FastifyInstance, { accounts, callerOf }: AuthRoutesDeps): void {
  instance.withTypeProvider<ZodTypeProvider>().get(
    '/api/auth/setup',
    {
      config: { rights: { who: 'anyone', limit: 'read' } },
      schema: {
        tags: TAGS,
        summary: 'What registering asks of the caller',
        operationId: 'getSetup',
        response: { 200: setupSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return accounts.setup(callerOf(request));
    },
  );
}

function addLoginRoutes(
  instance: FastifyInstance,
  { service, accounts, sessions, callerOf, sessionSeconds }: AuthRoutesDeps,
): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  const answer = (request: FastifyRequest, reply: FastifyReply, login: Login): LoginAnswer =>
    answerLogin(request, reply, { login, sessionSeconds });

  app.post(
    '/api/auth/register',
    {
      config: { rights: LOGIN },
      schema: {
        tags: TAGS,
        summary: 'Make an account and log in; the first one is the administrator',
        operationId: 'register',
        body: registerSchema,
        response: { 201: loginAnswerSchema },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      if (!caller.mayConnect) throw new AppError('cross_site');
      const user = await accounts.register(caller, request.body);
      const login = await sessions.begin(user, caller, request.headers['user-agent'] ?? '');
      return reply.code(201).send(answer(request, reply, login));
    },
  );

  app.post(
    '/api/auth/login',
    {
      config: { rights: LOGIN },
      schema: {
        tags: TAGS,
        summary: 'Log in by user name or mail address',
        operationId: 'login',
        body: loginSchema,
        response: { 200: loginAnswerSchema },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      // Or another site could log its visitors in as somebody else.
      if (!caller.mayConnect) throw new AppError('cross_site');
      return answer(request, reply, await service.login(caller, request.body, request.headers['user-agent'] ?? ''));
    },
  );

  app.post(
    '/api/auth/refresh',
    {
      // Every tab behind one address does this every quarter of an hour; there is nothing here to guess.
      config: { rights: { who: 'anyone', limit: 'write' } },
      schema: {
        tags: TAGS,
        summary: 'A new access token for the refresh token, which is replaced too',
        operationId: 'refresh',
        body: refreshSchema,
        response: { 200: loginAnswerSchema },
      },
    },
    async (request, reply) => {
      const cookie = callerOf(request).sameOrigin ? request.cookies[REFRESH_COOKIE] : undefined;
      try {
        const login = await sessions.refresh(request.body?.refreshToken ?? cookie);
        const shown = request.body?.returnRefreshToken === true ? login.refreshToken : undefined;
        return { ...answer(request, reply, login), refreshToken: shown };
      } catch (error) {
        if (error instanceof AppError && error.status === 401) clearLoginCookies(request, reply);
        throw error;
      }
    },
  );
}

/** Gives the cookies along with the answer, which no cache may keep. */
function answerLogin(
  request: FastifyRequest,
  reply: FastifyReply,
  { login, sessionSeconds }: { login: Login; sessionSeconds: number },
): LoginAnswer {
  reply.header('cache-control', 'no-store');
  setLoginCookies(request, reply, { login, sessionSeconds });
  return { accessToken: login.accessToken, expiresIn: login.expiresIn, user: accountView(login.user) };
}

/** Ending logins, and asking whose one is. */
function addLogoutRoutes(instance: FastifyInstance, { sessions, store, callerOf }: AuthRoutesDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.post(
    '/api/auth/logout',
    {
      config: { rights: { who: 'anyone', limit: 'write', acceptsAnyToken: true } },
      schema: { tags: TAGS, summary: 'End this login', operationId: 'logout', response: { 200: successSchema } },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const { account } = request;
      if (account?.via === 'apiKey') throw new AppError('key_scope');
      const cookie = caller.sameOrigin ? request.cookies[REFRESH_COOKIE] : undefined;
      const login =
        account?.sessionId === undefined
          ? await sessions.ownerOf(cookie)
          : { userId: account.id, sessionId: account.sessionId };
      if (login !== undefined) await sessions.end(login);
      clearLoginCookies(request, reply);
      return { success: true } as const;
    },
  );

  app.post(
    '/api/auth/logout-all',
    {
      config: { rights: { who: 'user', limit: 'write' } },
      schema: {
        tags: TAGS,
        summary: 'End every login of the account',
        operationId: 'logoutAll',
        response: { 200: successSchema },
      },
    },
    async (request, reply) => {
      clearLoginCookies(request, reply);
      await sessions.end({ userId: accountOf(request).id });
      return { success: true } as const;
    },
  );

  app.get(
    '/api/auth/verify',
    {
      // A wrong token is an answer here, not a refusal.
      config: { rights: { who: 'anyone', limit: 'read', scope: 'profile:read', acceptsAnyToken: true } },
      schema: {
        tags: TAGS,
        summary: 'Who the caller is, or null',
        operationId: 'verify',
        response: { 200: verifyAnswerSchema },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      const user = request.account === undefined ? undefined : await store.find(request.account.id);
      return { user: user === undefined ? null : accountView(user) };
    },
  );
}

function addPasswordRoutes(instance: FastifyInstance, { service, resets, callerOf }: AuthRoutesDeps): void {
  const app = instance.withTypeProvider<ZodTypeProvider>();

  app.put(
    '/api/auth/password',
    {
      config: { rights: OWN_LOGIN },
      schema: {
        tags: TAGS,
        summary: 'Change the password; every other login ends',
        operationId: 'changePassword',
        body: passwordChangeSchema,
        response: { 200: successSchema },
      },
    },
    async (request) => {
      const { current, new: next } = request.body;
      await service.changePassword(accountOf(request), { current, next, address: callerOf(request).address });
      return { success: true } as const;
    },
  );

  app.post(
    '/api/auth/reset',
    {
      config: { rights: LOGIN },
      schema: {
        tags: TAGS,
        summary: 'Ask for a reset link by mail; the answer is the same whether or not there is such an account',
        operationId: 'requestReset',
        body: resetRequestSchema,
        response: { 200: successSchema },
      },
    },
    async (request) => {
      const { username, email } = request.body;
      resets.request(username ?? email ?? '', callerOf(request).language);
      return { success: true } as const;
    },
  );

  app.post(
    '/api/auth/reset/confirm',
    {
      config: { rights: LOGIN },
      schema: {
        tags: TAGS,
        summary: 'Set a new password by a reset link; every login ends',
        operationId: 'confirmReset',
        body: resetConfirmSchema,
        response: { 200: successSchema },
      },
    },
    async (request) => {
      await resets.confirm({ ...request.body, address: callerOf(request).address });
      return { success: true } as const;
    },
  );
}

/** Of a route that the gateway lets accounts through to only. */
export function accountOf({ account }: FastifyRequest): Account {
  if (account === undefined) throw new AppError('login_required');
  return account;
}

export function accountView({ id, username, name, avatar, role }: UserRow): LoginAnswer['user'] {
  return { id, username, name, avatar: avatar ?? undefined, role };
}
