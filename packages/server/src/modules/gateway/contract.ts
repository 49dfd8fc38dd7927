import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Site } from '../../engine/contract.ts';
import { ERRORS, sentence, type ErrorCode, type Language } from './words.ts';

export { type ErrorCode, type Language } from './words.ts';

/** Whether a code, such as one of the media engine, is one that we have words for. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}

/** A refusal that a person reads. Thrown anywhere, answered by the gateway in the caller's language. */
/** What is the platform's trouble and not the asker's: it passes. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  'database_unavailable',
  'state_unavailable',
  'engine_unavailable',
  'overloaded',
]);
const PASSING_SECONDS = 1;

export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, details: Readonly<Record<string, string>> = {}) {
    super(sentence(code, 'en', details));
    this.name = 'AppError';
    this.code = code;
    this.details = details;
  }

  get status(): (typeof ERRORS)[ErrorCode]['status'] {
    return ERRORS[this.code].status;
  }

  /** After which the same may be asked again; undefined for what stays refused. */
  get retryAfterSeconds(): number | undefined {
    const { seconds } = this.details;
    if (seconds !== undefined) return Number(seconds);
    return PASSING.has(this.code) ? PASSING_SECONDS : undefined;
  }

  words(language: Language): string {
    return sentence(this.code, language, this.details);
  }
}

/** Holds an access token, so that the page's own requests and sockets need none in a header or URL. */
export const ACCESS_COOKIE = 'kaibo_access';

/** What an API key may be made for. `admin` is all that an administrator may. */
export const SCOPES = ['profile:read', 'profile:write', 'rooms:read', 'rooms:write', 'chat:write', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** A person who proved who they are. */
export interface Account {
  id: string;
  username: string;
  role: 'user' | 'admin';
  /** Of the login; an API key has none. */
  sessionId?: string;
  via: 'bearer' | 'cookie' | 'apiKey';
  /** What an API key is limited to. */
  scopes?: readonly Scope[];
  /** When the proof ends, ms since the epoch. */
  expiresAtMs: number;
}

/** How a token becomes an account. Implemented by the auth module. */
export interface Authenticator {
  /**
   * An access token or an API key.
   * @throws AppError token_expired, invalid_token, account_banned
   */
  authenticate(token: string): Promise<Account>;
  /** Told on every node, at once, of logins that ended, or that may less. Returns how to leave. */
  onRevoked(listener: (revoked: Revoked) => void): () => void;
}

/** One session, or (without `sessionId`) all of a user. */
export interface Revoked {
  userId: string;
  sessionId?: string;
  /** Only those that came by it. */
  via?: Account['via'];
  /** The logins hold, with fewer rights than before: who comes back is judged anew. */
  mayReturn?: boolean;
}

/**
 * Classes of rate limit; each has its own budget (`limits` in the configuration). `media`: segments and playlists of HLS, a few
 * a second and viewer, which have none: the media proxy bounds how many are under way.
 */
export type LimitClass = 'login' | 'write' | 'read' | 'socket' | 'media';

/** What every route says of itself in `config.rights`; the gateway enforces it and does not start without it. */
export interface RouteRights {
  /** Who may call at all. What a room's owner or moderator may is decided by the module, which knows the room. */
  who: 'anyone' | 'user' | 'admin';
  limit: LimitClass;
  /** What an API key needs; without it the route takes no API key. */
  scope?: Scope;
  /** A token that is wrong or over counts as none, instead of being refused. */
  acceptsAnyToken?: boolean;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    rights?: RouteRights;
    /** Media type of a body that is no JSON, for who reads the API's description. */
    takes?: string;
  }
  interface FastifyRequest {
    /** Set by the gateway before any handler. */
    account: Account | undefined;
  }
}

/** Who asks, as far as a request or a socket's upgrade shows it. Modules judge by this and never by headers. */
export interface Caller {
  /** Proven; a cookie counts only when the page is our own. */
  account: Account | undefined;
  /** Network address, behind proxies the real one. */
  address: string;
  language: Language;
  /** Where the URLs in the answer lead. */
  site: Site;
  /**
   * On this very machine: a loopback peer, no proxy between, and addressed by a loopback name (or publicUrl's), so
   * that a page of another site cannot reach it by DNS rebinding.
   */
  local: boolean;
  /** False when a browser says that another site's page asks. */
  sameOrigin: boolean;
  /** Our own page, a page of an origin that the operator listed (`cors.origins`), or no browser. */
  mayConnect: boolean;
  /** Owner tokens: `X-Owner-Token`, and `Authorization: Bearer …` where it holds no access token or API key. */
  tokens: readonly string[];
  cookies: Readonly<Record<string, string | undefined>>;
}

/** How the other modules learn who asks. */
export type CallerOf = (request: FastifyRequest) => Caller;

/** What one socket says and hears, for AsyncAPI; the modules fill it from the schemas that they check by. */
export interface SocketDocument {
  /** Letters only. */
  name: string;
  address: string;
  summary: string;
  clientMessages: Readonly<Record<string, z.ZodType>>;
  serverMessages: Readonly<Record<string, z.ZodType>>;
}

const LOCALE_ERRORS = { zh: z.locales.zhCN().localeError, en: z.locales.en().localeError };

/** `title: 数值过小…; maxViewers: …`, in words of the caller's language. */
export function fieldWords(issues: readonly z.core.$ZodIssue[], language: Language): string {
  return issues
    .map((issue) => {
      const found =
        issue.code === 'custom'
          ? issue.message
          : LOCALE_ERRORS[language]({ ...issue, input: undefined } as z.core.$ZodRawIssue);
      const words = typeof found === 'object' ? found?.message : found;
      const path = issue.path.join('.');
      return path === '' ? (words ?? issue.message) : `${path}: ${words ?? issue.message}`;
    })
    .join('; ');
}
