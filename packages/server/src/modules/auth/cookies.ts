import type { FastifyReply, FastifyRequest } from 'fastify';
import { ACCESS_COOKIE } from '../gateway/contract.ts';
import type { Login } from './sessions.ts';

/** Goes to the login routes only. */
export const REFRESH_COOKIE = 'kaibo_refresh';
const REFRESH_PATH = '/api/auth';

/** The page's login: both out of reach of its scripts, neither sent along by other sites' pages. */
export function setLoginCookies(
  request: FastifyRequest,
  reply: FastifyReply,
  { login, sessionSeconds }: { login: Login; sessionSeconds: number },
): void {
  const secure = request.protocol === 'https';
  reply.setCookie(ACCESS_COOKIE, login.accessToken, {
    path: '/',
    httpOnly: true,
    sameSite: 'lax',
    secure,
    maxAge: login.expiresIn,
  });
  if (login.refreshToken === undefined) return;
  reply.setCookie(REFRESH_COOKIE, login.refreshToken, {
    path: REFRESH_PATH,
    httpOnly: true,
    sameSite: 'strict',
    secure,
    maxAge: sessionSeconds,
  });
}

export function clearLoginCookies(request: FastifyRequest, reply: FastifyReply): void {
  const secure = request.protocol === 'https';
  reply.clearCookie(ACCESS_COOKIE, { path: '/', httpOnly: true, sameSite: 'lax', secure });
  reply.clearCookie(REFRESH_COOKIE, { path: REFRESH_PATH, httpOnly: true, sameSite: 'strict', secure });
}
