import type { FastifyError, FastifyReply, FastifyRequest, FastifySchemaValidationError } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { DatabaseUnavailableError } from '../../database/errors.ts';
import { EngineUnavailableError } from '../../engine/contract.ts';
import { StateUnavailableError } from '../../state/contract.ts';
import { AppError, fieldWords, type ErrorCode } from './contract.ts';
import { languageOf, type Language } from './words.ts';

/** Fastify's own refusals by their code. */
const FASTIFY_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_INVALID_JSON_BODY: 'invalid_json',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'bad_request',
  FST_ERR_BAD_URL: 'bad_request',
  FST_ERR_NOT_FOUND: 'not_found',
};

/** When a client may ask again that was answered 503. */
const RETRY_AFTER_S = 2;

/** Answers every error as `{error, code, requestId}`. Only our own faults are logged as errors. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const language = languageOf(request.headers['accept-language']);
  const refusal = toAppError(error, language);
  if (refusal.code === 'internal') request.log.error({ err: error }, 'request failed');
  if (refusal.status === 503 && !reply.hasHeader('retry-after')) reply.header('retry-after', RETRY_AFTER_S);
  const { seconds } = refusal.details;
  if (seconds !== undefined) reply.header('retry-after', seconds);
  void reply.code(refusal.status).send(errorBody(refusal, { language, requestId: request.id }));
}

export interface ErrorBody {
  error: string;
  code: string;
  requestId: string;
}

export function errorBody(
  refusal: AppError,
  { language, requestId }: { language: Language; requestId: string },
): ErrorBody {
  return { error: refusal.words(language), code: refusal.code, requestId };
}

function toAppError(error: unknown, language: Language): AppError {
  if (error instanceof AppError) return error;
  if (
    error instanceof DatabaseUnavailableError ||
    error instanceof StateUnavailableError ||
    error instanceof EngineUnavailableError
  )
    return new AppError(error.code);
  if (hasZodFastifySchemaValidationErrors(error)) {
    return new AppError('invalid_request', { fields: fieldWords(error.validation.map(issueOf), language) });
  }
  if (error instanceof z.ZodError)
    return new AppError('invalid_request', { fields: fieldWords(error.issues, language) });
  const { code, statusCode } = error as Partial<FastifyError>;
  const known = code === undefined ? undefined : FASTIFY_CODES[code];
  if (known !== undefined) return new AppError(known);
  return new AppError(statusCode !== undefined && statusCode >= 400 && statusCode < 500 ? 'bad_request' : 'internal');
}

/** Back from the type provider's form to zod's own issue, which the locales can word. */
function issueOf(validation: FastifySchemaValidationError): z.core.$ZodIssue {
  const path = validation.instancePath.split('/').filter((part) => part !== '');
  return { ...validation.params, code: validation.keyword, path, message: validation.message } as z.core.$ZodIssue;
}
