/** A jump ahead of more packets than this is another beginning, not a loss. */
const MAX_AHEAD = 1024;
/** Packets that overtake each other on the way are not asked for before this. */
const REORDER_MS = 15;
const MAX_ASKS = 10;
const MIN_ASK_EVERY_MS = 20;
/** Until an answer has shown how long one takes. */
const FIRST_RTT_MS = 80;
/**
 * Puts one source's packets into order without delaying those that come in order. What is missing is asked for again
 * (RFC 4585, 6.2.1) until it has come or its time is over. Sequence numbers are unwrapped ones.
 */
export class JitterBuffer {
  #events;
  #next;
  #highest = 0;
  #waiting = new Map();
  #missing = new Map();
  /** How long it takes from asking to having, smoothed. */
  rttMs = FIRST_RTT_MS;
  constructor(events) {
    this.#events = events;
  }
  get isWaiting() {
    return this.#missing.size > 0;
  }
  push(sequence, packet, nowMs) {
    if (this.#next === undefined || Math.abs(sequence - this.#next) > MAX_AHEAD) this.#restart(sequence);
    const next = this.#next ?? sequence;
    if (sequence < next || this.#waiting.has(sequence)) return; // late, or twice
    for (let number = Math.max(this.#highest + 1, next); number < sequence; number++) {
      this.#missing.set(number, { sinceMs: nowMs, askedAtMs: 0, asks: 0 });
    }
    this.#found(sequence, nowMs);
    this.#highest = Math.max(this.#highest, sequence);
    this.#waiting.set(sequence, packet);
    this.#drain();
  }
  /** What to ask for now. Gives up what has been missing for `patienceMs`. */
  tick(nowMs, patienceMs) {
    const everyMs = Math.max(MIN_ASK_EVERY_MS, this.rttMs * 1.25);
    const asked = [];
    for (const [sequence, missing] of this.#missing) {
      if (nowMs - missing.sinceMs > patienceMs) {
        this.#giveUp(sequence);
        continue;
      }
      const isDue = nowMs - missing.sinceMs >= REORDER_MS && nowMs - missing.askedAtMs >= everyMs;
      if (!isDue || missing.asks >= MAX_ASKS) continue;
      missing.askedAtMs = nowMs;
      missing.asks++;
      asked.push(sequence & 0xffff);
    }
    return asked;
  }
  #found(sequence, nowMs) {
    const missing = this.#missing.get(sequence);
    this.#missing.delete(sequence);
    if (missing?.asks === 1) this.rttMs += (nowMs - missing.askedAtMs - this.rttMs) / 4;
  }
  #restart(sequence) {
    if (this.#next !== undefined) this.#events.gap();
    this.#waiting.clear();
    this.#missing.clear();
    this.#next = sequence;
    this.#highest = sequence - 1;
  }
  #giveUp(sequence) {
    for (const number of this.#missing.keys()) if (number <= sequence) this.#missing.delete(number);
    const next = this.#next ?? 0;
    if (sequence < next) return;
    // What came before the hole and waits behind an older one is in order still.
    for (let number = next; number <= sequence; number++) {
      const packet = this.#waiting.get(number);
      this.#waiting.delete(number);
      if (packet) this.#events.packet(packet);
      else this.#events.gap();
    }
    this.#next = sequence + 1;
    this.#drain();
  }
  #drain() {
    while (this.#next !== undefined) {
      const packet = this.#waiting.get(this.#next);
      if (!packet) return;
      this.#waiting.delete(this.#next);
      this.#next++;
      this.#events.packet(packet);
    }
  }
}
