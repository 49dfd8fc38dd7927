import type { SdpFragment } from '@kaibo/formats';
import type { Denial, MediaClient } from '../hooks/contract.ts';
import type { IceServer } from './ice.ts';
import type { RtcIntent } from './messages.ts';

/** Somebody who wants to publish or play brings an offer. */
export interface RtcOpenCall {
  call: 'open';
  intent: RtcIntent;
  client: MediaClient;
  sdp: string;
}

export interface RtcAnswer {
  action: 'answer';
  /** Secret: whoever has it may end the session. */
  sessionId: string;
  /** Of this ICE session (RFC 9725, 4.3.1). */
  etag: string;
  sdp: string;
  iceServers: IceServer[];
}

export interface RtcPatchCall {
  call: 'patch';
  sessionId: string;
  /** The header, when there is one. */
  ifMatch?: string;
  fragment: SdpFragment;
}

/** 412: another ICE session is meant; 422: an ICE restart, which is another session here. */
export type RtcPatched =
  | { action: 'patched' }
  | { action: 'refused'; status: 404 | 412 | 422; code: string; message: string };

/** What WHIP, WHEP and SRS's calls ask, on whatever port. Answered by the main thread (`rtc/gate.ts`). */
export type RtcCall =
  | RtcOpenCall
  | RtcPatchCall
  | { call: 'close'; sessionId: string }
  /** Whoever asked with this client has gone before the answer. */
  | { call: 'abandon'; clientId: string }
  /** What a client with the right to this is told of ICE servers. */
  | { call: 'ice'; intent: RtcIntent; client: MediaClient };

/** The main thread's answers, as workers and the API see them. */
export interface RtcDoor {
  open(call: RtcOpenCall): Promise<RtcAnswer | Denial>;
  patch(call: RtcPatchCall): Promise<RtcPatched>;
  /** False when there is no such session. */
  close(sessionId: string): Promise<boolean>;
  abandon(clientId: string): void;
  ice(intent: RtcIntent, client: MediaClient): Promise<IceServer[] | Denial>;
}
