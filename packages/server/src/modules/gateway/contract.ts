import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Site } from '../../engine/contract.ts';
import { ERRORS, sentence, type ErrorCode, type Language } from './words.ts';

export { type ErrorCode, type Language } from './words.ts';

/** A refusal that a person reads. Thrown anywhere, answered by the gateway in the caller's language. */
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

  words(language: Language): string {
    return sentence(this.code, language, this.details);
  }
}

/** Who asks, as far as a request or a socket's upgrade shows it. Modules judge by this and never by headers. */
export interface Caller {
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
  /** `Authorization: Bearer …` and `X-Owner-Token`, as sent. */
  tokens: readonly string[];
  cookies: Readonly<Record<string, string | undefined>>;
}

/** How the other modules learn who asks. */
export type CallerOf = (request: FastifyRequest) => Caller;

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
