/**
 * A call that did not succeed. `code` is stable and for programs, `message` is a sentence for a person in the language
 * that was asked for. Codes made here: `network` (no answer at all, status 0), `timeout` (status 0), `closed` (the
 * client was closed, status 0), `overflow` (too many requests wait for an answer, status 0), `needs_websocket` (a
 * request over a transport that only listens, status 0) and `http_STATUS` (an answer that is not in the platform's
 * shape). Publishing and playing, status 0: `unsupported` (by this browser), `bad_answer` (no SDP), `ice_timeout` and
 * `ice_failed` (no UDP gets through), `disconnected`, `stalled` (connected, and nothing moves), `refused` (a WebSocket,
 * for which browsers tell no reason), `no_media` and `encoder` (nothing was encoded), `webrtc` (a description could not
 * be used), and why the server ended a WS-FLV publisher: `ended`, `kicked`, `replaced`, `idle`, `malformed`,
 * `bitrate_limit`.
 */
export class KaiboError extends Error {
  readonly code: string;
  /** HTTP status, 0 when there was no HTTP answer. */
  readonly status: number;
  readonly requestId: string | undefined;
  /** How long the server asks to wait before the next attempt (429 and 503). */
  readonly retryAfterMs: number | undefined;

  constructor(details: {
    code: string;
    status: number;
    message: string;
    requestId?: string | undefined;
    retryAfterMs?: number | undefined;
    cause?: unknown;
  }) {
    super(details.message, { cause: details.cause });
    this.name = 'KaiboError';
    this.code = details.code;
    this.status = details.status;
    this.requestId = details.requestId;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** There is no HTTP answer behind it. */
export function localError(code: string, message: string, cause?: unknown): KaiboError {
  return new KaiboError({ code, status: 0, message, cause });
}
