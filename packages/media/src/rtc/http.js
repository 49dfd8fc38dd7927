import { FormatError, MAX_SDP_BYTES, parseSdpFragment } from '@kaibo/formats';
import { parseStreamAddress, StreamNameError } from '../hub/stream-name.ts';
import { iceServerLinks } from './ice.ts';
import { BodyError, readBody } from './request-body.ts';
import { clientOf } from './request-client.ts';
import { answerSrsCall } from './srs-calls.ts';
const PREFIX = '/rtc/v1/';
/** `whip-play` is SRS's older name. */
const ENDPOINTS = new Map([
  ['whip', 'publish'],
  ['whep', 'play'],
  ['whip-play', 'play'],
]);
const SRS_CALLS = new Map([
  ['publish', 'publish'],
  ['play', 'play'],
]);
const SDP = 'application/sdp';
const TRICKLE = 'application/trickle-ice-sdpfrag';
const BEARER = /^Bearer ([\w.~+/=-]{1,4096})$/;
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'POST, PATCH, DELETE, OPTIONS',
  'Access-Control-Allow-Headers': 'Authorization, Content-Type, If-Match',
  'Access-Control-Expose-Headers': 'Location, Link, ETag, Accept-Patch, Retry-After',
  'Access-Control-Max-Age': '86400',
};
/** Whether a request is for `RtcHttp`. */
export function isRtcRequest({ url = '' }) {
  return url.startsWith('/rtc/');
}
/**
 * WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep), and SRS's calls of the same, on any HTTP server. Sessions are known by
 * their secret id alone, so the port that ends one need not be the port that opened it.
 */
