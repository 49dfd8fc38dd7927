/** Marks a field of a route's or socket's schema whose value is shown in no log, event or error: `.meta(SECRET)`. */
export const SECRET = { isSecret: true } as const;

/** Where a secret of this name stands: in headers and JSON, in the query of an address, or in both. */
type Place = 'field' | 'query' | 'both';

/** Every name under which a secret goes in or out. `redact` is made of it, and no route has a secret that is not here. */
export const SECRET_FIELDS: Readonly<Record<string, Place>> = {
  authorization: 'field',
  cookie: 'field',
  'set-cookie': 'field',
  'x-owner-token': 'field',
  ownerToken: 'field',
  accessToken: 'field',
  refreshToken: 'field',
  setupToken: 'field',
  playToken: 'field',
  token: 'both',
  vid: 'both',
  session: 'both',
  password: 'both',
  currentPassword: 'field',
  newPassword: 'field',
  apiPassword: 'field',
  /** Of a change of password. */
  current: 'field',
  new: 'field',
  streamKey: 'field',
  stream_secret: 'field',
  secret: 'both',
  hooksSecret: 'field',
  credential: 'both',
  /** Publishes. In JSON a key is a name, or begins with `kbk_`, which `redact` knows by itself. */
  key: 'query',
  secretAccessKey: 'field',
  accessKeyId: 'field',
  /** Of a subscription to Web Push. */
  auth: 'field',
  p256dh: 'field',
};

/** Names that look like those of secrets, and why they are none. */
export const NO_SECRETS: Readonly<Record<string, string>> = {
  key: 'the name of a setting or of an order, or an API key, which begins with kbk_',
  keys: 'holds auth and p256dh',
  publicKey: 'public',
  'idempotency-key': 'made up by the caller, and good for nothing else',
  signature: 'of a beacon, for everybody to check',
  isSecret: 'whether something is one',
  needsSetupToken: 'whether one is asked for',
  returnRefreshToken: 'whether one is asked for',
  hasSecret: 'whether there is one',
  hasToken: 'whether there is one',
  keyframeIntervalMs: 'a time',
};

const LOOKS_SECRET = /key|token|secret|passw|credential|cookie|signature|^auth(orization)?$|^vid$/i;

/** Whether a field has to be known: it is marked, or its name says that it may be one. */
export function isUnknownSecret(name: string, isMarked: boolean): boolean {
  if (Object.hasOwn(SECRET_FIELDS, name) && SECRET_FIELDS[name] !== 'query') return false;
  return isMarked || (LOOKS_SECRET.test(name) && !Object.hasOwn(NO_SECRETS, name));
}
