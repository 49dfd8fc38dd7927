import { FormatError } from '../bytes/format-error.ts';
import { AMF_MAX_BYTES, AMF_MAX_DEPTH, AMF_MAX_VALUES } from './value.ts';

interface Referable<T> {
  value: T;
  /** Levels this value has, itself included; 0 when it contains nothing. */
  levels: number;
  /** Bytes of this value with its references written out. */
  costBytes: number;
  /** False while its own contents are still being decoded. */
  complete: boolean;
}

/**
 * The bounds one message's values share while they are decoded: how deep they are, and how much they would be without
 * references. References make a graph out of few bytes; whoever walks or prints the result walks the whole tree, so it
 * is the tree that is bounded.
 */
export class Nesting {
  #depth = 0;
  #deepest = 0;
  #referencedBytes = 0;
  #values = 0;

  /** Runs `decode` one level deeper. */
  within<T>(decode: () => T): T {
    this.#depth += 1;
    this.#reach(this.#depth);
    const value = decode();
    this.#depth -= 1;
    return value;
  }

  /** Counts values that are about to be made. */
  count(values: number): void {
    this.#values += values;
    if (this.#values > AMF_MAX_VALUES) throw new FormatError('too_large', `more than ${AMF_MAX_VALUES} AMF values`);
  }

  /** Counts bytes that a reference stands for. */
  charge(bytes: number): void {
    this.#referencedBytes += bytes;
    if (this.#referencedBytes > AMF_MAX_BYTES)
      throw new FormatError('too_large', 'AMF references stand for too many bytes');
  }

  get referencedBytes(): number {
    return this.#referencedBytes;
  }

  /** Runs `decode` for a value that lies one level deeper, and reports how many levels it has. */
  measure(decode: () => void): number {
    const outerDeepest = this.#deepest;
    this.#deepest = this.#depth;
    this.within(decode);
    const levels = this.#deepest - this.#depth;
    this.#deepest = Math.max(outerDeepest, this.#deepest);
    return levels;
  }

  /** Counts a referenced value of that many levels at the present depth. */
  reachBelow(levels: number): void {
    this.#reach(this.#depth + levels);
  }

  #reach(depth: number): void {
    if (depth > AMF_MAX_DEPTH) throw new FormatError('too_deep', `AMF nested deeper than ${AMF_MAX_DEPTH}`);
    if (depth > this.#deepest) this.#deepest = depth;
  }
}

/** The values of a message that later bytes may refer to by index, in the order in which they began. */
export class ReferenceTable<T> {
  readonly #entries: Referable<T>[] = [];
  readonly #nesting: Nesting;
  readonly #position: () => number;

  /** `position` tells how many bytes were read, to measure what a value costs. */
  constructor(nesting: Nesting, position: () => number) {
    this.#nesting = nesting;
    this.#position = position;
  }

  /** Registers `value`, then decodes its contents one level deeper. */
  fill<V extends T>(value: V, decodeContents: (value: V) => void): V {
    const entry: Referable<T> = { value, levels: 1, costBytes: 0, complete: false };
    this.#entries.push(entry);
    const begin = this.#position() + this.#nesting.referencedBytes;
    entry.levels = this.#nesting.measure(() => decodeContents(value));
    entry.costBytes = this.#position() + this.#nesting.referencedBytes - begin;
    entry.complete = true;
    return value;
  }

  /** Registers a value that contains no others. */
  add<V extends T>(value: V, costBytes: number): V {
    this.#entries.push({ value, levels: 0, costBytes, complete: true });
    return value;
  }

  /** The value of that index. A value that contains itself is refused: nobody who walks it would return. */
  resolve(index: number): T {
    const entry = this.#entries[index];
    if (entry === undefined) throw new FormatError('malformed', `AMF reference ${index} to nothing`);
    if (!entry.complete) throw new FormatError('unsupported', `AMF reference ${index} to a value that contains it`);
    this.#nesting.charge(entry.costBytes);
    this.#nesting.reachBelow(entry.levels);
    return entry.value;
  }
}
