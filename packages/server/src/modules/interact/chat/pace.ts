import type { StateCenter } from '../../../state/contract.ts';
import { AppError } from '../../gateway/contract.ts';
import type { ChatOptions } from './contract.ts';
import { foldText } from './text.ts';

/** People and rooms whose pace is remembered on this node; those heard of longest ago are forgotten. */
const MAX_REMEMBERED = 50_000;
/** The same text this often within this time is once too often. */
const REPEATS = 3;
const REPEAT_MS = 30_000;
/** Beyond the slow mode's own seconds, so that its clock outlives it. */
const SLOW_SLACK_MS = 1000;

interface Bucket {
  tokens: number;
  atMs: number;
}

interface Recent {
  text: string;
  atMs: number;
}

export interface PaceDeps {
  state: StateCenter;
  options: ChatOptions;
  now: () => number;
}

/** How fast people may write. Slow mode holds over all nodes; floods and repetitions are judged by each by itself. */
export class Pace {
  readonly #deps: PaceDeps;
  readonly #buckets = new Map<string, Bucket>();
  readonly #recent = new Map<string, Recent[]>();

  constructor(deps: PaceDeps) {
    this.#deps = deps;
  }

  /** @throws AppError rate_limited, message_repeated (not for whom it is trusted) */
  take({
    roomId,
    person,
    text,
    isTrusted,
  }: {
    roomId: string;
    person: string;
    text: string;
    isTrusted: boolean;
  }): void {
    const { burst, perSecond, roomPerSecond } = this.#deps.options;
    const key = `${roomId} ${person}`;
    if (!isTrusted) this.#assertNew(key, text);
    if (!this.#takeToken(key, { burst, perSecond })) throw new AppError('rate_limited', seconds(1 / perSecond));
    if (!this.#takeToken(roomId, { burst: roomPerSecond, perSecond: roomPerSecond }))
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

  #takeToken(key: string, { burst, perSecond }: { burst: number; perSecond: number }): boolean {
    const now = this.#deps.now();
    const bucket = this.#buckets.get(key) ?? { tokens: burst, atMs: now };
    bucket.tokens = Math.min(burst, bucket.tokens + (Math.max(0, now - bucket.atMs) / 1000) * perSecond);
    bucket.atMs = now;
    remember(this.#buckets, key, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }

  #assertNew(key: string, text: string): void {
    const now = this.#deps.now();
    const folded = foldText(text);
    const recent = (this.#recent.get(key) ?? []).filter(({ atMs }) => now - atMs < REPEAT_MS);
    if (recent.filter((said) => said.text === folded).length >= REPEATS - 1) throw new AppError('message_repeated');
    recent.push({ text: folded, atMs: now });
    remember(this.#recent, key, recent.slice(-10));
  }
}

/** As the newest of those that are remembered. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= MAX_REMEMBERED) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}

const seconds = (count: number): { seconds: string } => ({ seconds: String(Math.max(1, Math.ceil(count))) });
