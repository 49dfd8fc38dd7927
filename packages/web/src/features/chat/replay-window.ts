import type { ChatMessage } from '@kaibo/client';

/** What is kept of a long chat at a time. */
const MAX_KEPT = 2_000;

export interface ReplayPage {
  messages: readonly ChatMessage[];
  next?: string;
}

/** How many of the messages, which are in the order of their pictures, were said up to then (ms since the epoch). */
export function countUpTo(messages: readonly ChatMessage[], epochMs: number): number {
  let [low, high] = [0, messages.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((messages[middle]?.mediaAt ?? Infinity) <= epochMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A stretch of a recording's chat that was loaded: from a time on, as far as its pages reach. */
export class ReplayWindow {
  readonly fromMs: number;
  #messages: ChatMessage[] = [];
  #next: string | undefined;
  #toMs: number;

  constructor(fromMs: number, first: ReplayPage) {
    this.fromMs = fromMs;
    this.#toMs = fromMs;
    this.append(first);
  }

  get messages(): readonly ChatMessage[] {
    return this.#messages;
  }

  /** Where the next page begins; undefined when there is none. */
  get next(): string | undefined {
    return this.#next;
  }

  /** Up to when all is known, ms since the epoch; Infinity at the end. */
  get toMs(): number {
    return this.#next === undefined ? Infinity : this.#toMs;
  }

  covers(epochMs: number): boolean {
    return epochMs >= this.fromMs && epochMs <= this.toMs;
  }

  append({ messages, next }: ReplayPage): void {
    this.#messages = [...this.#messages, ...messages].slice(-MAX_KEPT);
    this.#toMs = messages.at(-1)?.mediaAt ?? this.#toMs;
    this.#next = next;
  }

  /** Those of the pictures after one time and up to another. */
  between(afterMs: number, upToMs: number): readonly ChatMessage[] {
    return this.#messages.slice(countUpTo(this.#messages, afterMs), countUpTo(this.#messages, upToMs));
  }
}
