import type { Denial } from '../../engine/contract.ts';
import { AppError, isErrorCode, type Caller, type ErrorCode } from '../gateway/contract.ts';
import type { Proof, RoomDirectory } from '../live/contract.ts';
import { SERVER, type MediaIntent, type RelayRequest, type SignalingMessage } from './contract.ts';
import { candidatesOf, receivesOnly, sdpOf, ufragsOf } from './descriptions.ts';
import type { MediaSessions, SessionOwner } from './media-sessions.ts';

/** Candidates that came before the engine had answered. */
const MAX_EARLY_CANDIDATES = 64;
const MAX_CANDIDATE_CHARS = 1024;
/** Each costs the engine a handshake. */
const OFFERS_PER_MINUTE = 30;
const MINUTE_MS = 60_000;

/** What the engine's refusals are called here. */
const ENGINE_CODES: Readonly<Record<string, ErrorCode>> = {
  stream_not_found: 'not_publishing',
  session_ended: 'media_closed',
  rtc_unavailable: 'engine_unavailable',
  server_stopping: 'stopping',
};
const CODE_OF_STATUS: Readonly<Record<Denial['status'], ErrorCode>> = {
  400: 'invalid_sdp',
  401: 'publish_forbidden',
  403: 'publish_forbidden',
  404: 'not_publishing',
  406: 'codec_unsupported',
  409: 'already_publishing',
  503: 'engine_unavailable',
};

export interface ServerMediaDeps {
  roomId: string;
  /** Who they are counted as in the room. */
  person: string | undefined;
  rooms: Pick<RoomDirectory, 'mediaAccess'>;
  sessions: MediaSessions;
  now: () => number;
  tell(message: SignalingMessage): void;
  onError(error: unknown): void;
}

type Trickled = { candidate: string; mid?: string } | null;

/** What one member of a room publishes, or plays. */
interface Link {
  intent: MediaIntent;
  ufrags: ReadonlySet<string>;
  /** From the engine's answer on. */
  sessionId?: string;
  early: Trickled[];
  /** Resolved when it was replaced or hung up. */
  over: PromiseWithResolvers<undefined>;
  isOver: boolean;
}

/**
 * What a member of a room has with the media engine (`to: 'server'`): at most one session to publish and one to play.
 * A second offer of the same intent takes the place of the first.
 */
export class ServerMedia implements SessionOwner {
  /** What they brought when they joined last. */
  proof: Proof = {};
  readonly #deps: ServerMediaDeps;
  /** The newest last. */
  readonly #links = new Map<MediaIntent, Link>();
  #language: Caller['language'] = 'zh';
  #isClosed = false;
  #offers = { count: 0, sinceMs: -Infinity };

  constructor(deps: ServerMediaDeps) {
    this.#deps = deps;
  }

