import { StateUnavailableError, type StateCenter } from '../../state/contract.ts';

const groupOf = (roomId: string): string => `owners:${roomId}`;

/** Whether the owner of a peer-to-peer room is there, on any node: what a publisher is to other rooms. */
export class OwnerPeers {
  readonly #state: StateCenter;
  /** Peers of the owner on this node, by room. */
  readonly #peers = new Map<string, number>();
  /** Rooms whose owner left while the state center was away. */
  readonly #unsettled = new Set<string>();
  #onChange: () => void = () => {};

  constructor(deps: { state: StateCenter }) {
    this.#state = deps.state;
  }

  /** `listener` is called when an owner came to this node or left it. */
  onChange(listener: () => void): void {
    this.#onChange = listener;
  }

  /** Call what is returned when the peer is gone. */
  async joined(roomId: string): Promise<() => void> {
    await this.#state.enter(groupOf(roomId), this.#state.nodeId);
    this.#peers.set(roomId, (this.#peers.get(roomId) ?? 0) + 1);
    this.#onChange();
    let isGone = false;
    return () => {
      if (isGone) return;
      isGone = true;
      void this.#left(roomId);
    };
  }

  async present(roomIds: readonly string[]): Promise<Set<string>> {
    if (roomIds.length === 0) return new Set();
    const late = [...this.#unsettled];
    this.#unsettled.clear();
    await Promise.all(late.map((roomId) => this.#settle(roomId)));
    const counts = await this.#state.counts(roomIds.map(groupOf));
    return new Set(roomIds.filter((id) => (counts.get(groupOf(id))?.count ?? 0) > 0));
  }

  async #left(roomId: string): Promise<void> {
    const left = (this.#peers.get(roomId) ?? 1) - 1;
    if (left > 0) {
      this.#peers.set(roomId, left);
      return;
    }
    this.#peers.delete(roomId);
    await this.#settle(roomId);
    this.#onChange();
  }

  async #settle(roomId: string): Promise<void> {
    if (this.#peers.has(roomId)) return;
    try {
      await this.#state.leave(groupOf(roomId), this.#state.nodeId);
    } catch (error) {
      if (!(error instanceof StateUnavailableError)) throw error;
      this.#unsettled.add(roomId);
    }
  }
}
