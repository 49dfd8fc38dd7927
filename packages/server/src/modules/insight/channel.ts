import type { StateCenter, Unsubscribe } from '../../state/contract.ts';
import { CONTROL_CHANNEL, USER_CHANGED } from '../auth/contract.ts';
import { AppError } from '../gateway/contract.ts';
import type { Asker, ChannelSource, Removal } from '../realtime/contract.ts';
import type { UserDirectory } from '../user/contract.ts';
import type { Series } from './contract.ts';
import type { InsightService } from './service.ts';

const PREFIX = 'insight:';
const roomIdOf = (channel: string): string => channel.slice(PREFIX.length);

export interface InsightChannelDeps {
  state: StateCenter;
  users: UserDirectory;
  service: InsightService;
}

/** `insight:ID`: how a room's broadcast goes, for its owner and administrators, as long as they are. */
export class InsightChannel implements ChannelSource {
  readonly pattern = new RegExp(`^${PREFIX}(.+)$`);
  readonly logged = false;
  readonly sharesSnapshot = true;
  readonly #deps: InsightChannelDeps;
  /** Subscriptions on this node, by channel. */
  readonly #listeners = new Map<string, number>();
  #remove: (removal: Removal) => void = () => {};
  #unsubscribe: Unsubscribe | undefined;

  constructor(deps: InsightChannelDeps) {
    this.#deps = deps;
  }

  async authorize(channel: string, { caller, ...proof }: Asker): Promise<void> {
    const scopes = caller.account?.scopes;
    if (scopes !== undefined && !scopes.includes('rooms:read') && !scopes.includes('admin'))
      throw new AppError('key_scope');
    await this.#deps.service.assertOwner(caller, roomIdOf(channel), proof);
  }

  snapshot(channel: string, { caller, ...proof }: Asker): Promise<Series> {
    return this.#deps.service.series(caller, roomIdOf(channel), proof);
  }

  render(data: unknown): unknown {
    return data;
  }

  async joined(channel: string): Promise<() => void> {
    this.#listeners.set(channel, (this.#listeners.get(channel) ?? 0) + 1);
    return () => {
      const left = (this.#listeners.get(channel) ?? 1) - 1;
      if (left === 0) this.#listeners.delete(channel);
      else this.#listeners.set(channel, left);
    };
  }

  onRemoved(listener: (removal: Removal) => void): void {
    this.#remove = listener;
  }

  /** From now on who is an administrator no more hears no more of others' rooms. */
  async start(): Promise<void> {
    this.#unsubscribe ??= await this.#deps.state.subscribe(CONTROL_CHANNEL, {
      deliver: ({ event, data }) => {
        // Only the auth module tells of it.
        if (event === USER_CHANGED) this.#changed((data as { userId: string }).userId);
      },
      reset: () => {},
    });
  }

  async stop(): Promise<void> {
    await this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }

  #changed(userId: string): void {
    for (const channel of this.#listeners.keys())
      this.#remove({ channel, fits: (asker) => this.#isOwnerNoMore(channel, asker, userId), code: 'forbidden' });
  }

  async #isOwnerNoMore(channel: string, { caller, ...proof }: Asker, userId: string): Promise<boolean> {
    if (caller.account?.id !== userId) return false;
    // What the connection was let in by may say a role that is over.
    const role = (await this.#deps.users.find(userId))?.role ?? 'user';
    const account = { ...caller.account, role };
    try {
      await this.#deps.service.assertOwner({ ...caller, account }, roomIdOf(channel), proof);
      return false;
    } catch (error) {
      if (error instanceof AppError) return true;
      throw error;
    }
  }
}
