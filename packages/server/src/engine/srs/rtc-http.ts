import { MAX_SDP_BYTES } from '@kaibo/formats';
import { z } from 'zod';
import type { Denial } from '../contract.ts';
import type { EngineRtcHttp, RtcHttpRefusal, RtcHttpReply, RtcHttpRequest } from '../rtc-http.ts';
import type { SrsOpened, SrsRtcExchange } from './rtc-exchange.ts';
import type { RtcIntent } from './rtc-offer.ts';

const PREFIX = '/rtc/v1/';
/** `whip-play` is SRS's older name. */
const ENDPOINTS: ReadonlyMap<string, RtcIntent> = new Map([
  ['whip', 'publish'],
  ['whep', 'play'],
  ['whip-play', 'play'],
]);
/** What SRS's demo players and older SDKs send: `{streamurl, sdp}`, answered 200 with a `code`. */
const SRS_CALLS: ReadonlyMap<string, RtcIntent> = new Map([
  ['publish', 'publish'],
  ['play', 'play'],
]);
const SDP = 'application/sdp';
const BEARER = /^Bearer ([\w.~+/=-]{1,4096})$/;
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'POST, DELETE, OPTIONS',
  'Access-Control-Allow-Headers': 'Authorization, Content-Type, If-Match',
  'Access-Control-Expose-Headers': 'Location, Retry-After',
  'Access-Control-Max-Age': '86400',
};
const SrsCall = z.object({ streamurl: z.string().max(4096), sdp: z.string().min(1) });

/** `/rtc/` of a platform whose media SRS carries. */
export class SrsRtcHttp implements EngineRtcHttp {
  readonly #exchange: SrsRtcExchange;

  constructor(exchange: SrsRtcExchange) {
    this.#exchange = exchange;
  }

  async answer(request: RtcHttpRequest): Promise<RtcHttpReply> {
    const url = URL.parse(request.url, 'http://platform.invalid');
    const path = url?.pathname.startsWith(PREFIX) === true ? url.pathname.slice(PREFIX.length) : '';
    const [name = '', id = '', ...rest] = path.split('/');
    const intent = ENDPOINTS.get(name);
    const srsIntent = SRS_CALLS.get(name);
    if (url === null || rest.length > 0) return NOTHING_HERE;
    if (intent !== undefined && id === '') return this.#endpoint(request, { url, intent });
    if (srsIntent !== undefined && id === '') return this.#srsCall(request, srsIntent);
    if (name === 'session' && id !== '') return this.#session(request, id);
    return NOTHING_HERE;
  }

