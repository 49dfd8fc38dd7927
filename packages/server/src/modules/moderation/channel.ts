import type { StateCenter, Unsubscribe } from '../../state/contract.ts';
import { AppError } from '../gateway/contract.ts';
import type { ChatArchive } from '../interact/chat/contract.ts';
import type { RoomDirectory } from '../live/contract.ts';
import type { Asker, ChannelSource, Removal } from '../realtime/contract.ts';
import { moderationChannelOf, type ModerationSnapshot } from './contract.ts';
import { heldOf, MOST_SHOWN } from './held.ts';
import type { ReportStore } from './report-store.ts';

const PREFIX = moderationChannelOf('');

export interface ModerationChannelDeps {
  rooms: RoomDirectory;
  state: StateCenter;
  reports: ReportStore;
  chat(): ChatArchive;
}

/** A room of which somebody on this node sees what waits. */
interface Watched {
  listeners: number;
  ended: Promise<Unsubscribe>;
}

/**
 * `moderation:ID`: what waits for the owner and moderators of a room. Whoever is one no longer hears no more of it: while
 * somebody listens the room's own events are listened to, in which that is said.
 */
export class ModerationChannel implements ChannelSource {
  readonly pattern = new RegExp(`^${PREFIX}(.+)$`);
  readonly logged = true;
  readonly #deps: ModerationChannelDeps;
  /** By room; as many as there are subscriptions at most. */
  readonly #watched = new Map<string, Watched>();
  #tell: (removal: Removal) => void = () => {};

  constructor(deps: ModerationChannelDeps) {
    this.#deps = deps;
  }

  async authorize(channel: string, { caller, ...proof }: Asker): Promise<void> {
    const scopes = caller.account?.scopes;
    if (scopes !== undefined && !scopes.includes('rooms:read') && !scopes.includes('admin'))
      throw new AppError('key_scope');
    const { isOwner, isModerator } = await this.#deps.rooms.standing(caller, roomIdOf(channel), proof);
    if (!isOwner && !isModerator) throw new AppError('forbidden');
  }

  async joined(channel: string, asker: Asker): Promise<() => void> {
    const leave = await this.#watch(roomIdOf(channel));
    try {
      // What was said before this node listened.
      await this.authorize(channel, asker);
      return leave;
    } catch (error) {
      leave();
      throw error;
    }
  }

  async snapshot(channel: string, asker: Asker): Promise<ModerationSnapshot> {
    await this.authorize(channel, asker);
    const { chat, reports } = this.#deps;
    const roomId = roomIdOf(channel);
    const [held, { total }] = await Promise.all([
      chat().held(roomId, MOST_SHOWN),
      reports.list({ state: 'open', page: 1, pageSize: 1 }, { roomId, subject: 'message' }),
    ]);
    return { held: held.map(heldOf), openReports: total };
  }

  render(data: unknown): unknown {
    return data;
  }

  onRemoved(listener: (removal: Removal) => void): void {
    const { rooms } = this.#deps;
    this.#tell = listener;
    rooms.onRemoved(({ roomId, person, code }) => {
      const fits = (asker: Asker): boolean => rooms.personOf(roomId, asker) === person;
      listener({ channel: moderationChannelOf(roomId), fits, code });
    });
  }

  async #watch(roomId: string): Promise<() => void> {
    const known = this.#watched.get(roomId) ?? { listeners: 0, ended: this.#listen(roomId) };
    this.#watched.set(roomId, known);
    known.listeners++;
    const leave = (): void => {
      if (--known.listeners > 0) return;
      this.#watched.delete(roomId);
      // It was never there when it cannot be reached.
      known.ended.then((unsubscribe) => unsubscribe()).catch(() => {});
    };
    try {
      await known.ended;
      return leave;
    } catch (error) {
      leave();
      throw error;
    }
  }

  #listen(roomId: string): Promise<Unsubscribe> {
    return this.#deps.state.subscribe(`room:${roomId}`, {
      deliver: ({ event }) => {
        if (event === 'moderator.removed') this.#judge(roomId);
      },
      reset: () => this.#judge(roomId),
    });
  }

  #judge(roomId: string): void {
    const channel = moderationChannelOf(roomId);
    this.#tell({ channel, code: 'forbidden', fits: (asker) => this.#isRefused(channel, asker) });
  }

  async #isRefused(channel: string, asker: Asker): Promise<boolean> {
    try {
      await this.authorize(channel, asker);
      return false;
    } catch (error) {
      if (error instanceof AppError) return true;
      throw error;
    }
  }
}

function roomIdOf(channel: string): string {
  return channel.slice(PREFIX.length);
}
