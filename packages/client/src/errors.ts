/**
 * A call that did not succeed. `code` is stable and for programs, `message` is a sentence for a person in the language
 * that was asked for. Codes made here: `network` (no answer at all, status 0), `timeout` (status 0), `closed` (the
 * client was closed, status 0), `overflow` (too many requests wait for an answer, status 0) and `http_STATUS` (an
 * answer that is not in the platform's shape).
 */
export class KaiboError extends Error {
  readonly code: string;
  /** HTTP status, 0 when there was no HTTP answer. */
  readonly status: number;
  readonly requestId: string | undefined;

  constructor(details: { code: string; status: number; message: string; requestId?: string; cause?: unknown }) {
    super(details.message, { cause: details.cause });
    this.name = 'KaiboError';
    this.code = details.code;
    this.status = details.status;
    this.requestId = details.requestId;
  }
}
