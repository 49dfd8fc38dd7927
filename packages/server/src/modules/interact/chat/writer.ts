import type { Logger } from 'pino';
import { DatabaseUnavailableError } from '../../../database/errors.ts';
import type { Outbox, Work } from '../../../database/outbox.ts';
import type { StateCenter } from '../../../state/contract.ts';
import { AppError } from '../../gateway/contract.ts';
import type { ExperienceFeed } from '../../level/contract.ts';
import { toModerators } from '../../moderation/contract.ts';
import type { NewNotice, Notifier } from '../../notice/contract.ts';
import { chatChannelOf } from './contract.ts';
import { MessageIds } from './message-ids.ts';
import type { ChatStore, MessageRow } from './store.ts';
import { messageView, messageViews, type Quote } from './view.ts';

/** How long the first message of a commit waits for others. */
const WINDOW_MS = 10;
const MAX_AT_ONCE = 500;
/** Waiting messages of all rooms; more are refused. */
const MAX_QUEUE = 5000;
/** What is older is in the history of whoever comes. */
const TOLD_AGAIN_WITHIN_MS = 60_000;
/** A commit that takes longer is one of a database that does not keep up: nobody else waits for it. */
const PATIENCE_MS = 3000;

/** A message without what only its commit gives it. */
export interface Draft {
  row: Omit<MessageRow, 'id' | 'at'>;
  quote: Quote | undefined;
  notices(messageId: string): NewNotice[];
}

interface Waiting {
  draft: Draft;
  done: PromiseWithResolvers<MessageRow>;
}

export interface WriterDeps {
  store: ChatStore;
  outbox: Outbox;
  state: StateCenter;
  notifier: Notifier;
  experience: ExperienceFeed;
  logger: Logger;
  now: () => number;
  /** Left out, 3 s. */
  patienceMs?: number;
  /** After a commit: how many messages it had, and how long it took. */
  onCommit(messages: number, seconds: number): void;
  /** A new message was shown. May not throw. */
  onShown(row: MessageRow): void;
}

/**
 * Group commit: what is said in all rooms within a moment goes into the database as one transaction, then to each
 * room's channel in that order, and then everybody is answered. So a message that its author was told of is kept, and
 * whoever listens got it; ids are given here, so that on a node their order is the order of the commits.
 */
export class ChatWriter {
  readonly #deps: WriterDeps;
  readonly #ids: MessageIds;
  #queue: Waiting[] = [];
  #running: Promise<void> | undefined;
  #isStalled = false;
  #isStopped = false;

