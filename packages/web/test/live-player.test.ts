// The player on a ladder of sessions that do as the test says, in an element that is only a picture counter.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LivePlayer } from '../src/features/player/live-player.ts';
import type { PlaySession, SessionEnd, SessionOptions } from '../src/features/player/play-session.ts';
import { INITIAL_STATE } from '../src/features/player/player-state.ts';
import type { PlayerState } from '../src/features/player/player-state.ts';
import type { Rung, Transport } from '../src/features/player/transports.ts';

/** As much of a video element as the player touches. */
class Picture extends EventTarget {
  paused = true;
  muted = false;
  videoWidth = 0;
  readyState = 0;
  play(): Promise<void> {
    this.paused = false;
    return Promise.resolve();
  }
  pause(): void {
    this.paused = true;
  }
}

class LiveSession implements PlaySession {
  readonly id: string;
  readonly options: SessionOptions;
  pictures = 0;
  jumps = 0;
  delay = 0.2;
  soughtS: number[] = [];
  qualities: string[] = [];
  isOpen = true;
  constructor(id: string, options: SessionOptions) {
    this.id = id;
    this.options = options;
  }
  async open(): Promise<void> {
    await loading;
    this.options.events.onLoaded();
  }
  progress = () => this.pictures;
  delayS = () => this.delay;
  keepUp = () => false;
  jumpToLive(): void {
    this.jumps += 1;
  }
  destroy(): void {
    this.isOpen = false;
  }
  end(end: SessionEnd): void {
    this.options.events.onEnd(end);
  }
}

/** With a past and more than one picture. */
class PastSession extends LiveSession {
  pastS = () => 60;
  seekBehind = (behindS: number) => void this.soughtS.push(behindS);
  setQuality = (quality: string) => void this.qualities.push(quality);
}

/** Of the code of a session. */
let loading: Promise<void>;
let sessions: LiveSession[];
let state: PlayerState;
let picture: Picture;
let player: LivePlayer;

function rung(id: Transport['id'], decoder: Transport['decoder'], firstPictureMs: number, attempts: number): Rung {
  const hasPast = id === 'hls';
  const session = (options: SessionOptions): PlaySession => {
    const made = new (hasPast ? PastSession : LiveSession)(id, options);
    sessions.push(made);
    return made;
  };
  const patience = { stallMs: 4_000, firstPictureMs };
  const transport: Transport = {
    ...{ id, label: id, decoder, hasPast, liveWithinS: 3, patience, attempts },
    url: () => id,
    session,
  };
  return { transport, url: id, attempts, quality: 'auto' };
}

const RUNGS = () => [
  rung('whep', 'webrtc', 3_000, 1),
  rung('ws-flv', 'mse', 8_000, 2),
  rung('http-flv', 'mse', 8_000, 2),
];

const WITH_PAST = () => [...RUNGS(), rung('hls', 'hls', 12_000, 2)];

beforeEach(() => {
  vi.useFakeTimers();
  loading = Promise.resolve();
  sessions = [];
  state = { ...INITIAL_STATE };
  picture = new Picture();
  const canvas = { hidden: true } as HTMLCanvasElement;
  player = new LivePlayer({
    video: picture as unknown as HTMLVideoElement,
    canvas,
    onState: (change) => Object.assign(state, change),
  });
});

afterEach(() => {
  player.close();
  vi.useRealTimers();
});

function last(): LiveSession {
  const session = sessions.at(-1);
  if (!session) throw new Error('nothing was connected');
  return session;
}

async function plays(session: LiveSession): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
  session.pictures += 1;
  picture.dispatchEvent(new Event('timeupdate'));
}

/** A picture every 400 ms for this long. */
async function playsFor(session: LiveSession, ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 400) {
    session.pictures += 1;
    await vi.advanceTimersByTimeAsync(400);
  }
}

test('a way whose code is long on its way is waited for, then as long as any other; code that never comes is given up', async () => {
  const arrival = Promise.withResolvers<void>();
  loading = arrival.promise;
  player.start(RUNGS());
  await vi.advanceTimersByTimeAsync(14_000);
  arrival.resolve();
  await vi.advanceTimersByTimeAsync(2_500);
  expect(sessions.map(({ id }) => id)).toEqual(['whep']);
  loading = new Promise(() => {});
  await vi.advanceTimersByTimeAsync(1_000);
  expect(sessions.map(({ id }) => id)).toEqual(['whep', 'ws-flv']);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sessions.map(({ id }) => id).slice(0, 4)).toEqual(['whep', 'ws-flv', 'ws-flv', 'http-flv']);
});

test('no picture by WebRTC in 3 s: the next way is taken at once, and it is still the first connecting', async () => {
  player.start(RUNGS());
  await vi.advanceTimersByTimeAsync(2_900);
  expect(sessions.map(({ id }) => id)).toEqual(['whep']);
  await vi.advanceTimersByTimeAsync(700);
  expect(sessions.map(({ id }) => id)).toEqual(['whep', 'ws-flv']);
  expect(sessions[0]?.isOpen).toBe(false);
  expect(state).toMatchObject({ phase: 'connecting', transport: 'ws-flv', reconnects: 0 });
  await plays(last());
  expect(state.phase).toBe('playing');
});

test('a codec that one decoder lacks is tried on the other, and told when none is left', async () => {
  player.start(RUNGS());
  last().end({ kind: 'codec', codec: 'H.265 (HEVC)' });
  expect(state).toMatchObject({ phase: 'connecting', transport: 'ws-flv', failure: null });
  last().end({ kind: 'codec', codec: 'H.265 (HEVC)' });
  expect(sessions).toHaveLength(2);
  expect(state).toMatchObject({ phase: 'stopped', failure: { kind: 'codec', codec: 'H.265 (HEVC)' } });
});

