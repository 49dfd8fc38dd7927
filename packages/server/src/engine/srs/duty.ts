import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { StateUnavailableError, type Lease, type StateCenter, type Unsubscribe } from '../../state/contract.ts';
import { Seal } from './seal.ts';

const LEASE = 'engine:srs';
const ASKED = 'engine:srs:asked';
const answersTo = (nodeId: string): string => `engine:srs:answered:${nodeId}`;
const NEWS = 'engine:srs:news';
/** How soon a node that is not on duty tries to be. */
const TRY_EVERY_MS = 2000;
/** SRS waits 30 s for a hook; an encoder less. */
const ANSWER_MS = 5000;
/** Questions of this node that wait for an answer. */
const MAX_WAITING = 2000;

interface Question {
  id: string;
  from: string;
  body: unknown;
}

interface News {
  from: string;
  news: unknown;
}

/**
 * Several nodes share one SRS: the one on duty answers for it, alone. Hooks that a balancer brings to another are passed
 * on to it by the state center, and come back as its answer. With one node, that is on duty at once. Hooks carry stream
 * keys and tokens: what passes through the state center is sealed.
 */
export class SrsDuty {
  readonly #state: StateCenter;
  readonly #logger: Logger;
  readonly #answer: (body: unknown) => Promise<number>;
  readonly #onChange: (isOnDuty: boolean) => void;
  readonly #onNews: (news: unknown) => void;
  readonly #seal: Seal;
  readonly #waiting = new Map<string, (code: number) => void>();
  readonly #subscriptions: Unsubscribe[] = [];
  #lease: Lease | undefined;
  #timer: NodeJS.Timeout | undefined;
  #trying: Promise<void> | undefined;
  #isOnDuty = false;
  #isStopped = false;

  constructor(deps: {
    state: StateCenter;
    logger: Logger;
    /** The same on all nodes. */
    secret: string;
    answer(body: unknown): Promise<number>;
    onChange(isOnDuty: boolean): void;
    /** What another node told. */
    onNews(news: unknown): void;
  }) {
    this.#state = deps.state;
    this.#logger = deps.logger;
    this.#answer = (body) => deps.answer(body);
    this.#onChange = (isOnDuty) => deps.onChange(isOnDuty);
    this.#onNews = (news) => deps.onNews(news);
    this.#seal = new Seal(deps.secret, 'kaibo srs between nodes');
  }

  get isOnDuty(): boolean {
    return this.#isOnDuty;
  }

  async start(): Promise<void> {
    this.#subscriptions.push(
      await this.#listen(ASKED, (question) => this.#asked(question as Question)),
      await this.#listen(answersTo(this.#state.nodeId), (answer) => {
        const { id, code } = answer as { id: string; code: number };
        this.#waiting.get(id)?.(code);
      }),
      await this.#listen(NEWS, (message) => {
        const { from, news } = message as News;
        if (from !== this.#state.nodeId) this.#onNews(news);
      }),
    );
    this.#state.onNodeLost(() => void this.#try());
    await this.#try();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await Promise.all(this.#subscriptions.splice(0).map((unsubscribe) => unsubscribe()));
    for (const settle of this.#waiting.values()) settle(503);
    // A lease that is on its way is given back too.
    await this.#trying;
    await this.#lease?.release();
  }

  /** The answer of whoever is on duty: 0 is yes. @throws StateUnavailableError */
  async ask(body: unknown): Promise<number> {
    if (this.#isOnDuty) return this.#answer(body);
    if (this.#waiting.size >= MAX_WAITING) return 503;
    const id = randomUUID();
    const { promise, resolve } = Promise.withResolvers<number>();
    const timer = setTimeout(() => resolve(503), ANSWER_MS);
    this.#waiting.set(id, resolve);
    try {
      await this.#send(ASKED, { id, from: this.#state.nodeId, body } satisfies Question);
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  /** To the other nodes, as far as they can be reached. */
  async tell(news: unknown): Promise<void> {
    await this.#send(NEWS, { from: this.#state.nodeId, news } satisfies News).catch((error: unknown) =>
      this.#logger.warn({ err: error }, 'the other nodes are not told of a client of SRS'),
    );
  }

  #send(channel: string, value: unknown): Promise<void> {
    return this.#state.publishEphemeral(channel, 'sealed', this.#seal.seal(value));
  }

  #listen(channel: string, take: (value: unknown) => void): Promise<Unsubscribe> {
    const deliver = ({ data }: { data: unknown }): void => {
      const value = this.#seal.open(String(data));
      if (value !== undefined) return take(value);
      this.#logger.error('another node has another engine.srs.hooksSecret: it has to be the same on all');
    };
    return this.#state.subscribe(channel, { deliver, reset: () => {} });
  }

  #asked({ id, from, body }: Question): void {
    if (!this.#isOnDuty || from === this.#state.nodeId) return;
    this.#answer(body)
      .then((code) => this.#send(answersTo(from), { id, code }))
      // Whoever asked hears nothing, and refuses.
      .catch((error: unknown) =>
        this.#logger.warn({ err: error }, 'a hook that another node was sent is not answered'),
      );
  }

  /** Who comes while it is being settled, such as by a node's loss, waits for that. */
  #try(): Promise<void> {
    this.#trying ??= this.#settle().finally(() => (this.#trying = undefined));
    return this.#trying;
  }

  async #settle(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      await this.#look();
    } catch (error) {
      // While the state center is away nobody can know who else is on duty: it stays as it is.
      if (!(error instanceof StateUnavailableError)) this.#logger.error({ err: error }, 'duty for SRS is not settled');
    }
    if (this.#isStopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#try(), TRY_EVERY_MS);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    if (this.#lease?.isHeld === true) return;
    const holder = (await this.#state.holders([LEASE])).get(LEASE);
    if (holder !== undefined && holder.nodeId !== this.#state.nodeId) return this.#become(false);
    if (this.#lease === undefined || holder === undefined) this.#lease = await this.#state.lease(LEASE);
    this.#become(this.#lease !== undefined);
  }

  #become(isOnDuty: boolean): void {
    if (this.#isOnDuty === isOnDuty || this.#isStopped) return;
    this.#isOnDuty = isOnDuty;
    if (!isOnDuty) this.#lease = undefined;
    this.#logger.info({ isOnDuty }, isOnDuty ? 'this node answers for SRS' : 'another node answers for SRS');
    this.#onChange(isOnDuty);
  }
}
