import { ntpOfMs } from '@kaibo/formats';
import { describe, expect, it } from 'vitest';
import { SessionClock } from './session-clock.ts';
const NOW_MS = 1_800_000_000_000;
/** The sender's wall clock is wrong by days. */
const WALL_MS = NOW_MS - 3 * 86_400_000;
const VIDEO = 90;
const AUDIO = 48;
/** A track of a sender: `ms` is the sender's time since the session began. */
function source(clock, { ticksPerMs, firstRaw }) {
  const track = clock.track(ticksPerMs * 1000);
  const raw = (ms) => (firstRaw + Math.round(ms * ticksPerMs)) >>> 0;
  return {
    track,
    raw,
    /** A packet of `ms` that comes `delayMs` later. */
    time: (ms, delayMs) => track.time(raw(ms), NOW_MS + ms + delayMs),
    report: (ms, changes = {}) => track.report(ntpOfMs(changes.wallMs ?? WALL_MS + ms), changes.raw ?? raw(ms)),
  };
}
describe('SessionClock', () => {
  it('places each track by the arrival of its first packet, then by its own clock', () => {
    const clock = new SessionClock();
    const video = source(clock, { ticksPerMs: VIDEO, firstRaw: 77 });
    const audio = source(clock, { ticksPerMs: AUDIO, firstRaw: 4_000_000_000 });
    expect(video.time(0, 0)).toBeCloseTo(1000);
    expect(video.time(40, 30)).toBeCloseTo(1040);
    expect(audio.time(60, 15)).toBeCloseTo(1075);
    expect(audio.time(80, 300)).toBeCloseTo(1095);
  });
  it.each([
    { name: 'audio first', first: 'audio' },
    { name: 'video first', first: 'video' },
  ])('brings sound and picture together once both reported, $name, by at most a tenth of the time', ({ first }) => {
    const clock = new SessionClock();
    const tracks = {
      video: source(clock, { ticksPerMs: VIDEO, firstRaw: 0xffff_0000 }),
      audio: source(clock, { ticksPerMs: AUDIO, firstRaw: 123_456 }),
    };
    // The picture came 180 ms late at first, the sound 20.
    tracks.audio.time(0, 20);
    tracks.video.time(0, 180);
    const second = first === 'audio' ? 'video' : 'audio';
    tracks[first].report(0);
    tracks[second].report(0);
    const last = { video: 1160, audio: 1000 };
    for (let ms = 20; ms <= 3000; ms += 20) {
      for (const kind of ['audio', 'video']) {
        if (kind === 'video' && ms % 40 !== 0) continue;
        const stepMs = kind === 'video' ? 40 : 20;
        const at = tracks[kind].time(ms, 20);
        expect(at - last[kind]).toBeGreaterThanOrEqual(stepMs * 0.89);
        expect(at - last[kind]).toBeLessThanOrEqual(stepMs * 1.12);
        last[kind] = at;
      }
    }
    expect(Math.abs(last.video - last.audio)).toBeLessThan(25); // the last picture is 20 ms before the last sound
    expect(Math.abs(tracks.video.time(3040, 20) - tracks.audio.time(3040, 20))).toBeLessThan(1);
  });
  it('goes on over the end of 32 bits, for packets that come late too', () => {
    const clock = new SessionClock();
    const video = source(clock, { ticksPerMs: VIDEO, firstRaw: 2 ** 32 - 1800 });
    expect(video.raw(40)).toBe(1800);
    expect([0, 40, 10, 80].map((ms) => Math.round(video.time(ms, 0)))).toEqual([1000, 1040, 1010, 1080]);
    video.report(90);
    expect(video.time(120, 0)).toBeCloseTo(1120);
  });
  it('goes on over days', () => {
    const clock = new SessionClock();
    const video = source(clock, { ticksPerMs: VIDEO, firstRaw: 5 });
    for (let ms = 0; ms <= 4 * 86_400_000; ms += 10_000_000) expect(video.time(ms, 0)).toBeCloseTo(1000 + ms, 3);
  });
  it.each([
    { name: 'a wall clock of 1900', report: { wallMs: -2_208_988_800_000 } },
    { name: 'a time far from the packets', report: { raw: 0x8123_4567 } },
    { name: 'a time just within half a turn', report: { raw: 0x7fff_ff00 } },
  ])('is not led astray by a report of $name', ({ report }) => {
    const clock = new SessionClock();
    const [video, audio] = [1, 1].map(() => source(clock, { ticksPerMs: VIDEO, firstRaw: 0 }));
    video.time(0, 0);
    audio.time(0, 50);
    video.report(0);
    for (let ms = 20; ms <= 2000; ms += 20) {
      audio.report(ms, report);
      audio.report(ms, report);
      expect(audio.time(ms, 50)).toBeCloseTo(1050 + ms);
      expect(video.time(ms, 0)).toBeCloseTo(1000 + ms);
    }
    audio.report(2000);
    for (let ms = 2020; ms <= 4000; ms += 20) {
      video.time(ms, 0);
      audio.time(ms, 50);
    }
    expect(audio.time(4020, 50)).toBeCloseTo(5020, 0);
  });
  it('believes the first track again after the sender’s clock was set', () => {
    const clock = new SessionClock();
    const video = source(clock, { ticksPerMs: VIDEO, firstRaw: 0 });
    const audio = source(clock, { ticksPerMs: AUDIO, firstRaw: 0 });
    video.time(0, 0);
    audio.time(0, 100);
    video.report(0, { wallMs: 0 }); // said before it knew the time
    for (let ms = 20; ms <= 4000; ms += 20) {
      if (ms % 1000 === 0) {
        audio.report(ms);
        video.report(ms);
      }
      video.time(ms, 0);
      audio.time(ms, 100);
    }
    expect(Math.abs(video.time(4020, 0) - audio.time(4020, 100))).toBeLessThan(1);
  });
  it('has no use for a report before the first packet', () => {
    const clock = new SessionClock();
    const video = source(clock, { ticksPerMs: VIDEO, firstRaw: 9 });
    video.report(500);
    expect(video.time(0, 0)).toBeCloseTo(1000);
  });
});
