import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Denial, MediaClient } from '../hooks/contract.ts';
import { streamKeyOf } from '../hub/stream-name.ts';
import { clientOf } from '../rtc/request-client.ts';
import { multivariantOf, renditionVariantOf, variantOf } from './multivariant.ts';
import { HLS_CORS, type HlsBody, type HlsRefusal, PLAYLIST_TYPE, refuseHls, send } from './reply.ts';
import { type HlsRoute, routeHls } from './route.ts';
import type { HlsShelf } from './shelf.ts';
import type { ShelvedWindow } from './shelf-entry.ts';
import type { HlsWindow, PlaylistPlace } from './window.ts';

/** A session that is known waits only this long for a stream that is not there. */
const KNOWN_WAIT_MS = 5000;
/** A held request is answered after so many target durations (RFC 8216bis, 6.2.5.2), and not later than `MAX_HOLD_MS`. */
const HOLD_TARGETS = 3;
const MAX_HOLD_MS = 15_000;
/** Where parts are short, a player may ask for one that is this far ahead (6.2.5.2: Advance Part Limit). */
const ADVANCE_S = 3;
const MIN_ADVANCE_PARTS = 3;
const MAX_AHEAD_SEGMENTS = 2;
const IMMUTABLE_S = 3600;
/** How long a verdict that everybody may play is good, where viewers are not counted. */
const OPEN_VERDICT_MS = 10_000;
const MAX_OPEN_VERDICTS = 10_000;

export interface HlsHttpDeps {
  shelf: HlsShelf;
  /** How long a newcomer waits for somebody to publish. */
  playWaitMs: number;
}

/** HLS over HTTP, on the port of FLV: playlists, segments and parts out of the worker's windows. */
export class HlsHttp {
  readonly #deps: HlsHttpDeps;
  readonly #openUntilMs = new Map<string, number>();
  #closing = false;

  constructor(deps: HlsHttpDeps) {
    this.#deps = deps;
  }

  /** The server stops: connections end with the answer that they wait for. */
  close(): void {
    this.#closing = true;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#closing) response.shouldKeepAlive = false;
    if (request.method === 'OPTIONS') {
      response.writeHead(204, { ...HLS_CORS, Allow: 'GET, HEAD, OPTIONS' }).end();
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      refuseHls(response, { status: 405, code: 'method_not_allowed', message: 'Use GET to play.' });
      return;
    }
    const route = this.#deps.shelf.options.enabled ? routeHls(request) : NOT_SUPPORTED;
    if ('status' in route) {
      refuseHls(response, route);
      return;
    }
    const call = { route, request, response, key: streamKeyOf(route.address) };
    if (route.file.kind === 'multivariant') await this.#multivariant(call, route.file.from);
    else if (route.file.kind === 'media') await this.#media(call, route.file);
    else {
      await this.#deps.shelf.learn(call.key);
      this.#file(call, route.file);
    }
  }

