import type { Lease, StateCenter } from '../../state/contract.ts';

/** Recordings that this node alone writes or works on, where several share a disk. */
export class Claims {
  readonly #state: StateCenter;
  readonly #leases = new Map<string, Lease>();

  constructor(state: StateCenter) {
    this.#state = state;
  }

  /** False while another living node has it. */
  async take(recordingId: string): Promise<boolean> {
    const held = this.#leases.get(recordingId);
    if (held?.isHeld === true) return true;
    const lease = await this.#state.lease(`recording:${recordingId}`);
    if (lease === undefined) return false;
    this.#leases.set(recordingId, lease);
    return true;
  }

  async release(recordingId: string): Promise<void> {
    const lease = this.#leases.get(recordingId);
    this.#leases.delete(recordingId);
    await lease?.release();
  }

  async releaseAll(): Promise<void> {
    await Promise.all([...this.#leases.keys()].map((id) => this.release(id)));
  }
}
