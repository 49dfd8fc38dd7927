import type { Socket } from 'node:net';
import type { MediaPacket } from '@kaibo/formats';
import type { Framing, TrackFlags } from './framing.ts';

/** Why a viewer's or publisher's connection was ended by the server. Stable words: hooks, metrics and close frames carry them. */
export type EndReason =
  | 'ended'
  | 'kicked'
  | 'slow_viewer'
  | 'not_published'
  | 'server_stopping'
  | 'replaced'
  | 'idle'
  | 'bitrate_limit'
  | 'malformed'
  | 'engine_failure'
  | 'closed';

/**
 * A viewer. Implemented by flv/http-subscriber.ts, flv/ws-subscriber.ts and rtmp/subscriber.ts. The stream writes shared
 * bytes to `socket` itself; the subscriber only says hello and goodbye in its protocol's words.
 */
export interface Subscriber {
  readonly clientId: string;
  readonly framing: Framing;
  readonly socket: Socket;
  /** The stream has media: send the protocol's own acceptance. Media bytes follow in the same tick. */
  begin(flags: TrackFlags): void;
  /** The stream ends this viewer. Before `begin` it is an answer (404), after it a close. */
  finish(reason: EndReason): void;
}

/**
 * Which audio a tap is given of a stream that has two: what was published; AAC in its place; or the AAC alone, without
 * all else. The last two are demand for it.
 */
export type TapAudio = 'source' | 'aac' | 'alternate';

/** Packet by packet, before any framing: mirrors on other workers, and whatever needs media rather than bytes. */
export interface PacketTap {
  /** A publisher begins: what follows is its. `bridged`: a browser, whose Opus gets AAC beside it. */
  published(info: { bridged: boolean }): void;
  packet(packet: MediaPacket): void;
  interrupted(): void;
  ended(reason: EndReason): void;
}