  /** Here a viewer begins: it is authorized and becomes a session, and waits for a stream that nobody publishes yet. */
  async #multivariant(call: Call, from: string): Promise<void> {
    const { shelf, playWaitMs } = this.#deps;
    const { route, request, response } = call;
    const client = hlsClient(request, route);
    const admitted = await this.#admit(client, response);
    if (!admitted) return;
    const found = await this.#find(call, playWaitMs);
    if (!found || 'action' in found || response.destroyed) {
      shelf.left(client.clientId);
      refuseHls(response, found && 'action' in found ? found : NOT_PUBLISHED);
      return;
    }
    const query = admitted.token === undefined ? route.address.param : withSession(route, admitted.token);
    const { window } = found;
    const beside = from === '' ? '../' : '';
    const { stream } = route.address;
    const variants = [
      variantOf(window, `${from}live.m3u8${query}`),
      ...shelf
        .renditions(call.key, window)
        .map((one) => renditionVariantOf(window, one, `${beside}${stream}_${one.name}/live.m3u8${query}`)),
    ];
    const body = multivariantOf(variants, { independentSegments: isIndependent(window) });
    send(response, { type: PLAYLIST_TYPE, chunks: [body], cacheControl: 'no-store' });
    // Who only looks is no viewer.
    if (request.method === 'HEAD') shelf.left(client.clientId);
  }

  async #media(call: Call, { ts }: { ts: boolean }): Promise<void> {
    const { shelf } = this.#deps;
    if (ts && !shelf.options.mpegts) return refuseHls(call.response, NO_TS);
    const { route, request, response, key } = call;
    const token = route.session;
    if (token === undefined) {
      const needsSession = await this.#needsSession(call);
      if (needsSession) return;
    } else {
      const sessionId = shelf.sessionOf(key, token);
      if (sessionId === undefined) return refuseHls(response, NO_SESSION);
      if (shelf.notes.isKicked(sessionId)) return refuseHls(response, KICKED);
      const isOver = shelf.get(key)?.window.state === 'ended';
      if (shelf.notes.isUnknown(sessionId) && !isOver) {
        // A session is its source's, whichever rendition it watches.
        const stream = shelf.sourceOf(route.address.stream);
        const again = { ...hlsClient(request, route), stream, clientId: sessionId };
        if (!(await this.#admit(again, response))) return;
      }
      shelf.notes.touch({ key, targetDurationS: shelf.get(key)?.window.targetDurationS ?? 1 }, sessionId, 0);
    }
    await shelf.learn(key);
    const shelved = shelf.get(key);
    if (shelved?.window.isReady === true) this.#playlist(call, shelved);
    else {
      const found = await this.#find(call, Math.min(KNOWN_WAIT_MS, this.#deps.playWaitMs));
      if (found && !('action' in found)) this.#playlist(call, found);
      else refuseHls(response, found ?? NOT_PUBLISHED);
    }
  }

  /** A playlist without a session: leads to one with (true), unless viewers are not counted and everybody may play. */
  async #needsSession(call: Call): Promise<boolean> {
    const { shelf } = this.#deps;
    const { route, request, response, key } = call;
    const nowMs = Date.now();
    if ((this.#openUntilMs.get(key) ?? 0) > nowMs) return false;
    const client = hlsClient(request, route);
    const admitted = await this.#admit(client, response);
    if (!admitted) return true;
    if (admitted.token === undefined) {
      if (this.#openUntilMs.size >= MAX_OPEN_VERDICTS) this.#openUntilMs.clear();
      this.#openUntilMs.set(key, nowMs + OPEN_VERDICT_MS);
      return false;
    }
    if (response.destroyed) shelf.left(client.clientId);
    else {
      const query = withSession(route, admitted.token);
      response.writeHead(302, {
        ...HLS_CORS,
        Location: `${isTs(route) ? 'ts' : 'live'}.m3u8${query}`,
        'Cache-Control': 'no-store',
        'Content-Length': 0,
      });
      response.end();
    }
    return true;
  }

  /** Undefined: it is answered already. */
  async #admit(client: MediaClient, response: ServerResponse): Promise<{ token?: string } | undefined> {
    const { shelf } = this.#deps;
    const leave = (): void => shelf.left(client.clientId);
    response.once('close', leave);
    const opened = await shelf.open(client);
    response.off('close', leave);
    if (response.destroyed) leave();
    if (opened.action === 'deny') {
      refuseHls(response, opened);
      return undefined;
    }
    const { sessions } = shelf.options;
    return sessions || opened.restricted ? { token: shelf.notes.token(streamKeyOf(client), client.clientId) } : {};
  }

  async #find({ key, response }: Call, waitMs: number): Promise<ShelvedWindow | Denial | undefined> {
    const gone = new AbortController();
    const leave = (): void => gone.abort();
    response.once('close', leave);
    const found = await this.#deps.shelf.find(key, { waitMs, signal: gone.signal });
    response.off('close', leave);
    return found;
  }

  #playlist(call: Call, shelved: ShelvedWindow): void {
    const { window } = shelved;
    // Old players take an empty playlist for the end.
    const isEmpty = isTs(call.route) && !window.segments.some(({ closed }) => closed);
    const place = isEmpty ? { msn: window.next?.msn ?? 0 } : call.route.place;
    if (!place || window.state === 'ended' || window.has(place)) {
      this.#sendPlaylist(call, shelved, place ? 'ready' : 'plain');
      return;
    }
    if (isTooFarAhead(window, place)) {
      refuseHls(call.response, TOO_FAR_AHEAD);
      return;
    }
    const holdMs = Math.min(HOLD_TARGETS * 1000 * window.targetDurationS, MAX_HOLD_MS);
    this.#hold(call, { shelved, place, holdMs }, (why) => this.#sendPlaylist(call, shelved, why));
  }

  #sendPlaylist({ route, response, key }: Call, { window, playlists }: ShelvedWindow, why: PlaylistReason): void {
    if (this.#closing) response.shouldKeepAlive = false;
    const { shelf } = this.#deps;
    const restricted = shelf.isRestricted(key);
    const ts = isTs(route);
    const rendered = playlists.get({ skip: route.skip, restricted, ts });
    const bytes = restricted ? rendered.forSession(route.session ?? '') : rendered.bytes;
    const sentBytes = send(response, {
      type: PLAYLIST_TYPE,
      chunks: [bytes],
      etag: rendered.etag,
      cacheControl: cacheControlOf(window, why, restricted),
    });
    this.#count(key, { session: route.session, window, sentBytes });
  }

  #file(call: Call, file: MediaFile): void {
    const { shelf } = this.#deps;
    const { response, key, route } = call;
    if (!this.#maySegments(call)) return;
    const shelved = shelf.get(key);
    if (shelved?.window.run !== file.run) {
      refuseHls(response, GONE);
      return;
    }
    const { window } = shelved;
    const body = bodyOf(window, file);
    if (body) {
      const sentBytes = send(response, { ...body, cacheControl: this.#immutable(key) }, { ranges: true });
      this.#count(key, { session: route.session, window, sentBytes });
      return;
    }
    const { next } = window;
    const isHinted =
      file.kind === 'part' && window.state === 'live' && next?.msn === file.msn && next.part === file.part;
    if (!isHinted) {
      refuseHls(response, GONE);
      return;
    }
    const holdMs = Math.min(HOLD_TARGETS * 1000 * window.targetDurationS, MAX_HOLD_MS);
    this.#hold(call, { shelved, place: { msn: file.msn, part: file.part }, holdMs }, () => {
      const made = bodyOf(window, file);
      if (!made) refuseHls(response, GONE);
      else {
        const sentBytes = send(response, { ...made, cacheControl: this.#immutable(key) }, { ranges: true });
        this.#count(key, { session: route.session, window, sentBytes });
      }
    });
  }

  /** False: it is answered already. */
  #maySegments({ route, response, key }: Call): boolean {
    const { shelf } = this.#deps;
    const sessionId = route.session === undefined ? undefined : shelf.sessionOf(key, route.session);
    if (sessionId !== undefined && shelf.notes.isKicked(sessionId)) {
      refuseHls(response, KICKED);
      return false;
    }
    if (!shelf.isRestricted(key)) return true;
    const isOver = shelf.get(key)?.window.state === 'ended';
    if (sessionId !== undefined && (isOver || !shelf.notes.isUnknown(sessionId))) return true;
    refuseHls(response, NO_SESSION);
    return false;
  }

  #immutable(key: string): string {
    return `${this.#deps.shelf.isRestricted(key) ? 'private' : 'public'}, max-age=${IMMUTABLE_S}, immutable`;
  }

  #count(
    key: string,
    { session, window, sentBytes }: { session: string | undefined; window: HlsWindow; sentBytes: number },
  ): void {
    if (session === undefined) return;
    const { shelf } = this.#deps;
    const sessionId = shelf.sessionOf(key, session);
    if (sessionId !== undefined)
      shelf.notes.touch({ key, targetDurationS: window.targetDurationS }, sessionId, sentBytes);
  }

  #hold(
    { response }: Call,
    { shelved, place, holdMs }: { shelved: ShelvedWindow; place: PlaylistPlace; holdMs: number },
    end: (why: 'ready' | 'unchanged') => void,
  ): void {
    const leave = shelved.holds.hold(place, Date.now() + holdMs, (why) => {
      if (leave) response.off('close', leave);
      end(why);
    });
    if (leave) response.once('close', leave);
    else refuseHls(response, TOO_MANY_WAIT);
  }
}

