import type { Logger } from 'pino';
import { levelOf } from '../../../database/errors.ts';
import { AppError } from '../../gateway/contract.ts';
import type { ArchivedMessage, ChatArchive } from '../chat/contract.ts';
import type { EntryDesk } from './entry-desk.ts';
import type { Entrant, LotteryRow, LotteryStore } from './store.ts';
import { termsOf } from './view.ts';

const REFRESH_MS = 1000;
/** Lotteries of all rooms that are open at one time. */
const MOST_OPEN = 5000;
/** Messages of the last moments, for a lottery that began on another node and is not known here yet. */
const RECENT_MS = 5000;
const MOST_RECENT = 5000;

interface Watched {
  row: LotteryRow;
  phrase: string;
  /** Those that entered by this node. */
  entered: Set<string>;
}

/** Enters whoever says a lottery's phrase in the chat. What it misses, as when this node dies, the join button makes good. */
export class PhraseWatch {
  readonly #store: LotteryStore;
  readonly #desk: EntryDesk;
  readonly #logger: Logger;
  readonly #now: () => number;
  /** By room. */
  #watched = new Map<string, Watched>();
  #recent: ArchivedMessage[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: { store: LotteryStore; desk: EntryDesk; chat: ChatArchive; logger: Logger; now: () => number }) {
    this.#store = deps.store;
    this.#desk = deps.desk;
    this.#logger = deps.logger;
    this.#now = deps.now;
    deps.chat.onMessage((message) => this.#heard(message));
  }

  start(): void {
    const refresh = (): void => {
      this.refresh().catch((error: unknown) =>
        this.#logger[levelOf(error)]({ err: error }, 'open lotteries could not be looked for'),
      );
    };
    this.#timer = setInterval(refresh, REFRESH_MS).unref();
    refresh();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Learns which lotteries are open. */
  async refresh(): Promise<void> {
    const before = this.#watched;
    const watched = new Map<string, Watched>();
    for (const row of await this.#store.open(MOST_OPEN)) {
      const { condition } = termsOf(row);
      if (condition.type !== 'phrase') continue;
      const known = before.get(row.room_id);
      const isKnown = known?.row.id === row.id;
      watched.set(row.room_id, isKnown ? known : { row, phrase: folded(condition.phrase), entered: new Set() });
    }
    this.#watched = watched;
    for (const message of this.#recent) this.#consider(message);
    this.#forgetOld();
  }

  #heard(message: ArchivedMessage): void {
    this.#recent.push(message);
    if (this.#recent.length > MOST_RECENT) this.#recent.splice(0, MOST_RECENT / 10);
    this.#consider(message);
  }

  #consider({ roomId, userId, name, text, state, at }: ArchivedMessage): void {
    const watched = this.#watched.get(roomId);
    if (watched === undefined || userId === null || state !== 'shown') return;
    const { row, phrase, entered } = watched;
    const isOwner = userId === row.channel_id || userId === row.created_by;
    if (isOwner || at < row.started_at || entered.has(userId) || folded(text) !== phrase) return;
    entered.add(userId);
    this.#enter(row.id, { userId, name }).catch((error: unknown) => {
      if (error instanceof AppError && error.code.startsWith('lottery_')) return;
      entered.delete(userId);
      this.#logger[levelOf(error)]({ err: error, lottery: row.id }, 'an entry by a phrase failed');
    });
  }

  /** A refusal at once is as one that comes later. */
  async #enter(lotteryId: string, entrant: Entrant): Promise<void> {
    await this.#desk.enter(lotteryId, entrant);
  }

  #forgetOld(): void {
    const sinceMs = this.#now() - RECENT_MS;
    const first = this.#recent.findIndex(({ at }) => at >= sinceMs);
    this.#recent.splice(0, first < 0 ? this.#recent.length : first);
  }
}

/** What a reader takes for the same. */
function folded(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();
}
