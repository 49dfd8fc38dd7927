import { randomBytes, randomUUID } from 'node:crypto';
import type { Denial, EngineHandler, PublicEngineClient, RtcOffer, RtcSignaling, StreamName } from '../contract.ts';
import { answeredLines, deny, offerProblem, type RtcIntent } from './rtc-offer.ts';
import { SessionSeal, type RtcSession } from './rtc-session.ts';
import { sendToSrs, type SrsReply, type SrsSend } from './rtc-send.ts';

/** SRS says with which query it was asked: by this one a hook is known to belong to a session. */
const TAG = 'kaibo';
const TAG_BYTES = 12;
/** How long a session can be ended by its address. */
const SESSION_MS = 24 * 3_600_000;
/** SRS asks its hook, which is the platform, before it answers. */
const ANSWER_MS = 10_000;
/** How long after SRS's answer another node may tell which client it was. */
const LATE_MS = 2000;
/** Offers that wait for SRS's answer; more are refused. */
const MAX_WAITING = 500;
/** Sessions of the platform's signaling whose end is told. */
const MAX_SIGNALED = 20_000;
const TAG_VALUE = /^[\w-]{16}$/;
const STREAM_NAME = /^[A-Za-z0-9][\w.-]{0,127}$/;
/** Rights are signed or random text of these. */
const RIGHT = /^[\w.~+/=-]{1,4096}$/;
const RIGHTS_OF: Readonly<Record<RtcIntent, readonly string[]>> = { publish: ['key'], play: ['token', 'vid'] };
const PASSED_STATUSES: ReadonlySet<number> = new Set([400, 401, 403, 404, 406, 409] satisfies Denial['status'][]);

export interface SrsRtcDeps {
  /** Undefined while the engine is not open. */
  handler(): EngineHandler | undefined;
  /** Base of the API of where a stream is published to, or is. */
  apiOf(intent: RtcIntent, stream: StreamName): string;
  /** The header's value; SRS asks for none under `/rtc/`, Kaibo's own media server does. */
  authorization?: string;
  /** Ends a client whose session has no address. */
  kick(clientId: string): Promise<boolean>;
  /** Shared by all nodes; what ids of sessions are sealed with. */
  secret: string;
  /** To the other nodes, which may have opened the session. */
  tell(news: RtcNews): Promise<void>;
  now(): number;
  send?: SrsSend;
}

export type SrsOpened = { action: 'answer'; sessionId: string; sdp: string } | Denial;

/** What hooks told of a session, for the most part before SRS answered. */
interface Heard {
  clientId?: string;
  denial?: Denial;
}

interface Waiting extends Heard {
  /** Of a session of `open` that SRS has answered. */
  sessionId?: string;
}

/** What a node that hooks reach tells the others, one of which has opened the session. */
export type RtcNews = ({ type: 'heard'; tag: string } & Heard) | { type: 'ended'; clientId: string; reason: string };

/**
 * Offers of WebRTC to SRS: the platform judges right and description first, then asks in a query of its own making, for
 * SRS reads `eip`, `dtls`, `encrypt` and `codec` from whatever it is sent.
 */
export class SrsRtcExchange implements RtcSignaling {
  readonly #deps: SrsRtcDeps;
  readonly #send: SrsSend;
  readonly #seal: SessionSeal;
  readonly #waiting = new Map<string, Waiting>();
  /** Of `open`, by SRS's id of the client. */
  readonly #signaled = new Map<string, string>();
  readonly #listeners = new Set<(sessionId: string, reason: string) => void>();

  constructor(deps: SrsRtcDeps) {
    this.#deps = deps;
    this.#send = deps.send ?? sendToSrs;
    this.#seal = new SessionSeal(deps.secret);
  }

  async open(offer: RtcOffer): Promise<SrsOpened> {
    return this.#open(offer, { isSignaled: true });
  }

  /** The same for whoever keeps the session's id as an address, and is told of its end by its own connection. */
  async exchange(offer: RtcOffer): Promise<SrsOpened> {
    return this.#open(offer, { isSignaled: false });
  }

