import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MediaLog } from '../hub/session-host.ts';
import { streamIdOf, streamKeyOf } from '../hub/stream-name.ts';
import type { ServerIdentity } from '../identity.ts';
import type {
  ConnectionClosed,
  Denial,
  HlsSegmentMade,
  MediaClient,
  MediaEvent,
  MediaHooks,
  PlayVerdict,
  PublicMediaClient,
  PublishVerdict,
} from './contract.ts';

type HookAction =
  | 'on_connect'
  | 'on_close'
  | 'on_publish'
  | 'on_unpublish'
  | 'on_play'
  | 'on_stop'
  | 'on_hls'
  | 'on_dvr';

export interface HttpHookOptions {
  /** Receivers by action. An action without one is allowed, or not told. */
  urls: Partial<Record<HookAction, string>>;
  /** For one call. */
  timeoutMs: number;
  /** Attempts of a notification; between them 0.5 s, 1 s, 2 s, … */
  attempts: number;
}

export const DEFAULT_HTTP_HOOKS: HttpHookOptions = { urls: {}, timeoutMs: 5000, attempts: 5 };
/** Notifications under way or waiting; past it the newest is dropped and logged. */
const MAX_PENDING = 10_000;
const FIRST_RETRY_MS = 500;
const MAX_REPLY_BYTES = 64 * 1024;

/**
 * HTTP callbacks in SRS's shape (contracts.md, SRS contract). Authorizing calls refuse with 503 when the receiver is down;
 * streams that run are untouched. Notifications are retried, in order per stream, and carry no `param`.
 */
export class HttpHooks implements MediaHooks {
  #options: HttpHookOptions;
  #identity: ServerIdentity;
  #log: MediaLog;
  #queues = new Map<string, Promise<void>>();
  #pending = 0;
  #closed = new AbortController();

  constructor(deps: { options: HttpHookOptions; identity: ServerIdentity; log: MediaLog }) {
    this.#options = deps.options;
    this.#identity = deps.identity;
    this.#log = deps.log;
  }

  /** Asked for only when a receiver wants to know of connections. */
  get authorizeConnect(): MediaHooks['authorizeConnect'] {
    const { on_connect: connect, on_close: close } = this.#options.urls;
    return connect === undefined && close === undefined ? undefined : (client) => this.#authorize('on_connect', client);
  }

  notifyClosed({ client, sendBytes, recvBytes }: ConnectionClosed): void {
    this.#enqueue('on_close', client, { send_bytes: sendBytes, recv_bytes: recvBytes });
  }

  /** Asked for only when a receiver wants to know of segments. There is no file: segments are kept in memory. */
  get notifySegment(): MediaHooks['notifySegment'] {
    return this.#options.urls.on_hls === undefined ? undefined : (segment) => this.#segment(segment);
  }

