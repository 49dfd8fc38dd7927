import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { KeySource } from './key-sources.ts';

export type KeyPurpose = 'token' | 'sign';

/** A secret of 32 bytes or more; `id` names it in a token's header. */
export interface SecretKey {
  id: string;
  value: Buffer;
  createdAtMs: number;
  /** Since when it no longer signs. */
  retiredAtMs: number | undefined;
}

/** A new token key is made this often. */
const ROTATE_AFTER_MS = 30 * 86_400_000;
const CHECK_EVERY_MS = 3_600_000;
/** At most one look into the source so often for keys that other nodes made. */
const RELOAD_EVERY_MS = 2000;

export interface KeyRingDeps {
  source: KeySource;
  /** How long what was signed last is still believed. */
  keepRetiredMs: number;
  now: () => number;
  /** Writes down who put a new key in place of the one before. */
  onRotated(actor: string): Promise<void>;
}

/** The keys of access tokens: one signs, those before it still verify until their last token has ended. */
export class KeyRing {
  readonly #source: KeySource;
  readonly #keepRetiredMs: number;
  readonly #now: () => number;
  readonly #onRotated: (actor: string) => Promise<void>;
  #keys: SecretKey[] = [];
  #loadedAtMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor({ source, keepRetiredMs, now, onRotated }: KeyRingDeps) {
    this.#source = source;
    this.#keepRetiredMs = keepRetiredMs;
    this.#now = now;
    this.#onRotated = onRotated;
  }

  async start(onProblem: (error: unknown) => void): Promise<void> {
    await this.#load();
    await this.#rotateIfOld();
    this.#timer = setInterval(() => void this.#rotateIfOld().catch(onProblem), CHECK_EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** The key that signs. */
  current(): SecretKey {
    const [newest] = this.#keys;
    if (newest === undefined) throw new Error('the key ring is not started');
    return newest;
  }

  /** A key that verifies; another node may have made it a moment ago. */
  async find(id: string): Promise<SecretKey | undefined> {
    const known = this.#verifying(id);
    if (known !== undefined || this.#loadedAtMs + RELOAD_EVERY_MS > this.#now()) return known;
    await this.#load();
    return this.#verifying(id);
  }

  /** Signs with a new key from now on. False when the keys are the operator's. */
  async rotate(actor: string): Promise<boolean> {
    if (!this.#source.canRotate) return false;
    const [newest] = this.#keys;
    const isOurs = await this.#source.add(newKey(this.#now()), {
      retires: newest?.id,
      forgetBeforeMs: this.#now() - this.#keepRetiredMs,
    });
    await this.#load();
    if (isOurs) await this.#onRotated(actor);
    return true;
  }

  #verifying(id: string): SecretKey | undefined {
    const key = this.#keys.find((candidate) => candidate.id === id);
    const isOver = key?.retiredAtMs !== undefined && key.retiredAtMs + this.#keepRetiredMs <= this.#now();
    return isOver ? undefined : key;
  }

  async #load(): Promise<void> {
    this.#loadedAtMs = this.#now();
    const keys = await this.#source.load(() => newKey(this.#now()));
    this.#keys = keys.toSorted((a, b) => b.createdAtMs - a.createdAtMs);
  }

  async #rotateIfOld(): Promise<void> {
    if (this.current().createdAtMs + ROTATE_AFTER_MS <= this.#now()) await this.rotate('system');
  }
}

export function newKey(nowMs: number): SecretKey {
  return { id: randomUUID().slice(0, 8), value: randomBytes(32), createdAtMs: nowMs, retiredAtMs: undefined };
}

/** The id of a configured key: says nothing of the secret. */
export function keyIdOf(secret: string): string {
  return createHash('sha256').update(`kaibo key id\0${secret}`).digest('hex').slice(0, 8);
}
