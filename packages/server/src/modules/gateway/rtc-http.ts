import type { FastifyReply, FastifyRequest } from 'fastify';
import type { EngineRtcHttp, RtcHttpReply } from '../../engine/contract.ts';
import { AppError, isErrorCode, type CallerOf } from './contract.ts';

/** Offers of WebRTC for an engine that the platform speaks for: its answer as it is, its refusals in our words. */
export async function answerRtc(
  { rtc, callerOf }: { rtc: EngineRtcHttp; callerOf: CallerOf },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { address, language } = callerOf(request);
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  const answer = await rtc.answer({
    method: request.method,
    url: request.raw.url ?? '',
    contentType: request.headers['content-type'],
    authorization: request.headers.authorization,
    address,
    body: Buffer.isBuffer(request.body) ? request.body : undefined,
    gone: gone.signal,
  });
  // Whoever left meanwhile is told nothing.
  if (reply.raw.destroyed) return reply.hijack();
  return reply
    .code(answer.status)
    .headers(answer.headers)
    .send(
      answer.refusal === undefined ? answer.body : refusalBody(answer.refusal, { language, requestId: request.id }),
    );
}

function refusalBody(
  { code, message }: NonNullable<RtcHttpReply['refusal']>,
  { language, requestId }: { language: 'zh' | 'en'; requestId: string },
): { error: string; code: string; requestId: string } {
  const error = isErrorCode(code) ? new AppError(code).words(language) : message;
  return { error, code, requestId };
}
