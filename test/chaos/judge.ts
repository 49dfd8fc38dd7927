import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { connectDatabase, type DatabaseHandle } from '../../packages/server/src/database/database.ts';
import { verifyBooks } from '../../packages/server/src/modules/wallet/index.ts';
import type { Node } from './node.ts';
import type { Stage } from './stage.ts';

const LOOK_EVERY_MS = 500;
/** Two questions one after the other may get answers of two moments: that many times in a row is a state. */
const TIMES = 4;
/** One stream on two nodes: as long as a lease may be believed, and the comparison that notices its loss. */
const TWICE_MS = 25_000;

interface SeenRoom {
  status: string;
  interrupted?: boolean;
  viewerCount: number;
}

/** What may never be, looked at all the time. */
export class Judge implements AsyncDisposable {
  readonly problems: string[] = [];
  readonly #stage: Stage;
  readonly #rooms: readonly { id: string; playId: string }[];
  readonly #books: DatabaseHandle;
  readonly #apart = new Map<string, number>();
  readonly #twiceSinceMs = new Map<string, number>();
  readonly #ended = new Set<string>();
  #isOver = false;
  readonly #looking: Promise<void>;
  booksRead = 0;

  private constructor(stage: Stage, rooms: readonly { id: string; playId: string }[], books: DatabaseHandle) {
    this.#stage = stage;
    this.#rooms = rooms;
    this.#books = books;
    this.#looking = this.#look();
  }

  static async start(stage: Stage, rooms: readonly { id: string; playId: string }[]): Promise<Judge> {
    const logger = pino({ level: 'silent' });
    const options = { url: stage.databaseUrl, folder: '/', poolSize: 2, statementTimeoutMs: 10_000, logger };
    return new Judge(stage, rooms, await connectDatabase(options));
  }

  /** As the node itself says, past every network; undefined when it does not answer. */
  async room(node: Node, id: string): Promise<SeenRoom | undefined> {
    return ask<SeenRoom>(`${node.url}/api/rooms/${id}`);
  }

  /** To which nodes that answer an encoder publishes the stream now; a node that fetches it from the other is not meant. */
  async publishersOf(playId: string): Promise<string[]> {
    const found = await Promise.all(
      this.#stage.nodes.map(async ({ name, ports }) => {
        const answer = await ask<{ clients: { name: string; type: string }[] }>(
          `http://127.0.0.1:${ports['media.api']}/api/v1/clients/?count=100`,
        );
        const isHere = answer?.clients.some((client) => client.name === playId && client.type === 'fmle-publish');
        return isHere === true ? [name] : [];
      }),
    );
    return found.flat();
  }

  /** Every gift of a room in the books. */
  orders(roomId: string): Promise<{ id: string }[]> {
    return this.#books.database.selectFrom('gift_orders').select('id').where('room_id', '=', roomId).execute();
  }

  /** @throws when the database cannot be asked. */
  async readBooks(): Promise<void> {
    const { differences } = await verifyBooks(this.#books.database);
    this.booksRead++;
    for (const { problem, subject, expected, found } of differences)
      this.problems.push(`the books: ${problem}: ${subject}: expected ${expected}, found ${found}`);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#looking;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#books.close();
  }

  async #look(): Promise<void> {
    for (let round = 0; !this.#isOver; round++) {
      await Promise.all(this.#rooms.map((room) => this.#lookAt(room)));
      // Where PostgreSQL is away there is nothing to read.
      if (round % 6 === 0) await this.readBooks().catch(() => undefined);
      await sleep(LOOK_EVERY_MS);
    }
  }

  async #lookAt({ id, playId }: { id: string; playId: string }): Promise<void> {
    const seen = (await Promise.all(this.#stage.nodes.map((node) => this.room(node, id)))).filter(
      (room) => room !== undefined,
    );
    for (const { status } of seen) {
      if (status === 'preparing') this.problems.push(`room ${id} was live and is preparing`);
      if (this.#ended.has(id) && status !== 'ended') this.problems.push(`room ${id} had ended and is ${status}`);
      if (status === 'ended') this.#ended.add(id);
    }
    const states = new Set(
      seen.map(({ status, interrupted }) => `${status}${interrupted === true ? ', interrupted' : ''}`),
    );
    const apart = states.size > 1 ? (this.#apart.get(id) ?? 0) + 1 : 0;
    this.#apart.set(id, apart);
    if (apart === TIMES) this.problems.push(`room ${id} is in two states: ${[...states].join(' and ')}`);

    const isTwice = (await this.publishersOf(playId)).length > 1;
    const sinceMs = this.#twiceSinceMs.get(playId) ?? performance.now();
    if (!isTwice) this.#twiceSinceMs.delete(playId);
    else this.#twiceSinceMs.set(playId, sinceMs);
    if (isTwice && performance.now() - sinceMs > TWICE_MS) {
      this.problems.push(`stream ${playId} is published on two nodes`);
      this.#twiceSinceMs.delete(playId);
    }
  }
}

async function ask<Answer>(url: string): Promise<Answer | undefined> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2000) });
    if (!answer.ok) {
      await answer.body?.cancel();
      return undefined;
    }
    return (await answer.json()) as Answer;
  } catch {
    return undefined;
  }
}
