/** What all streams of one thread did since it started: plain numbers, counted where it happens. */
export class HubTotals {
  /** Media from publishers. */
  recvBytes = 0;
  /** Media to viewers. */
  sentBytes = 0;
  /** Writes to all viewers of a stream at once, and how long the first packet of each waited for the others. */
  windows = 0;
  windowMs = 0;
  /** Slow viewers that were made to wait for the next key frame. */
  skips = 0;
  /** Slow viewers that were closed. */
  cuts = 0;
}
