/**
 * What was wrong with the bytes, or with the value that was to become bytes.
 *
 * - `truncated`: the bytes end before what they announce.
 * - `malformed`: the bytes contradict their specification.
 * - `too_large`: a length or size above its named maximum.
 * - `too_deep`: values nested deeper than the named maximum.
 * - `unsupported`: valid or reserved by the specification, but not handled here.
 * - `trailing_bytes`: a complete value, followed by bytes that belong to nothing.
 */
export type FormatErrorCode = 'truncated' | 'malformed' | 'too_large' | 'too_deep' | 'unsupported' | 'trailing_bytes';

/** The only error this package throws because of a peer's bytes. The code is stable; the message is for a log. */
export class FormatError extends Error {
  readonly code: FormatErrorCode;

  constructor(code: FormatErrorCode, message: string) {
    super(message);
    this.name = 'FormatError';
    this.code = code;
  }
}
