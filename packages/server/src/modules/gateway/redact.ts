import { SECRET_FIELDS } from '../../http/secret-fields.ts';

const namesIn = (...places: string[]): string =>
  Object.entries(SECRET_FIELDS)
    .filter(([, place]) => places.includes(place))
    .map(([name]) => name)
    .join('|');

/** Fields and query parameters whose values are secrets. */
const FIELDS = namesIn('field', 'both');
const QUERIES = namesIn('query', 'both');

/**
 * The last word on every log line: whatever found its way there, no secret leaves. Values of secret-bearing
 * query parameters, bearer tokens, cookies and the fields that hold them become `[redacted]`.
 */
const RULES: readonly [RegExp, string][] = [
  // The secret of SRS's hooks.
  [/(\/api\/hooks\/srs\/)[\w.~%+-]+/g, '$1[redacted]'],
  // Whoever has a WebRTC session's address may end it.
  [/(\/rtc\/v1\/(?:whip|whep|whip-play|session)\/)[\w-]{8,}/g, '$1[redacted]'],
  [new RegExp(String.raw`([?&#]|%3[Ff]|%26|%23|\\u0026)(${QUERIES})(=|%3[Dd])[^&"'\s\\]+`, 'g'), '$1$2$3[redacted]'],
  [/\b((?:rediss?|postgres(?:ql)?|smtps?):\/\/[^:@/\s"]*:)[^@\s"]+(?=@)/gi, '$1[redacted]'],
  // Signed addresses of a bucket: whoever has one may fetch.
  [/([?&]|%26|\\u0026)(X-Amz-[\w-]+)(=|%3[Dd])[^&"'\s\\]+/g, '$1$2$3[redacted]'],
  [/\bk(?:bk|ov)_[\w.-]+/g, '[redacted]'],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, '[redacted]'],
  [/\b(Bearer|Basic) +[\w.~+/=-]+/gi, '$1 [redacted]'],
  [new RegExp(String.raw`("(?:${FIELDS})"\s*:\s*")(?:[^"\\]|\\.)+`, 'gi'), '$1[redacted]'],
  // JSON within a string of JSON: every backslash stands twice.
  [new RegExp(String.raw`(\\"(?:${FIELDS})\\"\s*:\s*\\")(?:[^"\\]|\\\\(?:\\["\\]|[^"\\]))+`, 'gi'), '$1[redacted]'],
];

export function redact(line: string): string {
  return RULES.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), line);
}