interface Call {
  route: HlsRoute;
  request: IncomingMessage;
  response: ServerResponse;
  key: string;
}

type MediaFile = Exclude<HlsRoute['file'], { kind: 'multivariant' | 'media' }>;
/** `plain`: as it is now; `ready`: what was waited for; `unchanged`: what was waited for did not come. */
type PlaylistReason = 'plain' | 'ready' | 'unchanged';

function hlsClient(request: IncomingMessage, { address }: HlsRoute): MediaClient {
  return { ...clientOf(request, address), protocol: 'hls' };
}

/** The stream's own parameters stay: with them a session can be opened again. */
function withSession({ address }: HlsRoute, token: string): string {
  const query = new URLSearchParams(address.param);
  query.set('session', token);
  return `?${query.toString()}`;
}

function isTs({ file }: HlsRoute): boolean {
  return file.kind === 'media' && file.ts;
}

function isIndependent({ segments }: HlsWindow): boolean {
  return segments.every(({ parts: [first] }) => first?.independent !== false);
}

function isTooFarAhead(window: HlsWindow, { msn, part }: PlaylistPlace): boolean {
  const { next, partTargetMs } = window;
  if (!next) return false;
  const lastMsn = next.part > 0 ? next.msn : next.msn - 1;
  if (msn > lastMsn + MAX_AHEAD_SEGMENTS) return true;
  if (part === undefined || partTargetMs === undefined) return false;
  return (
    part >=
    (msn === next.msn ? next.part : 0) + Math.max(MIN_ADVANCE_PARTS, Math.ceil((ADVANCE_S * 1000) / partTargetMs))
  );
}