  /** SRS needs no candidates of clients: it is reached, and answers to where it was. */
  async trickle(sessionId: string): Promise<boolean> {
    return this.#seal.open(sessionId, this.#deps.now()) !== undefined;
  }

  async close(sessionId: string): Promise<boolean> {
    const session = this.#seal.open(sessionId, this.#deps.now());
    if (session === undefined) return false;
    if (session.clientId !== undefined) this.#signaled.delete(session.clientId);
    await this.#hangUp(session);
    return true;
  }

  onClosed(listener: (sessionId: string, reason: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A hook came: the query that SRS was asked with, and what it is answered. Before it is, so that who asked SRS knows. */
  async heard(param: string, heard: Heard): Promise<void> {
    const tag = new URLSearchParams(param).get(TAG) ?? '';
    if (!TAG_VALUE.test(tag) || this.#take(tag, heard)) return;
    await this.#deps.tell({ type: 'heard', tag, ...heard });
  }

  /** A client of SRS is gone, whoever ended it; of one that came by WebRTC another node may have opened the session. */
  async ended({ clientId, protocol }: PublicEngineClient, reason: string): Promise<void> {
    const isOwn = this.#end(clientId, reason);
    if (!isOwn && protocol === 'webrtc') await this.#deps.tell({ type: 'ended', clientId, reason });
  }

  /** By another node, of a session that may be one of this. */
  told(news: RtcNews): void {
    if (news.type === 'ended') this.#end(news.clientId, news.reason);
    else this.#take(news.tag, { clientId: news.clientId, denial: news.denial });
  }

  #take(tag: string, heard: Heard): boolean {
    const waiting = this.#waiting.get(tag);
    if (waiting === undefined) return false;
    Object.assign(waiting, heard);
    this.#follow(waiting);
    return true;
  }

  #end(clientId: string, reason: string): boolean {
    const sessionId = this.#signaled.get(clientId);
    if (sessionId === undefined) return false;
    this.#signaled.delete(clientId);
    for (const listener of this.#listeners) listener(sessionId, reason);
    return true;
  }

  async #open(offer: RtcOffer, { isSignaled }: { isSignaled: boolean }): Promise<SrsOpened> {
    if (this.#waiting.size >= MAX_WAITING) return UNAVAILABLE;
    const tag = randomBytes(TAG_BYTES).toString('base64url');
    const waiting: Waiting = {};
    this.#waiting.set(tag, waiting);
    try {
      const problem = this.#problem(offer) ?? (await this.#judge(offer));
      const opened = problem ?? (await this.#ask(offer, { tag, heard: waiting }));
      if (isSignaled && opened.action === 'answer') waiting.sessionId = opened.sessionId;
      this.#follow(waiting);
      return opened;
    } finally {
      const isLate = waiting.sessionId !== undefined && waiting.clientId === undefined;
      if (isLate) setTimeout(() => this.#waiting.delete(tag), LATE_MS).unref();
      else this.#waiting.delete(tag);
    }
  }

  #problem({ app, stream, sdp, intent }: RtcOffer): Denial | undefined {
    if (!STREAM_NAME.test(app) || !STREAM_NAME.test(stream))
      return deny(400, 'invalid_stream_name', 'The stream has no proper name.');
    return offerProblem(sdp, intent);
  }

  /** SRS asks again by its hook, which is when places are taken. */
  async #judge({ app, stream, address, intent, param }: RtcOffer): Promise<Denial | undefined> {
    const handler = this.#deps.handler();
    if (handler === undefined) return UNAVAILABLE;
    const client = { app, stream, address, param, clientId: randomUUID(), protocol: 'webrtc', isTrial: true };
    const verdict = await (intent === 'publish' ? handler.authorizePublish(client) : handler.authorizePlay(client));
    return verdict.action === 'deny' ? verdict : undefined;
  }

  async #ask(offer: RtcOffer, { tag, heard }: { tag: string; heard: Heard }): Promise<SrsOpened> {
    const { intent, address, sdp } = offer;
    const api = this.#deps.apiOf(intent, offer).replace(/\/+$/, '');
    const headers = {
      ...this.#authorization(),
      'Content-Type': 'application/sdp',
      'Content-Length': String(Buffer.byteLength(sdp)),
      // Whom SRS names in its hooks and lists. Of X-Real-IP it would take what stands before the first colon.
      'X-Forwarded-For': address,
    };
    const endpoint = intent === 'publish' ? 'whip' : 'whep';
    const url = `${api}/rtc/v1/${endpoint}/?${queryOf(offer, tag)}`;
    const reply = await this.#send({ method: 'POST', url, headers, body: sdp, timeoutMs: ANSWER_MS });
    if (reply.type !== 'answer' || (reply.status !== 201 && reply.status !== 200))
      return heard.denial ?? refusalOf(reply, intent);
    const session = {
      ...{ api, intent, clientId: heard.clientId, location: pathOf(reply.location, api) },
      untilMs: this.#deps.now() + SESSION_MS,
    };
    if (answeredLines(reply.body) === 0) {
      await this.#hangUp(session);
      return NOTHING_IN_COMMON;
    }
    return { action: 'answer', sessionId: this.#seal.seal(session), sdp: reply.body };
  }

  /** By the address that SRS gave it; its proxy gives none. */
  async #hangUp({ api, location, clientId }: RtcSession): Promise<void> {
    if (location !== '') {
      const headers = this.#authorization();
      await this.#send({ method: 'DELETE', url: api + location, headers, timeoutMs: ANSWER_MS });
    } else if (clientId !== undefined) await this.#deps.kick(clientId);
  }

  #authorization(): Record<string, string> {
    const { authorization } = this.#deps;
    return authorization === undefined ? {} : { Authorization: authorization };
  }

