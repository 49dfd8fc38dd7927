import type { StateCenter } from '../../state/contract.ts';
import { AppError, type Account } from '../gateway/contract.ts';
import type { Asker, ChannelSource } from '../realtime/contract.ts';
import { MONITOR_CHANNEL, type Overview } from './contract.ts';

/** Nodes on which somebody listens. */
const WATCHING = 'watching:monitor';

export interface MonitorChannelDeps {
  state: StateCenter;
  overview(): Promise<Overview>;
}

/** `monitor`, for administrators; whoever is one no more has to connect anew. */
export class MonitorChannel implements ChannelSource {
  readonly pattern = new RegExp(`^${MONITOR_CHANNEL}$`);
  readonly logged = false;
  readonly sharesSnapshot = true;
  readonly #deps: MonitorChannelDeps;
  #listeners = 0;

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
}

/** @throws AppError login_required, forbidden, key_scope */
function assertAdmin(account: Account | undefined): void {
  if (account === undefined) throw new AppError('login_required');
  if (account.role !== 'admin') throw new AppError('forbidden');
  if (account.scopes !== undefined && !account.scopes.includes('admin')) throw new AppError('key_scope');
}
