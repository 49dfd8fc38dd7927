import type { Denial } from './contract.ts';

/** WHIP and WHEP (RFC 9725, draft-ietf-wish-whep) by an engine that does not serve them on a port of this machine. */
export interface EngineRtcHttp {
  /** Never throws for what a client sent. */
  answer(request: RtcHttpRequest): Promise<RtcHttpReply>;
}

/** A request under `/rtc/`. */
export interface RtcHttpRequest {
  method: string;
  /** Path and query as they came. */
  url: string;
  contentType: string | undefined;
  authorization: string | undefined;
  /** Network address of the client. */
  address: string;
  body: Uint8Array | undefined;
  /** Whoever asked has gone: what was opened meanwhile is closed again. */
  gone: AbortSignal;
}

export interface RtcHttpReply {
  status: number;
  headers: Readonly<Record<string, string>>;
  body?: string;
  /** Of an error instead of a body: told as everywhere else. `status` is the same. */
  refusal?: RtcHttpRefusal;
}

export interface RtcHttpRefusal {
  status: Denial['status'] | 405 | 413 | 415 | 502;
  code: string;
  message: string;
}