  constructor(deps: WriterDeps) {
    this.#deps = deps;
    this.#ids = new MessageIds(deps.now);
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /**
   * Resolves with the row when it is kept and, unless it is held, on the channel.
   * @throws AppError overloaded, stopping; StateUnavailableError, and then nobody sees it
   */
  async write(draft: Draft): Promise<MessageRow> {
    if (this.#isStopped) throw new AppError('stopping');
    if (this.#isStalled || this.#queue.length >= MAX_QUEUE) throw new AppError('overloaded');
    const done = Promise.withResolvers<MessageRow>();
    this.#queue.push({ draft, done });
    this.#running ??= this.#run();
    return done.promise;
  }

  /**
   * Somebody sends again what is kept already. The node that kept it may have died before it was told, and nobody is
   * answered who was not heard: it is told again, which within the channel's history is once.
   * @throws StateUnavailableError
   */
  async tellAgain(row: MessageRow): Promise<void> {
    const { store, state, now } = this.#deps;
    const { id, room_id: roomId, at: atMs } = row;
    if (row.state !== 'shown' || atMs < now() - TOLD_AGAIN_WITHIN_MS) return;
    const [data] = await messageViews(store, roomId, [row]);
    await state.append(chatChannelOf(roomId), { id, event: 'chat.message', data, atMs });
  }

  /** What waits is written; later ones are refused. Idempotent. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, this.#isStopped ? 0 : WINDOW_MS));
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, MAX_AT_ONCE);
      const impatience = setTimeout(() => this.#stall(), this.#deps.patienceMs ?? PATIENCE_MS);
      await this.#commitOrRefuse(batch);
      clearTimeout(impatience);
      this.#isStalled = false;
    }
    this.#running = undefined;
  }

  /** What one message suffers from, or a deadlock with others' work, must not fall on those who spoke at the same time. */
  async #commitOrRefuse(batch: readonly Waiting[]): Promise<void> {
    try {
      await this.#commit(batch);
    } catch (error) {
      if (batch.length > 1 && !(error instanceof DatabaseUnavailableError)) {
        this.#deps.logger.warn({ err: error, messages: batch.length }, 'a commit of messages failed, each goes alone');
        for (const waiting of batch) await this.#commitOrRefuse([waiting]);
        return;
      }
      for (const { done } of batch) done.reject(error);
    }
  }

  /** Whoever is in the commit has to wait for what becomes of it; the others are told now, and until it ends. */
  #stall(): void {
    this.#isStalled = true;
    for (const { done } of this.#queue.splice(0)) done.reject(new AppError('overloaded'));
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    const { onCommit, outbox } = this.#deps;
    const began = performance.now();
    const said = batch.map(({ draft, done }) => {
      const { id, atMs } = this.#ids.next();
      const row: MessageRow = { ...draft.row, id, at: atMs, media_at: Math.min(draft.row.media_at, atMs) };
      return { row, draft, done };
    });
    const written = await outbox.transact((work) => this.#write(work, said));
    onCommit(said.length, (performance.now() - began) / 1000);
    const rooms = new Map<string, typeof said>();
    for (const message of said) {
      const { id, room_id: roomId } = message.row;
      if (written.has(id)) rooms.set(roomId, [...(rooms.get(roomId) ?? []), message]);
    }
    await Promise.all([...rooms].map(([roomId, messages]) => this.#tell(roomId, messages)));
    // Sent a second time while the first was on its way: both are answered with what the first became.
    for (const { row, done } of said) if (!written.has(row.id)) this.#again(row).then(done.resolve, done.reject);
  }

  async #write(
    { transaction, emit, note }: Work,
    said: readonly { row: MessageRow; draft: Draft }[],
  ): Promise<ReadonlySet<string>> {
    const { store, notifier, experience } = this.#deps;
    const written = await store.insert(
      transaction,
      said.map(({ row }) => row),
    );
    const shown = said.filter(({ row }) => row.state === 'shown' && written.has(row.id));
    for (const { row } of said)
      if (row.state === 'held' && written.has(row.id)) {
        const { id, person, name, text, at } = row;
        await emit(toModerators(row.room_id, 'held.added', { message: { id, person, name, text, at } }));
      }
    const notices = shown.flatMap(({ row, draft }) => draft.notices(row.id));
    if (notices.length > 0) await notifier.notify({ transaction, emit }, notices);
    await note('chat.message', () =>
      shown.map(({ row, draft }) => ({
        ...{ channel: chatChannelOf(row.room_id), event: 'chat.message', data: messageView(row, draft.quote) },
      })),
    );
    const facts = shown.flatMap(({ row: { user_id: userId, channel_id: channelId, at } }) =>
      userId === null || userId === channelId ? [] : [{ channelId, userId, kind: 'chat' as const, amount: 1, at }],
    );
    if (facts.length > 0) await experience.add(transaction, facts);
    return written;
  }

  /** One room's messages, in their order. */
  async #tell(roomId: string, messages: readonly (Waiting & { row: MessageRow })[]): Promise<void> {
    const { state, onShown } = this.#deps;
    for (const [at, { row, draft, done }] of messages.entries()) {
      if (row.state === 'shown') {
        try {
          const data = messageView(row, draft.quote);
          await state.append(chatChannelOf(roomId), { id: row.id, event: 'chat.message', data, atMs: row.at });
        } catch (error) {
          await this.#takeBack(roomId, messages.slice(at), error);
          return;
        }
        onShown(row);
      }
      done.resolve(row);
    }
  }

  /**
   * The channel could not be reached: the rest of the room's batch counts as not said. Its deletion is told by the
   * outbox, for an append whose answer was lost may have been one.
   */
  async #takeBack(roomId: string, messages: readonly (Waiting & { row: MessageRow })[], why: unknown): Promise<void> {
    const { outbox, store, logger } = this.#deps;
    const ids = messages.map(({ row }) => row.id);
    try {
      await outbox.transact(async ({ transaction, emit }) => {
        await store.takeBack(transaction, ids);
        await emit(...ids.map((id) => ({ channel: chatChannelOf(roomId), event: 'chat.deleted', data: { id } })));
        const held = messages.filter(({ row }) => row.state === 'held').map(({ row }) => row.id);
        await emit(...held.map((id) => toModerators(roomId, 'held.resolved', { id, state: 'deleted' })));
      });
    } catch (error) {
      logger.error({ err: error, roomId, messages: ids.length }, 'messages that were not told could not be taken back');
    }
    for (const { done } of messages) done.reject(why);
  }

  async #again({ room_id: roomId, person, client_id: clientId }: MessageRow): Promise<MessageRow> {
    const row = clientId === null ? undefined : await this.#deps.store.said(roomId, person, clientId);
    if (row === undefined) throw new AppError('overloaded');
    await this.tellAgain(row);
    return row;
  }
}
