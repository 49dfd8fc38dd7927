/** Fields whose values are secrets. */
const FIELDS =
  'authorization|cookie|set-cookie|x-owner-token|ownerToken|streamKey|stream_secret|secret|token|vid|password|currentPassword|newPassword|accessToken|refreshToken|setupToken|session|secretAccessKey|accessKeyId';

/**
 * The last word on every log line: whatever found its way there, no secret leaves. Values of secret-bearing
 * query parameters, bearer tokens, cookies and the fields that hold them become `[redacted]`.
 */
const RULES: readonly [RegExp, string][] = [
  // The secret of SRS's hooks.
  [/(\/api\/hooks\/srs\/)[\w.~%+-]+/g, '$1[redacted]'],
  [/([?&]|%3[Ff]|%26|\\u0026)(key|token|vid|secret|password|session)(=|%3[Dd])[^&"'\s\\]+/g, '$1$2$3[redacted]'],
  [/\b((?:rediss?|postgres(?:ql)?|smtps?):\/\/[^:@/\s"]*:)[^@\s"]+(?=@)/gi, '$1[redacted]'],
  // Signed addresses of a bucket: whoever has one may fetch.
  [/([?&]|%26|\\u0026)(X-Amz-[\w-]+)(=|%3[Dd])[^&"'\s\\]+/g, '$1$2$3[redacted]'],
  [/\bkbk_[\w.-]+/g, '[redacted]'],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, '[redacted]'],
  [/\b(Bearer|Basic) +[\w.~+/=-]+/gi, '$1 [redacted]'],
  [new RegExp(String.raw`("(?:${FIELDS})"\s*:\s*")(?:[^"\\]|\\.)+`, 'gi'), '$1[redacted]'],
  // JSON within a string of JSON: every backslash stands twice.
  [new RegExp(String.raw`(\\"(?:${FIELDS})\\"\s*:\s*\\")(?:[^"\\]|\\\\(?:\\["\\]|[^"\\]))+`, 'gi'), '$1[redacted]'],
];

export function redact(line: string): string {
  return RULES.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), line);
}