  /** From when both are known: the session, and SRS's name of its client. */
  #follow({ clientId, sessionId }: Waiting): void {
    if (clientId === undefined || sessionId === undefined) return;
    const [oldest] = this.#signaled.keys();
    if (this.#signaled.size >= MAX_SIGNALED && oldest !== undefined) this.#signaled.delete(oldest);
    this.#signaled.set(clientId, sessionId);
  }
}

/** `app`, `stream` and the right: nothing else of what a client sent. */
function queryOf({ app, stream, param, intent }: RtcOffer, tag: string): string {
  const given = new URLSearchParams(param);
  const query = new URLSearchParams({ app, stream });
  for (const name of RIGHTS_OF[intent]) {
    const value = given.get(name);
    if (value !== null && RIGHT.test(value)) query.set(name, value);
  }
  query.set(TAG, tag);
  return query.toString();
}

/** Never on another server than the one that was asked; '' for what is no address of a session. */
function pathOf(location: string | undefined, api: string): string {
  const url = location === undefined ? null : URL.parse(location, api);
  return url?.pathname.startsWith('/rtc/v1/') === true ? url.pathname + url.search : '';
}

/**
 * SRS closes the connection when it refuses, and up to 7.0.120 says nothing else. What it could refuse has been judged
 * before, but for a stream that has its publisher.
 */
function refusalOf(reply: SrsReply, intent: RtcIntent): Denial {
  if (reply.type === 'unreachable') return UNAVAILABLE;
  if (reply.type === 'answer' && PASSED_STATUSES.has(reply.status))
    return deny(reply.status as Denial['status'], codeOf(reply.status), 'The media server refused this.');
  if (reply.type === 'answer' && !isClosedBehindProxy(reply)) return UNAVAILABLE;
  if (intent === 'publish') return deny(409, 'already_publishing', 'Somebody publishes this stream already.');
  return deny(403, 'engine_refused', 'The media server refused this.');
}

/** SRS's proxy tells of a connection that SRS closed in words, which repeat the query with its right. */
function isClosedBehindProxy({ status, body }: Extract<SrsReply, { type: 'answer' }>): boolean {
  return status === 500 && /\bEOF\s*$/.test(body);
}

/** What else SRS says is in its own words. */
function codeOf(status: number): string {
  if (status === 406) return 'codec_unsupported';
  return status === 409 ? 'already_publishing' : 'engine_refused';
}

const UNAVAILABLE = deny(503, 'engine_unavailable', 'The media server does not answer at this moment. Try again.');
const NOTHING_IN_COMMON = deny(406, 'codec_unsupported', 'The media server takes none of the offered tracks.');