  async #endpoint(request: RtcHttpRequest, { url, intent }: { url: URL; intent: RtcIntent }): Promise<RtcHttpReply> {
    if (request.method === 'OPTIONS') return noContent({ Allow: 'POST, OPTIONS', 'Accept-Post': SDP });
    if (request.method !== 'POST') return notAllowed('POST, OPTIONS');
    if (mediaType(request) !== SDP)
      return refused({ status: 415, code: 'wrong_content_type', message: `Send the offer as ${SDP}.` });
    const sdp = textOf(request);
    if (sdp === undefined) return TOO_LARGE;
    const { app, stream, param } = target(url, { intent, authorization: request.authorization });
    const opened = await this.#open(request, { app, stream, param, intent, sdp });
    if (opened.action === 'deny') return refused(opened);
    return {
      status: 201,
      headers: {
        ...CORS,
        'Content-Type': SDP,
        Location: `${PREFIX}session/${opened.sessionId}`,
        'Cache-Control': 'no-store',
      },
      body: opened.sdp,
    };
  }

  async #srsCall(request: RtcHttpRequest, intent: RtcIntent): Promise<RtcHttpReply> {
    if (request.method === 'OPTIONS') return noContent({ Allow: 'POST, OPTIONS' });
    if (request.method !== 'POST') return notAllowed('POST, OPTIONS');
    const text = textOf(request);
    if (text === undefined) return TOO_LARGE;
    const call = SrsCall.safeParse(jsonOf(text));
    const url = call.success ? URL.parse(call.data.streamurl) : null;
    if (!call.success || url === null) return srsReply({ code: 400, error: 'streamurl and sdp are needed, as JSON.' });
    const [app = '', stream = '', ...rest] = url.pathname.replace(/^\/+/, '').split('/');
    if (rest.length > 0) return srsReply({ code: 400, error: 'streamurl is webrtc://HOST/APP/STREAM.' });
    const opened = await this.#open(request, { app, stream, param: url.search, intent, sdp: call.data.sdp });
    if (opened.action === 'deny') return srsReply({ code: opened.status, error: opened.message });
    return srsReply({ code: 0, server: 'kaibo', sdp: opened.sdp, sessionid: opened.sessionId });
  }

  /** SRS takes neither candidates nor another ICE session: both are answered as RFC 9725, section 4.3.1, has it. */
  async #session({ method }: RtcHttpRequest, id: string): Promise<RtcHttpReply> {
    if (method === 'OPTIONS') return noContent({ Allow: 'DELETE, OPTIONS' });
    if (method !== 'DELETE') return notAllowed('DELETE, OPTIONS');
    if (!(await this.#exchange.close(id))) return NO_SESSION;
    return { status: 200, headers: { ...CORS, 'Content-Length': '0' } };
  }

  /** Nothing stays open for somebody who has gone before the answer. */
  async #open(
    { address, gone }: RtcHttpRequest,
    offer: { app: string; stream: string; param: string; intent: RtcIntent; sdp: string },
  ): Promise<SrsOpened> {
    const opened = await this.#exchange.exchange({ ...offer, address });
    if (opened.action === 'answer' && gone.aborted) await this.#exchange.close(opened.sessionId);
    return opened;
  }
}

/** The stream by the query; `Authorization: Bearer SECRET` stands for `key=` or `token=`. */
function target(
  { search }: URL,
  { intent, authorization = '' }: { intent: RtcIntent; authorization: string | undefined },
): { app: string; stream: string; param: string } {
  const query = new URLSearchParams(search);
  const [app, stream] = [query.get('app') ?? 'live', query.get('stream') ?? ''];
  const bearer = BEARER.exec(authorization)?.[1];
  const right = intent === 'publish' ? 'key' : 'token';
  if (bearer !== undefined && !query.has(right)) query.set(right, bearer);
  query.delete('app');
  query.delete('stream');
  return { app, stream, param: query.size > 0 ? `?${query.toString()}` : '' };
}

function textOf({ body }: RtcHttpRequest): string | undefined {
  if (body === undefined) return '';
  return body.length > 2 * MAX_SDP_BYTES ? undefined : Buffer.from(body).toString('utf8');
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function mediaType({ contentType = '' }: RtcHttpRequest): string {
  return contentType.split(';')[0]?.trim().toLowerCase() ?? '';
}

function noContent(headers: Record<string, string>): RtcHttpReply {
  return { status: 204, headers: { ...CORS, ...headers } };
}

function srsReply(body: { code: 0; server: string; sdp: string; sessionid: string } | { code: number; error: string }) {
  return { status: 200, headers: { ...CORS, 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
}

function refused(
  { status, code, message }: RtcHttpRefusal | Denial,
  headers: Record<string, string> = {},
): RtcHttpReply {
  const retry: Record<string, string> = status === 503 ? { 'Retry-After': '1' } : {};
  return {
    status,
    headers: { ...CORS, 'Cache-Control': 'no-store', ...retry, ...headers },
    refusal: { status, code, message },
  };
}

function notAllowed(allow: string): RtcHttpReply {
  return refused({ status: 405, code: 'method_not_allowed', message: `Use ${allow}.` }, { Allow: allow });
}

const NOTHING_HERE = refused({ status: 404, code: 'not_found', message: 'There is nothing at this address.' });
const NO_SESSION = refused({ status: 404, code: 'no_media_session', message: 'There is no such session.' });
const TOO_LARGE = refused({
  ...{ status: 413, code: 'body_too_large' },
  message: `An offer may have ${MAX_SDP_BYTES} characters.`,
});
