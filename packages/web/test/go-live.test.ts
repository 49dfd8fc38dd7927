import { expect, test } from 'vitest';
import { AudioLevel, decibelsOf, levelOf } from '../src/features/go-live/audio-level.ts';
import { problemOf } from '../src/features/go-live/capture-problem.ts';
import { devicesIn } from '../src/features/go-live/devices.ts';
import { screenConstraints } from '../src/features/go-live/open-devices.ts';
import {
  bitrateOf,
  BITRATE_LEVELS,
  constraintsOf,
  DEFAULT_QUALITY,
  FRAME_RATES,
  qualityFrom,
  RESOLUTIONS,
} from '../src/features/go-live/quality.ts';
import { appendTo, sparkline } from '../src/features/go-live/stats-history.ts';

test('the bitrate rises with every step of size, frames and level', () => {
  const at = (change: object) => bitrateOf({ ...DEFAULT_QUALITY, ...change });
  expect(at({})).toBe(2_500_000);
  const rising = (values: number[]) => values.every((value, index) => index === 0 || value > (values[index - 1] ?? 0));
  expect(rising(RESOLUTIONS.toReversed().map((resolution) => at({ resolution })))).toBe(true);
  expect(rising(FRAME_RATES.map((fps) => at({ fps })))).toBe(true);
  expect(rising(BITRATE_LEVELS.map((bitrate) => at({ bitrate })))).toBe(true);
  expect(at({ resolution: '360p', fps: 24, bitrate: 'low' }) % 50_000).toBe(0);
});

test('a camera is asked for wishes, a screen is never blown up', () => {
  expect(constraintsOf({ resolution: '1080p', fps: 60, bitrate: 'high' })).toEqual({
    width: { ideal: 1920 },
    height: { ideal: 1080 },
    frameRate: { ideal: 60 },
  });
  expect(screenConstraints(DEFAULT_QUALITY)).toEqual({
    width: { max: 1280 },
    height: { max: 720 },
    frameRate: { max: 30 },
  });
});

test.each([
  [{}, DEFAULT_QUALITY],
  [{ resolution: '8k', fps: 1000, bitrate: null }, DEFAULT_QUALITY],
  [
    { resolution: '480p', fps: 24, bitrate: 'high' },
    { resolution: '480p', fps: 24, bitrate: 'high' },
  ],
])('remembered %j is %j', (stored, quality) => {
  expect(qualityFrom(stored)).toEqual(quality);
});

test.each([
  ['NotAllowedError', 'Permission denied', 'denied'],
  ['NotAllowedError', 'Permission denied by system', 'deniedBySystem'],
  ['SecurityError', '', 'denied'],
  ['NotFoundError', '', 'notFound'],
  ['OverconstrainedError', '', 'notFound'],
  ['NotReadableError', 'Could not start video source', 'busy'],
  ['AbortError', '', 'busy'],
  ['TypeError', '', 'unknown'],
] as const)('%s (%s) is %s', (name, message, problem) => {
  expect(problemOf(new DOMException(message, name))).toBe(problem);
});

test('devices that cannot be chosen are not offered, and names come without numbers', () => {
  const device = (kind: MediaDeviceKind, deviceId: string, label: string) => ({ kind, deviceId, label });
  const list = [
    device('audioinput', 'default', 'Default - Microphone'),
    device('audioinput', 'communications', 'Communications - Microphone'),
    device('audiooutput', 'speaker', 'Speaker'),
    device('videoinput', 'cam', 'C920 HD (046d:082d)'),
    device('videoinput', '', ''),
  ];
  expect(devicesIn(list)).toEqual({
    cameras: [{ id: 'cam', label: 'C920 HD' }],
    microphones: [{ id: 'default', label: 'Default - Microphone' }],
  });
});

const loud = new Float32Array(1024).fill(0.5);
const quiet = new Float32Array(1024);

test('loudness: full scale is 0 dB, and the meter ends at its floor', () => {
  expect(decibelsOf(new Float32Array(8).fill(1))).toBe(0);
  expect(decibelsOf(loud)).toBeCloseTo(-6.02, 2);
  expect(decibelsOf(quiet)).toBe(-Infinity);
  expect([0, -30, -60, -Infinity].map(levelOf)).toEqual([1, 0.5, 0, 0]);
});

test('the level rises at once and falls slowly, the peak stays for a moment', () => {
  const level = new AudioLevel();
  level.update(quiet, 0);
  expect(level.level).toBe(0);
  level.update(loud, 16);
  const top = level.level;
  expect(top).toBeCloseTo(0.9, 2);
  level.update(quiet, 116);
  expect(level.level).toBeCloseTo(top - 0.12, 2);
  expect(level.peak).toBe(top);
  level.update(quiet, 1_300);
  expect(level.peak).toBe(level.level);
});

test('it knows for how long nothing was heard', () => {
  const level = new AudioLevel();
  expect(level.silentMs(5_000)).toBe(0);
  level.update(quiet, 5_000);
  level.update(quiet, 9_000);
  expect(level.silentMs(9_000)).toBe(4_000);
  level.update(loud, 9_500);
  expect(level.silentMs(9_500)).toBe(0);
});

test('a history keeps one minute', () => {
  let history: (number | null)[] = [];
  for (let value = 0; value < 100; value += 1) history = appendTo(history, value);
  expect(history).toHaveLength(60);
  expect(history.at(-1)).toBe(99);
});

test.each([
  { name: 'nothing', values: [], path: '' },
  { name: 'one value at the right edge', values: [5], path: 'M59 5' },
  { name: 'higher than expected: the scale grows', values: [0, 20], path: 'M58 10L59 0' },
  { name: 'a gap is not bridged', values: [10, null, 0], path: 'M57 0M59 10' },
])('sparkline: $name', ({ values, path }) => {
  expect(sparkline(values, { width: 59, height: 10, atLeast: 10 })).toBe(path);
});