  /**
   * Resolved when the answer and its candidates are told.
   * @throws AppError not_supported, rate_limited, invalid_sdp, media_closed when it was replaced or hung up meanwhile, and
   * what `RoomDirectory.mediaAccess` and the engine refuse
   */
  async offer(caller: Caller, { id, payload }: RelayRequest): Promise<void> {
    const sdp = sdpOf(payload);
    if (this.#deps.sessions.rtc === undefined) throw new AppError('not_supported');
    if (sdp === undefined) throw new AppError('invalid_sdp');
    this.#assertCalm();
    this.#language = caller.language;
    const link = newLink(receivesOnly(payload) ? 'play' : 'publish', sdp);
    const before = this.#links.get(link.intent);
    this.#links.delete(link.intent);
    this.#links.set(link.intent, link);
    try {
      if (before !== undefined) await this.#end(before);
      const answer = await this.#open(link, { caller, sdp });
      this.#tellAnswer(id, answer);
      await this.#trickleEarly(link);
    } catch (error) {
      if (this.#links.get(link.intent) === link) this.#links.delete(link.intent);
      throw error;
    }
  }

  /** @throws AppError no_media_session, rate_limited, invalid_message */
  async candidate(payload: RelayRequest['payload']): Promise<void> {
    const { trickled, ufrag } = readCandidate(payload);
    const links = [...this.#links.values()];
    const link = links.find(({ ufrags }) => ufrag !== undefined && ufrags.has(ufrag)) ?? links.at(-1);
    const { rtc } = this.#deps.sessions;
    if (link === undefined || rtc === undefined) throw new AppError('no_media_session');
    if (link.sessionId !== undefined) {
      if (!(await rtc.trickle(link.sessionId, trickled))) throw new AppError('no_media_session');
    } else if (link.early.length < MAX_EARLY_CANDIDATES) link.early.push(trickled);
    else throw new AppError('rate_limited');
  }

  /** Ends the session of one intent, or both. */
  async hangUp(intent?: MediaIntent): Promise<void> {
    const links = [...this.#links.values()].filter((link) => intent === undefined || link.intent === intent);
    for (const link of links) this.#links.delete(link.intent);
    await Promise.all(links.map((link) => this.#end(link)));
  }

  /** The member is gone. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.hangUp().catch((error: unknown) => this.#deps.onError(error));
  }

  sessionClosed(sessionId: string, reason: string): void {
    const link = [...this.#links.values()].find((each) => each.sessionId === sessionId);
    if (link === undefined) return;
    this.#links.delete(link.intent);
    const { roomId, tell } = this.#deps;
    const error = new AppError('media_closed').words(this.#language);
    tell({ type: 'media-closed', roomId, intent: link.intent, reason, error });
  }

  /** The engine's answer. */
  async #open(link: Link, { caller, sdp }: { caller: Caller; sdp: string }): Promise<string> {
    const { rooms, roomId, person, sessions } = this.#deps;
    const { intent } = link;
    const access = await rooms.mediaAccess(caller, roomId, { ...this.proof, intent, person });
    const { rtc } = sessions;
    if (rtc === undefined || link.isOver || this.#isClosed) throw new AppError('media_closed');
    const opening = rtc.open({ ...access, intent, address: caller.address, sdp });
    const opened = await Promise.race([opening, link.over.promise]);
    if (opened === undefined) {
      this.#endWhenOpened(opening);
      throw new AppError('media_closed');
    }
    if (opened.action === 'deny') throw refusalOf(opened);
    // Replaced or gone in the very moment of the answer: `#end` saw no session yet.
    if (link.isOver || this.#isClosed) {
      await sessions.end(opened.sessionId);
      throw new AppError('media_closed');
    }
    link.sessionId = opened.sessionId;
    sessions.opened(opened.sessionId, this);
    return opened.sdp;
  }

  #tellAnswer(id: RelayRequest['id'], sdp: string): void {
    const { roomId, tell } = this.#deps;
    const heard = { roomId, from: SERVER };
    tell({ type: 'answer', id, ...heard, payload: { type: 'answer', sdp } });
    for (const candidate of candidatesOf(sdp)) tell({ type: 'candidate', ...heard, payload: { ...candidate } });
    tell({ type: 'candidate', ...heard, payload: null });
  }

  async #trickleEarly(link: Link): Promise<void> {
    const { rtc } = this.#deps.sessions;
    for (const trickled of link.early.splice(0))
      if (link.sessionId !== undefined) await rtc?.trickle(link.sessionId, trickled);
  }

  async #end(link: Link): Promise<void> {
    link.isOver = true;
    link.over.resolve(undefined);
    if (link.sessionId !== undefined) await this.#deps.sessions.end(link.sessionId);
  }

  /** Nobody waits for this session any more. */
  #endWhenOpened(opening: Promise<{ action: 'answer'; sessionId: string } | Denial>): void {
    opening
      .then(async (opened) => {
        if (opened.action === 'answer') await this.#deps.sessions.end(opened.sessionId);
      })
      .catch((error: unknown) => this.#deps.onError(error));
  }

  /** @throws AppError rate_limited */
  #assertCalm(): void {
    const nowMs = this.#deps.now();
    if (nowMs - this.#offers.sinceMs >= MINUTE_MS) this.#offers = { count: 0, sinceMs: nowMs };
    this.#offers.count++;
    if (this.#offers.count > OFFERS_PER_MINUTE) throw new AppError('rate_limited');
  }
}

function newLink(intent: MediaIntent, sdp: string): Link {
  return { intent, ufrags: ufragsOf(sdp), early: [], over: Promise.withResolvers(), isOver: false };
}

/** A browser's `RTCIceCandidateInit`, the candidate itself, or null; an empty one says that there are no more. */
function readCandidate(payload: RelayRequest['payload']): { trickled: Trickled; ufrag: string | undefined } {
  const fields = typeof payload === 'string' ? { candidate: payload } : (payload ?? { candidate: '' });
  const { candidate, sdpMid, usernameFragment } = fields as Record<string, unknown>;
  if (typeof candidate !== 'string' || candidate.length > MAX_CANDIDATE_CHARS)
    throw new AppError('invalid_message', { fields: 'payload' });
  const ufrag = typeof usernameFragment === 'string' ? usernameFragment : undefined;
  if (candidate === '') return { trickled: null, ufrag };
  const mid = typeof sdpMid === 'string' && sdpMid.length <= MAX_CANDIDATE_CHARS ? sdpMid : undefined;
  return { trickled: { candidate, mid }, ufrag };
}

/** In our words where we have some: the engine's are in one language only. */
function refusalOf({ code, status }: Denial): AppError {
  if (isErrorCode(code)) return new AppError(code);
  return new AppError(ENGINE_CODES[code] ?? CODE_OF_STATUS[status]);
}
