/**
 * The last word on every log line: whatever found its way there, no secret leaves. Values of secret-bearing
 * query parameters, bearer tokens, cookies and the fields that hold them become `[redacted]`.
 */
const RULES: readonly [RegExp, string][] = [
  [/([?&]|%3[Ff]|%26|\\u0026)(key|token|vid|secret|password)(=|%3[Dd])[^&"'\s\\]+/g, '$1$2$3[redacted]'],
  [/\b(Bearer|Basic) +[\w.~+/=-]+/gi, '$1 [redacted]'],
  [
    /(\\?"(?:authorization|cookie|set-cookie|x-owner-token|ownerToken|streamKey|stream_secret|secret|token|vid)\\?"\s*:\s*\\?")(?:[^"\\]|\\(?!"))+/gi,
    '$1[redacted]',
  ],
];

export function redact(line: string): string {
  return RULES.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), line);
}
