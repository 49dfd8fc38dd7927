/** Why a connection to another RTMP server was not made, or ended. Stable words: status and logs carry them. */
export type RtmpClientErrorCode =
  | 'bad_url'
  /** An address that targets given by users must not lead to. */
  | 'address_refused'
  /** The host has no address. */
  | 'host_not_found'
  | 'unreachable'
  | 'tls_failed'
  | 'timeout'
  | 'handshake_failed'
  | 'connect_rejected'
  | 'publish_rejected'
  | 'play_rejected'
  /** By the other side, in mid-stream. */
  | 'closed'
  | 'malformed';

/** What the other server did, or did not do. The message is ours: never a URL, a key, or words of the other side. */
export class RtmpClientError extends Error {
  readonly code: RtmpClientErrorCode;

  constructor(code: RtmpClientErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RtmpClientError';
    this.code = code;
  }
}
