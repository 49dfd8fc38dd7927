/** How far behind the newest picture a viewer is. While the picture stands still that grows by itself. */
export class Place {
  #behindS = 0;
  #atMs = 0;

  note(behindS: number, nowMs: number): void {
    this.#behindS = behindS;
    this.#atMs = nowMs;
  }

  behindS(nowMs: number): number {
    return this.#behindS + Math.max(0, nowMs - this.#atMs) / 1000;
  }
}
