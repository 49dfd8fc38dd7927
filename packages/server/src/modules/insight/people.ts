import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { Database } from '../../database/database.ts';
import { reasonOf } from '../../database/errors.ts';

const EVERY_MS = 3000;
/** Who waits to be written down. Of more, who comes is not counted: the database has been away for long. */
const MAX_WAITING = 200_000;
/** Who is known to be written down; forgotten all at once, after which they are written again and nothing changes. */
const MAX_KNOWN = 500_000;
const ROWS = 1000;
const HASH_CHARS = 22;

/** Who watched which room, however short: written down by each node for those who came to it. */
export class People {
  readonly #database: Database;
  readonly #logger: Logger;
  #waiting = new Map<string, { room_id: string; person_hash: string }>();
  readonly #known = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;

  constructor(deps: { database: Database; logger: Logger }) {
    this.#database = deps.database;
    this.#logger = deps.logger;
  }

  /** Somebody began to watch. */
  came({ roomId, person }: { roomId: string; person: string }): void {
    // A hash of its own in each room, so that nobody's ways can be followed.
    const hash = createHash('sha256').update(`${roomId}\n${person}`).digest('base64url').slice(0, HASH_CHARS);
    if (this.#known.has(hash) || this.#waiting.size >= MAX_WAITING) return;
    this.#waiting.set(hash, { room_id: roomId, person_hash: hash });
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.flush(), EVERY_MS).unref();
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.flush();
  }

  /** Resolves when those who came before are written down, or could not be: then they wait. */
  async flush(): Promise<void> {
    await this.#writing;
    this.#writing = this.#write().finally(() => (this.#writing = undefined));
    await this.#writing;
  }

  async #write(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    const rows = [...waiting.values()];
    try {
      for (let from = 0; from < rows.length; from += ROWS) {
        const batch = rows.slice(from, from + ROWS);
        await this.#database
          .insertInto('room_people')
          .values(batch)
          .onConflict((conflict) => conflict.columns(['room_id', 'person_hash']).doNothing())
          .execute();
        this.#remember(batch.map(({ person_hash }) => person_hash));
      }
    } catch (error) {
      for (const [hash, row] of waiting)
        if (!this.#known.has(hash) && this.#waiting.size < MAX_WAITING) this.#waiting.set(hash, row);
      this.#logger.warn({ reason: reasonOf(error) }, 'who came to watch is written down later');
    }
  }

  #remember(hashes: readonly string[]): void {
    if (this.#known.size + hashes.length > MAX_KNOWN) this.#known.clear();
    for (const hash of hashes) this.#known.add(hash);
  }
}
