// The player on a ladder of sessions that do as the test says, in an element that is only a picture counter.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { INITIAL_STATE, LivePlayer } from '../src/features/player/live-player.ts';
import type { PlayerState } from '../src/features/player/live-player.ts';
import type { PlaySession, SessionEnd, SessionOptions } from '../src/features/player/play-session.ts';
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

class ScriptedSession implements PlaySession {
  readonly id: string;
  readonly options: SessionOptions;
  pictures = 0;
  jumps = 0;
  isOpen = true;
  constructor(id: string, options: SessionOptions) {
    this.id = id;
    this.options = options;
  }
  open = () => Promise.resolve();
  progress = () => this.pictures;
  delayS = () => 0.2;
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

let sessions: ScriptedSession[];
let state: PlayerState;
let picture: Picture;
let player: LivePlayer;

function rung(id: Transport['id'], decoder: Transport['decoder'], firstPictureMs: number, attempts: number): Rung {
  const session = (options: SessionOptions): PlaySession => {
    const made = new ScriptedSession(id, options);
    sessions.push(made);
    return made;
  };
  const patience = { stallMs: 4_000, firstPictureMs };
  const transport: Transport = { id, label: id, decoder, patience, attempts, url: () => id, session };
  return { transport, url: id, attempts };
}

const RUNGS = () => [
  rung('whep', 'webrtc', 3_000, 1),
  rung('ws-flv', 'mse', 8_000, 2),
  rung('http-flv', 'mse', 8_000, 2),
];

beforeEach(() => {
  vi.useFakeTimers();
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

function last(): ScriptedSession {
  const session = sessions.at(-1);
  if (!session) throw new Error('nothing was connected');
  return session;
}

async function plays(session: ScriptedSession): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
  session.pictures += 1;
  picture.dispatchEvent(new Event('timeupdate'));
}

/** A picture every 400 ms for this long. */
async function playsFor(session: ScriptedSession, ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 400) {
    session.pictures += 1;
    await vi.advanceTimersByTimeAsync(400);
  }
}

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

test('its end is final', async () => {
  player.start(RUNGS());
  player.close();
  player.close();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sessions).toHaveLength(1);
  expect(last().isOpen).toBe(false);
});
