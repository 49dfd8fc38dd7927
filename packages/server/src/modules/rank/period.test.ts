import { expect, test } from 'vitest';
import { Calendar } from './period.ts';

const at = (text: string): number => Date.parse(text);

test.each([
  ['UTC', '2026-11-27T10:20:30Z', '2026-11-27T10:00:00Z', '2026-11-27T00:00:00Z', '2026-11-23T00:00:00Z'],
  ['Asia/Shanghai', '2026-11-26T17:00:00Z', '2026-11-26T17:00:00Z', '2026-11-26T16:00:00Z', '2026-11-22T16:00:00Z'],
  ['Asia/Kathmandu', '2026-11-27T10:20:30Z', '2026-11-27T10:15:00Z', '2026-11-26T18:15:00Z', '2026-11-22T18:15:00Z'],
  // Behind the change of the clocks on Sunday 29 March, the week began before it.
  ['Europe/Berlin', '2026-03-29T20:00:00Z', '2026-03-29T20:00:00Z', '2026-03-28T23:00:00Z', '2026-03-22T23:00:00Z'],
  ['America/New_York', '2026-11-01T23:00:00Z', '2026-11-01T23:00:00Z', '2026-11-01T04:00:00Z', '2026-10-26T04:00:00Z'],
])('hours, days and weeks of %s at %s', (timeZone, now, hour, day, week) => {
  const starts = new Calendar(timeZone).startsAt(at(now));
  const read = Object.fromEntries(
    Object.entries(starts).map(([period, ms]) => [period, new Date(ms).toISOString().replace('.000', '')]),
  );
  expect(read).toEqual({ hour, day, week, all: '1970-01-01T00:00:00Z' });
});

test('every moment of a day begins the same day, over every change of the clocks', () => {
  const calendar = new Calendar('Europe/Berlin');
  const format = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/Berlin', dateStyle: 'short' });
  const days = new Map<string, Set<number>>();
  for (let now = at('2026-01-01T00:00:00Z'); now < at('2027-01-01T00:00:00Z'); now += 1_800_000) {
    const name = format.format(now);
    days.set(name, (days.get(name) ?? new Set()).add(calendar.startsAt(now).day));
  }
  expect([...days.values()].filter((starts) => starts.size !== 1)).toEqual([]);
  expect(new Set([...days.values()].flatMap((starts) => [...starts])).size).toBe(days.size);
});