export class RtcHttp {
  #deps;
  constructor(deps) {
    this.#deps = deps;
  }
  async answer(request, response) {
    const url = URL.parse(request.url ?? '', 'http://media.invalid');
    const [name = '', sessionId = '', ...rest] = (url?.pathname.startsWith(PREFIX) ? url.pathname : '')
      .slice(PREFIX.length)
      .split('/');
    const intent = ENDPOINTS.get(name);
    const srsIntent = SRS_CALLS.get(name);
    try {
      if (url && intent && sessionId === '' && rest.length === 0)
        await this.#endpoint({ request, response, url, intent });
      else if (url && intent && rest.length === 0) await this.#session(request, response, sessionId);
      else if (url && srsIntent && sessionId === '') await this.#srs({ request, response, url, intent: srsIntent });
      else problem(response, { status: 404, code: 'not_found', message: 'There is nothing at this address.' });
    } catch (error) {
      this.#refuse(response, error);
    }
  }
  async #endpoint(call) {
    const { request, response, intent } = call;
    if (request.method === 'OPTIONS') return this.#options(call);
    if (request.method !== 'POST') return methodNotAllowed(response, 'POST, OPTIONS');
    if (contentType(request) !== SDP) {
      return problem(response, { status: 415, code: 'wrong_content_type', message: `Send the offer as ${SDP}.` });
    }
    const sdp = await readBody(request, { maxBytes: MAX_SDP_BYTES, timeoutMs: this.#deps.bodyMs });
    const answer = await this.#open(response, { call: 'open', intent, client: endpointClient(call, this.#deps), sdp });
    if (answer.action === 'deny') problem(response, answer);
    else created(response, answer, intent);
  }
  /** Nothing stays open for somebody who has gone before the answer. */
  async #open(response, call) {
    const leave = () => this.#deps.door.abandon(call.client.clientId);
    response.once('close', leave);
    const answer = await this.#deps.door.open(call);
    response.off('close', leave);
    if (response.destroyed) leave();
    return answer;
  }
  /** Also tells who proves to have the right which ICE servers there are (RFC 9725, 4.6); everybody else just the methods. */
  async #options(call) {
    const { response, intent } = call;
    const headers = { ...CORS, Allow: 'POST, OPTIONS', 'Accept-Post': SDP };
    if (call.request.headers['access-control-request-method'] === undefined && call.url.searchParams.has('stream')) {
      const servers = await this.#deps.door.ice(intent, endpointClient(call, this.#deps));
      if (Array.isArray(servers) && servers.length > 0) headers['Link'] = iceServerLinks(servers);
    }
    response.writeHead(204, headers).end();
  }
  async #session(request, response, sessionId) {
    const { door, bodyMs } = this.#deps;
    switch (request.method) {
      case 'OPTIONS':
        response.writeHead(204, { ...CORS, Allow: 'PATCH, DELETE, OPTIONS', 'Accept-Patch': TRICKLE }).end();
        return;
      case 'DELETE': {
        const known = await door.close(sessionId);
        if (known) response.writeHead(200, { ...CORS, 'Content-Length': 0 }).end();
        else problem(response, NO_SESSION);
        return;
      }
      case 'PATCH': {
        if (contentType(request) !== TRICKLE)
          return problem(response, {
            status: 415,
            code: 'wrong_content_type',
            message: `Send candidates as ${TRICKLE}.`,
          });
        const fragment = parseSdpFragment(await readBody(request, { maxBytes: MAX_SDP_BYTES, timeoutMs: bodyMs }));
        const patched = await door.patch({ call: 'patch', sessionId, ifMatch: request.headers['if-match'], fragment });
        if (patched.action === 'refused') return problem(response, patched);
        response.writeHead(204, CORS).end();
        return;
      }
      default:
        methodNotAllowed(response, 'PATCH, DELETE, OPTIONS');
    }
  }
  async #srs({ request, response, intent }) {
    if (request.method === 'OPTIONS') {
      response.writeHead(204, { ...CORS, Allow: 'POST, OPTIONS' }).end();
      return;
    }
    if (request.method !== 'POST') return methodNotAllowed(response, 'POST, OPTIONS');
    const text = await readBody(request, { maxBytes: 2 * MAX_SDP_BYTES, timeoutMs: this.#deps.bodyMs });
    const open = (call) => this.#open(response, call);
    const body = JSON.stringify(await answerSrsCall(open, { request, intent, text }));
    if (response.destroyed) return;
    response.writeHead(200, { ...CORS, 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
  }
  #refuse(response, error) {
    if (error instanceof BodyError) problem(response, error);
    else if (error instanceof StreamNameError)
      problem(response, { status: 400, code: error.code, message: error.message });
    else if (error instanceof FormatError)
      problem(response, { status: 400, code: 'invalid_sdp', message: `It cannot be read: ${error.message}.` });
    else throw error;
  }
}
/** The stream by the query; `Authorization: Bearer SECRET` stands for `key=` or `token=`. */
function endpointClient({ request, url, intent }, { hasOwnBearer = false }) {
  const query = new URLSearchParams(url.search);
  const app = query.get('app') ?? 'live';
  const stream = query.get('stream') ?? '';
  query.delete('app');
  query.delete('stream');
  const bearer = hasOwnBearer ? undefined : BEARER.exec(request.headers.authorization ?? '')?.[1];
  const secret = intent === 'publish' ? 'key' : 'token';
  if (bearer !== undefined && !query.has(secret)) query.set(secret, bearer);
  const param = query.size > 0 ? `?${query.toString()}` : '';
  return clientOf(request, parseStreamAddress(app, stream + param));
}
function created(response, answer, intent) {
  if (response.destroyed) return;
  const links = iceServerLinks(answer.iceServers);
  response.writeHead(201, {
    ...CORS,
    'Content-Type': SDP,
    'Content-Length': Buffer.byteLength(answer.sdp),
    Location: `${PREFIX}${intent === 'publish' ? 'whip' : 'whep'}/${answer.sessionId}`,
    ETag: answer.etag,
    'Accept-Patch': TRICKLE,
    'Cache-Control': 'no-store',
    ...(links.length > 0 ? { Link: links } : {}),
  });
  response.end(answer.sdp);
}
const NO_SESSION = { status: 404, code: 'session_not_found', message: 'There is no such session.' };
function methodNotAllowed(response, allow) {
  response.setHeader('Allow', allow);
  problem(response, { status: 405, code: 'method_not_allowed', message: `Use ${allow}.` });
}
function problem(response, { status, code, message }) {
  if (response.headersSent || response.destroyed) return;
  const body = JSON.stringify({ error: message, code });
  response.writeHead(status, {
    ...CORS,
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    ...(status === 503 ? { 'Retry-After': '1' } : {}),
    // What is left of a body that was too large is not read.
    ...(status === 413 || status === 408 ? { Connection: 'close' } : {}),
  });
  response.end(body);
}
function contentType({ headers }) {
  return (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}
