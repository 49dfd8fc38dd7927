import { statfs } from 'node:fs/promises';
import type { RoomReply, RoomRequest } from './contract.ts';

/** How long deleting may take before the recording ends. */
export const ROOM_WAIT_MS = 10_000;
/** Room is asked for when this much, or an eighth, of the quota is left. */
const QUOTA_RESERVE_BYTES = 64 * 1024 * 1024;

export type Shortage = RoomRequest['reason'];

export interface SpaceGuardDeps {
  minFreeBytes: number;
  quotaBytes: number | undefined;
  /** Tells that the recording will end; answered when room was made, or none can be. */
  ask(question: Pick<RoomRequest, 'reason' | 'freeBytes' | 'sizeBytes'>): Promise<RoomReply | undefined>;
  /** Free on the folder's file system. */
  freeBytes(): Promise<number>;
}

/**
 * Whether a recording may go on writing. Running short it first tells, and goes on meanwhile; when nobody made room in
 * time it may not any longer.
 */
export class SpaceGuard {
  readonly #deps: SpaceGuardDeps;
  #quotaBytes: number | undefined;
  #asked: Promise<void> | undefined;
  /** The last answer changed nothing: there is no use in asking again before the shortage is over. */
  #refused: Shortage | undefined;

  constructor(deps: SpaceGuardDeps) {
    this.#deps = deps;
    this.#quotaBytes = deps.quotaBytes;
  }

  /** Before the first byte, or where one was refused: room is waited for. The shortage that remains, if any. */
  async require(sizeBytes: number): Promise<Shortage | undefined> {
    const shortage = await this.#shortage(sizeBytes);
    if (shortage === undefined) return undefined;
    await this.#ask(shortage, sizeBytes);
    return this.#shortage(sizeBytes);
  }

  /** While writing: asks in the background. The shortage that ends the recording, if any. */
  async check(sizeBytes: number): Promise<Shortage | undefined> {
    const shortage = (await this.#shortage(sizeBytes)) ?? this.#nearQuota(sizeBytes);
    if (shortage === undefined) {
      this.#refused = undefined;
      return undefined;
    }
    if (this.#refused !== shortage && this.#asked === undefined) {
      this.#asked = this.#ask(shortage, sizeBytes).finally(() => (this.#asked = undefined));
      this.#refused = shortage; // unless the next look finds that the shortage is over
      return undefined;
    }
    // What is written while the answer is on its way is what the reserve is for; a quota is not passed.
    if (this.#asked !== undefined) {
      if (!this.#overQuota(sizeBytes)) return undefined;
      await this.#asked;
    }
    return this.#shortage(sizeBytes);
  }

  /** The disk refused a write. Whether it is worth another attempt. */
  async refused(sizeBytes: number): Promise<boolean> {
    await this.#asked;
    const before = await this.#deps.freeBytes();
    await this.#ask('disk_full', sizeBytes);
    return (await this.#deps.freeBytes()) > before;
  }

  async #shortage(sizeBytes: number): Promise<Shortage | undefined> {
    if (this.#overQuota(sizeBytes)) return 'quota';
    return (await this.#deps.freeBytes()) < this.#deps.minFreeBytes ? 'disk_full' : undefined;
  }

  #overQuota(sizeBytes: number): boolean {
    return this.#quotaBytes !== undefined && sizeBytes >= this.#quotaBytes;
  }

  #nearQuota(sizeBytes: number): Shortage | undefined {
    if (this.#quotaBytes === undefined) return undefined;
    return this.#quotaBytes - sizeBytes < Math.min(QUOTA_RESERVE_BYTES, this.#quotaBytes / 8) ? 'quota' : undefined;
  }

  async #ask(reason: Shortage, sizeBytes: number): Promise<void> {
    const freeBytes = await this.#deps.freeBytes();
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), ROOM_WAIT_MS).unref();
    });
    const answer = this.#deps.ask({ reason, freeBytes, sizeBytes }).catch(() => undefined);
    const reply = await Promise.race([answer, tooLate]);
    clearTimeout(timer);
    if (reply?.quotaBytes !== undefined) this.#quotaBytes = reply.quotaBytes;
  }
}

/** What those who are not root may still write to the folder's file system. */
export async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
