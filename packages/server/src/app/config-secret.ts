import { SECRET } from '../http/secret-fields.ts';

/** Marks a key of the configuration whose value is shown to nobody: `.meta(SECRET)` behind its description. */
export { SECRET };

/** The same for what another service gave out, whose strength is not ours to judge. */
export const FOREIGN_SECRET = { ...SECRET, isForeign: true };

const FEWEST_CHARACTERS = 6;
/** What examples, tutorials and peers ship with, as letters and digits in lower case. Whoever scans for servers tries these first. */
const WELL_KNOWN =
  /^(?:(?:please)?(?:change|replace)(?:me|this|it)(?:now|please)?|(?:my|your|the|a|some|super|very|top|kaibo|srs|owncast|default|example|test|demo|dev|admin|jwt|api|app|webhook|nodemedia\d*|private|secret|secrets|secure|strong|long|random|password|passwd|passphrase|phrase|pass|token|key|string|value|here|for|development|only|in|production|insecure|not|do|use|with|at|least|of|\d+|characters|chars|bits|bytes))+$/;

/** Why a secret is none, in words for the operator; undefined when it may be one. The value itself is not in them. */
export function secretProblem(value: string): string | undefined {
  const plain = value.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  const repeated = /^(.{1,8})\1+.{0,7}$/.test(value);
  if (new Set(value).size < FEWEST_CHARACTERS || repeated || isSequence(value))
    return 'is easily guessed; make one with: openssl rand -hex 32';
  if ((/[a-z]/.test(plain) && WELL_KNOWN.test(plain)) || /changeme|changethis|replaceme/.test(plain))
    return 'is a well-known one; make one with: openssl rand -hex 32';
  return undefined;
}

/** `0123456789abcdef`, `abcdefghijklmnop`: each next character follows the one before, but for a few. */
function isSequence(value: string): boolean {
  let steps = 0;
  for (let index = 1; index < value.length; index++)
    if (Math.abs(value.charCodeAt(index) - value.charCodeAt(index - 1)) <= 1) steps++;
  return steps >= value.length * 0.8;
}
