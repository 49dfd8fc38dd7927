import { createHash } from 'node:crypto';
import type { Bucket, StateCenter } from '../../../state/contract.ts';
import { AppError } from '../../gateway/contract.ts';
import type { ChatOptions } from './contract.ts';
import { foldText } from './text.ts';

/** People whose pace is remembered on this node; those heard of longest ago are forgotten. */
const MAX_REMEMBERED = 50_000;
/** The same text twice, and then again once in this time. */
const SAME: Bucket = { burst: 2, perSecond: 1 / 30 };
/** Beyond the slow mode's own seconds, so that its clock outlives it. */
const SLOW_SLACK_MS = 1000;

export interface PaceDeps {
  state: StateCenter;
  options: ChatOptions;
  now: () => number;
}

/** How fast people may write, over all nodes: who writes by way of two of them gains nothing. */
export class Pace {
  readonly #deps: PaceDeps;
  /** What somebody has left if they write by way of this node only. */
  readonly #here = new Map<string, { tokens: number; atMs: number }>();

  constructor(deps: PaceDeps) {
    this.#deps = deps;
  }

  /**
   * A flood is refused by this node alone, before it costs the others anything.
   * @throws AppError rate_limited, message_repeated (not for whom it is trusted); StateUnavailableError
   */
  async take({
    roomId,
    person,
    text,
    isTrusted,
  }: {
    roomId: string;
    person: string;
    text: string;
    isTrusted: boolean;
  }): Promise<void> {
    const { state, options } = this.#deps;
    const { burst, perSecond, roomPerSecond } = options;
    const key = `${roomId}:${person}`;
    const tooFast = (): AppError => new AppError('rate_limited', seconds(1 / perSecond));
    if (!this.#takeHere(key)) throw tooFast();
    if (!isTrusted && (await state.take(`chat.same:${key}:${digest(foldText(text))}`, SAME)) === 0)
      throw new AppError('message_repeated');
    if ((await state.take(`chat.pace:${key}`, { burst, perSecond })) === 0) throw tooFast();
    if ((await state.take(`chat.room:${roomId}`, { burst: roomPerSecond, perSecond: roomPerSecond })) === 0)
      throw new AppError('rate_limited', seconds(1));
  }

  /**
   * Takes the person's turn in slow mode; what is returned gives it back, when nothing was said after all. The counter
   * in the state center is the clock itself (when the last turn was taken, ms since the epoch), so that neither who is
   * refused nor how long the store keeps it moves it. Of two that come at once only one finds its own time in it.
   * @throws AppError slow_mode
   */
  async takeTurn(channelId: string, person: string, slowSeconds: number): Promise<() => Promise<void>> {
    const { state, now } = this.#deps;
    if (slowSeconds === 0) return async () => {};
    const name = `chat.turn:${channelId}:${person}`;
    const slowMs = slowSeconds * 1000;
    const add = (by: number): Promise<number> => state.count(name, by, slowMs + SLOW_SLACK_MS);
    const takenAtMs = await add(0);
    const nowMs = now();
    const leftMs = takenAtMs + slowMs - nowMs;
    // A slow mode that was longer when the turn was taken, or a node with another clock: never wait longer than it says.
    if (takenAtMs > 0 && leftMs > 0) throw new AppError('slow_mode', seconds(Math.min(leftMs, slowMs) / 1000));
    const by = nowMs - takenAtMs;
    if (by === 0 || (await add(by)) === nowMs) return async () => void (await add(-by));
    await add(-by);
    throw new AppError('slow_mode', seconds(slowSeconds));
  }

  #takeHere(key: string): boolean {
    const { options, now } = this.#deps;
    const { burst, perSecond } = options;
    const nowMs = now();
    const known = this.#here.get(key) ?? { tokens: burst, atMs: nowMs };
    const tokens = Math.min(burst, known.tokens + (Math.max(0, nowMs - known.atMs) / 1000) * perSecond);
    this.#here.delete(key);
    this.#here.set(key, { tokens: tokens < 1 ? tokens : tokens - 1, atMs: nowMs });
    if (this.#here.size > MAX_REMEMBERED) {
      const [oldest] = this.#here.keys();
      if (oldest !== undefined) this.#here.delete(oldest);
    }
    return tokens >= 1;
  }
}

/** Of a text as long as a message may be, a name for it that is short. */
const digest = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 22);

const seconds = (count: number): { seconds: string } => ({ seconds: String(Math.max(1, Math.ceil(count))) });