/**
 * A playlist that was waited for is at its own address (`_HLS_msn`) and stays as it is long enough for every cache between;
 * one that shows the present is good for as long as nothing can have come (RFC 8216bis, 6.2.5.2 and B.1).
 */
function cacheControlOf(window: HlsWindow, why: PlaylistReason, restricted: boolean): string {
  const { targetDurationS, partTargetMs, state } = window;
  if (why === 'unchanged' || restricted) return 'no-store';
  if (state === 'ended') return 'public, max-age=60';
  if (why === 'ready') return `public, max-age=${6 * targetDurationS}`;
  return `public, max-age=${partTargetMs === undefined ? Math.max(1, Math.floor(targetDurationS / 2)) : 1}`;
}

function bodyOf(window: HlsWindow, file: MediaFile): Omit<HlsBody, 'cacheControl'> | undefined {
  if (file.kind === 'init') {
    const init = window.inits.get(file.id);
    return init && { type: 'video/mp4', chunks: [init.bytes], etag: `"${file.run}-i${file.id}"` };
  }
  const segment = window.segment(file.msn);
  if (file.kind === 'part') {
    const part = window.partTargetMs === undefined ? undefined : segment?.parts[file.part];
    return part && { type: 'video/mp4', chunks: [part.bytes], etag: `"${file.run}-${file.msn}.${file.part}"` };
  }
  if (segment?.closed !== true) return undefined;
  if (file.ts) return segment.ts && { type: 'video/mp2t', chunks: [segment.ts], etag: `"${file.run}-${file.msn}t"` };
  return { type: 'video/mp4', chunks: segment.parts.map(({ bytes }) => bytes), etag: `"${file.run}-${file.msn}"` };
}

const NO_TS: HlsRefusal = {
  status: 404,
  code: 'not_supported',
  message: 'MPEG-TS is turned off on this server.',
};
const NOT_SUPPORTED: HlsRefusal = { status: 404, code: 'not_supported', message: 'HLS is turned off on this server.' };
const NOT_PUBLISHED: HlsRefusal = {
  status: 404,
  code: 'stream_not_found',
  message: 'Nobody is publishing this stream.',
};
const GONE: HlsRefusal = { status: 404, code: 'segment_not_found', message: 'This part of the stream is not there.' };
const NO_SESSION: HlsRefusal = {
  status: 403,
  code: 'session_invalid',
  message: 'This session is not valid. Begin again with the playlist of the stream.',
};
const KICKED: HlsRefusal = { status: 403, code: 'kicked', message: 'The operator ended this session.' };
const TOO_FAR_AHEAD: HlsRefusal = {
  status: 400,
  code: 'too_far_ahead',
  message: 'The playlist will not come that far soon.',
};
const TOO_MANY_WAIT: HlsRefusal = {
  status: 503,
  code: 'too_many_requests_held',
  message: 'Too many requests wait for this stream. Try again.',
};
