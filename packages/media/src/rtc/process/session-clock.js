import { msOfNtp } from '@kaibo/formats';
/** So that slewing back at the beginning never goes below zero. */
const START_MS = 1000;
/** A track moves to its right place by at most this share of the time that passes: nobody hears or sees it. */
const SLEW_SHARE = 0.1;
/** Senders whose reports say that sound and picture are this far apart do not mean it. */
const MAX_CORRECTION_MS = 2000;
/** A report tells of about the time that its track is at. */
const MAX_REPORT_DISTANCE_MS = 10_000;
/**
 * One time for the sound and the picture of a publisher. Each RTP clock begins anywhere (RFC 3550, 5.1): at first a track
 * is placed by the arrival of its first packet, then by the sender's reports, which tell both clocks by one.
 */
export class SessionClock {
  #startedAtMs;
  /** What to add to the sender's wall clock, by the first track that had a report. */
  #anchor;
  track(clockHz) {
    return new TrackClock(clockHz, this);
  }
  /** The session's time at which a packet arrived. */
  arrival(nowMs) {
    this.#startedAtMs ??= nowMs;
    return START_MS + nowMs - this.#startedAtMs;
  }
  /**
   * The session's time of the sender's `wallMs`, of which a track believes that it is `placedMs`. When the track that was
   * first contradicts itself, the sender's wall clock was set.
   */
  ofWall(track, { wallMs, placedMs }) {
    const offsetMs = placedMs - wallMs;
    this.#anchor ??= { track, offsetMs };
    if (this.#anchor.track === track && Math.abs(offsetMs - this.#anchor.offsetMs) > MAX_CORRECTION_MS)
      this.#anchor.offsetMs = offsetMs;
    return wallMs + this.#anchor.offsetMs;
  }
}
/** The RTP clock of one track. */
export class TrackClock {
  #clockHz;
  #session;
  #last;
  #offsetMs;
  #targetMs;
  #lastMs = 0;
  constructor(clockHz, session) {
    this.#clockHz = clockHz;
    this.#session = session;
  }
  /** ms in the session's time of a 32-bit RTP timestamp; `nowMs` is when its packet came. */
  time(timestamp, nowMs) {
    const rawMs = this.#follow(timestamp);
    this.#offsetMs ??= this.#session.arrival(nowMs) - rawMs;
    this.#slew(rawMs + this.#offsetMs - this.#lastMs);
    this.#lastMs = rawMs + this.#offsetMs;
    return this.#lastMs;
  }
  /** RFC 3550, 6.4.1: at `ntp` the sender's RTP clock showed `rtpTimestamp`. Nothing before the first packet. */
  report(ntp, rtpTimestamp) {
    if (this.#offsetMs === undefined) return;
    const rawMs = (this.#ticks(rtpTimestamp) * 1000) / this.#clockHz;
    const placedMs = rawMs + this.#offsetMs;
    if (Math.abs(placedMs - this.#lastMs) > MAX_REPORT_DISTANCE_MS) return;
    const wantedMs = this.#session.ofWall(this, { wallMs: msOfNtp(ntp), placedMs }) - rawMs;
    if (Math.abs(wantedMs - this.#offsetMs) <= MAX_CORRECTION_MS) this.#targetMs = wantedMs;
  }
  #slew(elapsedMs) {
    if (this.#targetMs === undefined || this.#offsetMs === undefined || elapsedMs <= 0) return;
    const most = Math.min(elapsedMs, 100) * SLEW_SHARE;
    this.#offsetMs += Math.max(-most, Math.min(most, this.#targetMs - this.#offsetMs));
  }
  #follow(timestamp) {
    const ticks = this.#ticks(timestamp);
    if (this.#last === undefined || ticks > this.#last.ticks) this.#last = { raw: timestamp, ticks };
    return (ticks * 1000) / this.#clockHz;
  }
  /** The timestamp without its wrapping, as near as it can be to the last one. */
  #ticks(timestamp) {
    return this.#last === undefined ? timestamp : this.#last.ticks + ((timestamp - this.#last.raw) | 0);
  }
}
