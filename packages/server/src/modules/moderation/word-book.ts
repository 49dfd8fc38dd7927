import type { StateCenter, Unsubscribe } from '../../state/contract.ts';
import { CONTROL_CHANNEL } from '../auth/contract.ts';
import { WORDS_CHANGED } from './contract.ts';
import { WordMatcher } from './word-matcher.ts';
import { EVERYWHERE, type MatchedWord, type WordStore } from './word-store.ts';

/** Channels whose words are ready; the one that was asked for longest ago is built anew when it is asked for again. */
const MOST_CHANNELS = 200;

type Words = WordMatcher<MatchedWord>;

interface List {
  /** Undefined until it is asked for, and once it was changed. */
  ready: Promise<Words> | undefined;
  /** Resolves when nobody works on `words`. Never rejects. */
  turn: Promise<unknown>;
  words: Words | undefined;
}

/** The lists, ready to match; built when first asked for, and again after they were changed, on whichever node. */
export class WordBook {
  readonly #store: WordStore;
  readonly #state: StateCenter;
  readonly #lists = new Map<string, List>();
  #unsubscribe: Unsubscribe | undefined;

  constructor({ store, state }: { store: WordStore; state: StateCenter }) {
    this.#store = store;
    this.#state = state;
  }

  async start(): Promise<void> {
    this.#unsubscribe ??= await this.#state.subscribe(CONTROL_CHANNEL, {
      deliver: ({ event, data }) => {
        // Only `WordService` writes this name.
        if (event === WORDS_CHANGED) this.forget((data as { channelId: string }).channelId);
      },
      reset: () => {
        for (const channelId of this.#lists.keys()) this.forget(channelId);
      },
    });
  }

  async stop(): Promise<void> {
    await this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }

  /** What holds everywhere, and what holds in the channel. */
  async of(channelId: string): Promise<{ everywhere: Words; channel: Words }> {
    const [everywhere, channel] = await Promise.all([this.#list(EVERYWHERE), this.#list(channelId)]);
    return { everywhere, channel };
  }

  /** What was read before the change may still be on its way to somebody, but to nobody who asks from now on. */
  forget(channelId: string): void {
    const list = this.#lists.get(channelId);
    if (list !== undefined) list.ready = undefined;
  }

  #list(channelId: string): Promise<Words> {
    const list = this.#lists.get(channelId) ?? { ready: undefined, turn: Promise.resolve(), words: undefined };
    this.#lists.delete(channelId);
    this.#lists.set(channelId, list);
    this.#bound();
    list.ready ??= this.#read(channelId, list);
    return list.ready;
  }

  #read(channelId: string, list: List): Promise<Words> {
    const reading = list.turn.then(async () => {
      const words = await this.#store.listed(channelId);
      if (list.words === undefined) list.words = await WordMatcher.build(words);
      else await list.words.update(words);
      return list.words;
    });
    // Whoever waits for it is told; the next one tries anew.
    list.turn = reading.catch(() => {
      if (list.ready === reading) list.ready = undefined;
    });
    return reading;
  }

  #bound(): void {
    for (const channelId of this.#lists.keys()) {
      if (this.#lists.size <= MOST_CHANNELS) return;
      if (channelId !== EVERYWHERE) this.#lists.delete(channelId);
    }
  }
}
