import type { StateCenter, Unsubscribe } from '../../state/contract.ts';
import { CONTROL_CHANNEL } from '../auth/contract.ts';
import { WORDS_CHANGED } from './contract.ts';
import { WordMatcher } from './word-matcher.ts';
import { EVERYWHERE, type WordRow, type WordStore } from './word-store.ts';

/** Channels whose words are ready; the one that was asked for longest ago is built anew when it is asked for again. */
const MOST_CHANNELS = 200;

type Words = WordMatcher<WordRow>;

/** The lists, ready to match; built when first asked for, and again after they were changed, on whichever node. */
export class WordBook {
  readonly #store: WordStore;
  readonly #state: StateCenter;
  readonly #lists = new Map<string, Promise<Words>>();
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
      reset: () => this.#lists.clear(),
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
    this.#lists.delete(channelId);
  }

  #list(channelId: string): Promise<Words> {
    const known = this.#lists.get(channelId);
    this.#lists.delete(channelId);
    const list = known ?? this.#read(channelId);
    this.#lists.set(channelId, list);
    this.#bound();
    return list;
  }

  #read(channelId: string): Promise<Words> {
    const list = this.#store.ofChannel(channelId).then((rows) => WordMatcher.build(rows));
    // Whoever waits for it is told; the next one tries anew.
    list.catch(() => {
      if (this.#lists.get(channelId) === list) this.#lists.delete(channelId);
    });
    return list;
  }

  #bound(): void {
    for (const channelId of this.#lists.keys()) {
      if (this.#lists.size <= MOST_CHANNELS) return;
      if (channelId !== EVERYWHERE) this.#lists.delete(channelId);
    }
  }
}
