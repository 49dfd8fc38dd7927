import { z } from 'zod';
import { Seal } from './seal.ts';

const MAX_ID_CHARS = 4096;

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
  readonly #seal: Seal;

  /** The secret is the same on all nodes. */
  constructor(secret: string) {
    this.#seal = new Seal(secret, 'kaibo srs webrtc session');
  }

  seal(session: RtcSession): string {
    return this.#seal.seal(session);
  }

  /** Undefined for what was not sealed here, or is over. */
  open(id: string, nowMs: number): RtcSession | undefined {
    if (id.length > MAX_ID_CHARS) return undefined;
    const session = sessionSchema.safeParse(this.#seal.open(id));
    return session.success && session.data.untilMs > nowMs ? session.data : undefined;
  }
}