test('a way that has played is kept when it breaks', async () => {
  player.start(RUNGS());
  await plays(last());
  expect(state).toMatchObject({ phase: 'playing', transport: 'whep' });
  last().end({ kind: 'closed' });
  expect(state.phase).toBe('reconnecting');
  await vi.advanceTimersByTimeAsync(1_500);
  expect(sessions.map(({ id }) => id)).toEqual(['whep', 'whep']);
  await plays(last());
  expect(state).toMatchObject({ phase: 'playing', reconnects: 1 });
});

test('a picture that stands still is a stall, but not while the publisher is away', async () => {
  player.start(RUNGS());
  await playsFor(last(), 12_000);
  player.expectData(false);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sessions).toHaveLength(1);
  player.expectData(true);
  await vi.advanceTimersByTimeAsync(6_000);
  expect(sessions.length).toBeGreaterThan(1);
  expect(sessions[0]?.isOpen).toBe(false);
});

test('a pause keeps the connection for 15 s, and playing connects again', async () => {
  player.start(RUNGS());
  await playsFor(last(), 2_000);
  player.pause();
  await vi.advanceTimersByTimeAsync(14_000);
  expect(last().isOpen).toBe(true);
  player.play();
  expect(last().jumps).toBe(1);
  player.pause();
  await vi.advanceTimersByTimeAsync(16_000);
  expect(last().isOpen).toBe(false);
  player.play();
  expect(sessions).toHaveLength(2);
});

test('another choice of ways replaces the session', async () => {
  player.start(RUNGS());
  await plays(last());
  player.change(RUNGS().slice(1));
  expect(sessions.map(({ id, isOpen }) => `${id} ${isOpen}`)).toEqual(['whep false', 'ws-flv true']);
});

test('back in time by the way that has a past, and back to the live one', async () => {
  player.start(WITH_PAST());
  await plays(last());
  player.goBack(20);
  expect(sessions.map(({ id, isOpen }) => `${id} ${isOpen}`)).toEqual(['whep false', 'hls true']);
  expect(last().options.behindS).toBe(20);
  expect(state).toMatchObject({ isBack: true, delayS: 20, transport: 'hls' });
  last().delay = 20.5;
  await plays(last());
  await vi.advanceTimersByTimeAsync(400);
  expect(state).toMatchObject({ phase: 'playing', delayS: 20.5, pastS: 60 });
  player.goBack(40);
  expect(last().soughtS).toEqual([40]);
  player.goBack(2);
  expect(sessions.map(({ id }) => id)).toEqual(['whep', 'hls', 'whep']);
  expect(last().options.behindS).toBeUndefined();
  expect(state).toMatchObject({ isBack: false, delayS: 0 });
});

test('who is back in time comes back to the same pictures after a drop, and stays there when the tab comes back', async () => {
  player.start(WITH_PAST());
  await plays(last());
  player.goBack(20);
  last().delay = 20;
  await playsFor(last(), 12_000);
  player.catchUp();
  expect(last().jumps).toBe(0);
  last().end({ kind: 'error' });
  await vi.advanceTimersByTimeAsync(2_000);
  expect(sessions).toHaveLength(3);
  expect(last().options.behindS).toBeGreaterThan(20);
  expect(last().options.behindS).toBeLessThan(22.5);
});

test('a pause goes on where it was, by the way that has a past; a short one is live', async () => {
  player.start(WITH_PAST());
  await playsFor(last(), 2_000);
  player.pause();
  await vi.advanceTimersByTimeAsync(2_000);
  player.play();
  expect([sessions.length, last().jumps, state.isBack]).toEqual([1, 1, false]);
  await playsFor(last(), 800);
  player.pause();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(state.delayS).toBeGreaterThan(19);
  player.play();
  expect(sessions.map(({ id }) => id)).toEqual(['whep', 'hls']);
  expect(last().options.behindS).toBeGreaterThan(20);
  expect(state.isBack).toBe(true);
});

test('HLS as the live way is sought in, not replaced', async () => {
  player.start(WITH_PAST().slice(-1));
  await plays(last());
  player.goBack(30);
  expect([sessions.length, last().soughtS, state.isBack]).toEqual([1, [30], true]);
  player.goLive();
  expect([sessions.length, last().jumps, state.isBack]).toEqual([1, 1, false]);
});

test('where the way to the past plays nothing, it is live again', async () => {
  player.start(WITH_PAST());
  await plays(last());
  player.goBack(20);
  last().end({ kind: 'codec', codec: 'VP9' });
  expect(sessions.map(({ id }) => id)).toEqual(['whep', 'hls', 'whep']);
  expect(state).toMatchObject({ isBack: false, failure: null });
});

test('another quality is asked of the session that has it, otherwise the same way is connected anew', async () => {
  const smaller = () => WITH_PAST().map((given) => ({ ...given, quality: '720p' }));
  player.start(WITH_PAST());
  last().end({ kind: 'unsupported' });
  await plays(last());
  player.changeQuality(smaller().map((given) => ({ ...given, url: `${given.url}_720p` })));
  expect(sessions.map(({ id }) => id)).toEqual(['whep', 'ws-flv', 'ws-flv']);
  expect(last().options.url).toBe('ws-flv_720p');
  player.change(WITH_PAST());
  await plays(last());
  player.goBack(20);
  player.changeQuality(smaller());
  expect(last()).toMatchObject({ id: 'hls', qualities: ['720p'] });
});

test('its end is final', async () => {
  player.start(RUNGS());
  player.close();
  player.close();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sessions).toHaveLength(1);
  expect(last().isOpen).toBe(false);
});
