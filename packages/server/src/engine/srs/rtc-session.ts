import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { z } from 'zod';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const MAX_ID_CHARS = 4096;
const PURPOSE = 'kaibo srs webrtc session';

const sessionSchema = z.object({
  /** Base of the API that answered. */
  api: z.string(),
  /** What SRS called it, with SRS's own secret; '' when it did not say (its proxy does not). */
  location: z.string(),
  /** SRS's id of the client, where a hook told it. */
  clientId: z.string().optional(),
  intent: z.enum(['publish', 'play']),
  untilMs: z.number(),
});
/** What there is to know of a session, to end it. */
export type RtcSession = z.output<typeof sessionSchema>;

/**
 * Ids of sessions are the sessions themselves, sealed: nobody can guess or read one, and any node of the platform can
 * end what another opened, without a table that would have to be bounded, shared and swept.
 */
export class SessionSeal {
  readonly #key: Buffer;

  /** The secret is the same on all nodes. */
  constructor(secret: string) {
    this.#key = Buffer.from(hkdfSync('sha256', secret, '', PURPOSE, KEY_BYTES));
  }

  seal(session: RtcSession): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, iv);
    const sealed = [iv, cipher.update(JSON.stringify(session), 'utf8'), cipher.final(), cipher.getAuthTag()];
    return Buffer.concat(sealed).toString('base64url');
  }

  /** Undefined for what was not sealed here, or is over. */
  open(id: string, nowMs: number): RtcSession | undefined {
    if (id.length > MAX_ID_CHARS || !/^[\w-]+$/.test(id)) return undefined;
    const bytes = Buffer.from(id, 'base64url');
    if (bytes.length <= IV_BYTES + TAG_BYTES) return undefined;
    const decipher = createDecipheriv(CIPHER, this.#key, bytes.subarray(0, IV_BYTES));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const text = decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
      const session = sessionSchema.parse(JSON.parse(text));
      return session.untilMs > nowMs ? session : undefined;
    } catch {
      // Not one of ours: the tag does not fit.
      return undefined;
    }
  }
}