  #segment({ client, durationMs, msn, url, playlistUrl }: HlsSegmentMade): void {
    this.#enqueue('on_hls', client, {
      duration: durationMs / 1000,
      cwd: process.cwd(),
      file: url,
      url,
      m3u8: playlistUrl,
      m3u8_url: playlistUrl,
      seq_no: msn,
    });
  }

  async authorizePublish(client: MediaClient): Promise<PublishVerdict> {
    const denial = await this.#authorize('on_publish', client);
    return denial ?? { action: 'publish', credential: createHash('sha256').update(client.param).digest('hex') };
  }

  async authorizePlay(client: MediaClient): Promise<PlayVerdict> {
    return (await this.#authorize('on_play', client)) ?? { action: 'play' };
  }

  notify(event: MediaEvent): void {
    if (event.type === 'interrupted') this.#enqueue('on_unpublish', event.client);
    else if (event.type === 'stopped') this.#enqueue('on_stop', event.client);
    else if (event.type === 'recording_part' && event.client !== undefined)
      this.#enqueue('on_dvr', event.client, { cwd: process.cwd(), file: join(event.folder, event.part.file) });
  }

  /** Gives up what is still waiting. */
  close(): void {
    this.#closed.abort();
  }

  async #authorize(action: 'on_connect' | 'on_publish' | 'on_play', client: MediaClient): Promise<Denial | undefined> {
    const url = this.#options.urls[action];
    if (url === undefined) return undefined;
    const accepted = await this.#call(url, this.#body(action, client, client.param));
    if (accepted) return undefined;
    return { action: 'deny', status: 403, code: 'refused_by_hook', message: 'The right to this stream was refused.' };
  }

  #enqueue(action: HookAction, client: PublicMediaClient, more: object = {}): void {
    const url = this.#options.urls[action];
    if (url === undefined) return;
    if (this.#pending >= MAX_PENDING) {
      this.#log.warn({ action, pending: this.#pending }, 'a notification is dropped: the hook receiver is too slow');
      return;
    }
    this.#pending++;
    const key = streamKeyOf(client);
    const body = this.#body(action, client, '', more);
    const turn = (this.#queues.get(key) ?? Promise.resolve()).then(() => this.#deliver(url, action, body));
    this.#queues.set(key, turn);
    void turn.then(() => {
      this.#pending--;
      if (this.#queues.get(key) === turn) this.#queues.delete(key);
    });
  }

  async #deliver(url: string, action: HookAction, body: string): Promise<void> {
    const { signal } = this.#closed;
    for (let attempt = 1; attempt <= this.#options.attempts && !signal.aborted; attempt++) {
      try {
        if (await this.#call(url, body)) return;
        this.#log.warn({ action, attempt }, 'the hook receiver did not accept a notification');
      } catch (error) {
        this.#log.warn(
          { action, attempt, err: error instanceof Error ? error.message : String(error) },
          'the hook receiver did not answer',
        );
      }
      await sleep(FIRST_RETRY_MS * 2 ** (attempt - 1), undefined, { signal }).catch(() => undefined);
    }
  }

  /** Accepted is 200 or 201 with body `0` or `{"code":0}`. Throws when nobody answers in time. */
  async #call(url: string, body: string): Promise<boolean> {
    const signal = AbortSignal.any([AbortSignal.timeout(this.#options.timeoutMs), this.#closed.signal]);
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body,
      signal,
      redirect: 'error',
    });
    const text = (await readBounded(response)).trim();
    return (response.status === 200 || response.status === 201) && isCodeZero(text);
  }

  #body(action: HookAction, client: PublicMediaClient, param: string, more: object = {}): string {
    const { server, service } = this.#identity;
    const key = streamKeyOf(client);
    return JSON.stringify({
      server_id: server,
      service_id: service,
      action,
      client_id: client.clientId,
      ip: client.address,
      vhost: client.vhost,
      app: client.app,
      ...(action === 'on_close' ? {} : { tcUrl: client.tcUrl, stream: streamName(client), param }),
      ...(action === 'on_connect' || action === 'on_play' ? { pageUrl: client.pageUrl } : {}),
      ...(action === 'on_connect' || action === 'on_close'
        ? {}
        : { stream_url: `/${key}`, stream_id: streamIdOf(key) }),
      ...more,
    });
  }
}

/** As SRS names it: viewers of HLS come for a playlist. */
function streamName({ protocol, stream }: PublicMediaClient): string {
  return protocol === 'hls' ? `${stream}.m3u8` : stream;
}

/** Throws past `MAX_REPLY_BYTES`: a receiver that talks on has not answered. */
async function readBounded({ body }: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of body ?? []) {
    bytes += part.length;
    if (bytes > MAX_REPLY_BYTES) throw new Error(`The hook receiver's answer is longer than ${MAX_REPLY_BYTES} bytes.`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function isCodeZero(text: string): boolean {
  if (text === '0') return true;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'code' in value && value.code === 0;
  } catch {
    return false;
  }
}
