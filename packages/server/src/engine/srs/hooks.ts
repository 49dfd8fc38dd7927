import { createHash, timingSafeEqual } from 'node:crypto';
import type { Denial, EngineClient } from '../contract.ts';
import { heartbeatSchema, hookSchema, type SrsHook, type SrsStreamHook } from './shape.ts';
import { clientIdOf } from './client-id.ts';
import { streamNameOf } from './server.ts';

/** What becomes of hooks. Each answers 0 for yes, and for no the HTTP status that the same refusal has elsewhere. */
export interface SrsHookTarget {
  publish(client: EngineClient): Promise<number>;
  play(client: EngineClient): Promise<number>;
  unpublished(client: EngineClient): void;
  stopped(clientId: string): void;
  closed(clientId: string): void;
  /** Whoever calls is alive. */
  called(identity: { server: string; service: string }): void;
}

const BAD_HOOK = 400;

/** Reads a hook's body and does what it says; the answer is SRS's code. */
export async function takeHook(body: unknown, target: SrsHookTarget): Promise<number> {
  const hook = hookSchema.safeParse(body);
  if (!hook.success) return isUnknownAction(body) ? 0 : BAD_HOOK;
  const { server_id: server, service_id: service } = hook.data;
  target.called({ server, service });
  return act(hook.data, target);
}

export function takeHeartbeat(body: unknown, target: SrsHookTarget): number {
  const heartbeat = heartbeatSchema.safeParse(body);
  if (!heartbeat.success) return BAD_HOOK;
  target.called(heartbeat.data);
  return 0;
}

async function act(hook: SrsHook, target: SrsHookTarget): Promise<number> {
  switch (hook.action) {
    case 'on_publish':
      return target.publish(clientOf(hook));
    case 'on_play':
      return target.play(clientOf(hook));
    case 'on_unpublish':
      target.unpublished(clientOf(hook));
      return 0;
    case 'on_stop':
      target.stopped(idOf(hook));
      return 0;
    case 'on_close':
      target.closed(idOf(hook));
      return 0;
    // Judged with what the connection then wants.
    case 'on_connect':
    case 'on_dvr':
    case 'on_hls':
      return 0;
  }
}

/** A kind of hook that a newer SRS may have. */
function isUnknownAction(body: unknown): boolean {
  if (typeof body !== 'object' || body === null || !('action' in body)) return false;
  const { action } = body;
  return typeof action === 'string' && /^on_[a-z_]{1,32}$/.test(action) && !KNOWN.has(action);
}

const KNOWN = new Set(hookSchema.options.map(({ shape }) => shape.action.value as string));

const idOf = ({ client_id: id, server_id: server }: SrsHook): string => clientIdOf(id, server);

function clientOf(hook: SrsStreamHook): EngineClient {
  const { app, stream, ip, param } = hook;
  return {
    clientId: idOf(hook),
    ...streamNameOf(app, stream),
    protocol: protocolOf(hook),
    address: ip,
    // WHIP and WHEP have it without the `?`.
    param: param === '' || param.startsWith('?') ? param : `?${param}`,
  };
}

/** Seen in captures of SRS 7.0.18: an empty tcUrl is WHIP and WHEP, `rtmp://__defaultVhost__` is HTTP-FLV. */
function protocolOf({ stream, tcUrl }: SrsStreamHook): string {
  if (stream.endsWith('.m3u8')) return 'hls';
  if (tcUrl === '' || tcUrl.startsWith('webrtc:')) return 'webrtc';
  return tcUrl.startsWith('http') || tcUrl.startsWith('rtmp://__') ? 'http-flv' : 'rtmp';
}

/** SRS reads nothing but the code; the rest is for whoever looks at its log. */
export function hookCodeOf({ status }: Denial): number {
  return status;
}

export function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
