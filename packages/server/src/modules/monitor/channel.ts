import type { StateCenter, Unsubscribe } from '../../state/contract.ts';
import { CONTROL_CHANNEL, USER_CHANGED } from '../auth/contract.ts';
import { AppError, type Account } from '../gateway/contract.ts';
import type { Asker, ChannelSource, Removal } from '../realtime/contract.ts';
import type { UserDirectory } from '../user/contract.ts';
import { MONITOR_CHANNEL, type Overview } from './contract.ts';

/** Nodes on which somebody listens. */
const WATCHING = 'watching:monitor';

export interface MonitorChannelDeps {
  state: StateCenter;
  users: UserDirectory;
  overview(): Promise<Overview>;
}

/** `monitor`, for administrators, as long as they are. */
export class MonitorChannel implements ChannelSource {
  readonly pattern = new RegExp(`^${MONITOR_CHANNEL}$`);
  readonly logged = false;
  readonly sharesSnapshot = true;
  readonly #deps: MonitorChannelDeps;
  #listeners = 0;
  #remove: (removal: Removal) => void = () => {};
  #unsubscribe: Unsubscribe | undefined;

  constructor(deps: MonitorChannelDeps) {
    this.#deps = deps;
  }

  async authorize(_channel: string, { caller }: Asker): Promise<void> {
    assertAdmin(caller.account);
  }

  snapshot(): Promise<Overview> {
    return this.#deps.overview();
  }

  render(data: unknown): unknown {
    return data;
  }

  async joined(): Promise<() => void> {
    const { state } = this.#deps;
    // Whoever listens while the state center is away has the snapshot, and asks again.
    if (this.#listeners++ === 0) await state.enter(WATCHING, state.nodeId).catch(() => false);
    return () => {
      if (--this.#listeners === 0) state.leave(WATCHING, state.nodeId).catch(() => {});
    };
  }

  /** Whether anybody does, on any node. */
  async isWatched(): Promise<boolean> {
    return ((await this.#deps.state.counts([WATCHING])).get(WATCHING)?.count ?? 0) > 0;
  }

  onRemoved(listener: (removal: Removal) => void): void {
    this.#remove = listener;
  }

  /** From now on whoever is an administrator no more hears no more. */
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
    const isAdminNoMore = async ({ caller: { account } }: Asker): Promise<boolean> =>
      account?.id === userId && (await this.#deps.users.find(userId))?.role !== 'admin';
    this.#remove({ channel: MONITOR_CHANNEL, fits: isAdminNoMore, code: 'forbidden' });
  }
}

/** @throws AppError login_required, forbidden, key_scope */
function assertAdmin(account: Account | undefined): void {
  if (account === undefined) throw new AppError('login_required');
  if (account.role !== 'admin') throw new AppError('forbidden');
  if (account.scopes !== undefined && !account.scopes.includes('admin')) throw new AppError('key_scope');
}
