import type { Guest } from '../../sockets/roster.ts';
import type { Caller } from '../gateway/contract.ts';
import { vectorText, type Vector } from './contract.ts';
import type { FeedMessage } from './message.ts';

/** One request for events as JSON: collects until there is something to tell. */
export class Poll implements Guest {
  readonly caller: Caller;
  readonly #vector: Vector;
  readonly #events: string[] = [];
  readonly #snapshots = new Map<string, string>();
  readonly #errors: string[] = [];
  readonly #news = Promise.withResolvers<void>();
  #isAnswered = false;

  constructor({ caller, vector }: { caller: Caller; vector: Vector }) {
    this.caller = caller;
    this.#vector = vector;
  }

  /** Messages of one channel, as clients call it. A new snapshot voids the events before it. */
  take(channel: string, messages: readonly FeedMessage[]): void {
    if (this.#isAnswered) return;
    for (const { type, json, position, isMarker } of messages) {
      if (position !== undefined) this.#vector.set(channel, position);
      if (isMarker) continue;
      if (type === 'event') this.#events.push(json);
      else this.#snapshots.set(channel, json);
      // An ephemeral snapshot comes with every answer and is no news.
      if (type === 'event' || position !== undefined) this.#news.resolve();
    }
  }

  say(message: object): void {
    this.#errors.push(JSON.stringify(message));
    this.#news.resolve();
  }

  ping(): void {}

  /** Answers with what there is. */
  cut(): void {
    this.#news.resolve();
  }

  /** Resolves at once when there is something to tell, at the latest when the time or the request is over. */
  async wait(waitMs: number, gone: AbortSignal): Promise<void> {
    const late = AbortSignal.any([gone, AbortSignal.timeout(waitMs)]);
    const ended = new Promise<void>((resolve) => {
      if (late.aborted) resolve();
      else late.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([this.#news.promise, ended]);
  }

  /** As `eventsAnswerSchema` says, serialized. Nothing is taken afterwards. */
  answer(): string {
    this.#isAnswered = true;
    const lists = [
      `"events":[${this.#events.join()}]`,
      `"since":${JSON.stringify(vectorText(this.#vector))}`,
      ...(this.#snapshots.size > 0 ? [`"snapshots":[${[...this.#snapshots.values()].join()}]`] : []),
      ...(this.#errors.length > 0 ? [`"errors":[${this.#errors.join()}]`] : []),
    ];
    return `{${lists.join()}}`;
  }
}
