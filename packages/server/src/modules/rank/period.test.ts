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

// Clocks that change at night, at midnight, by half an hour, or never, and a day that was left out.
test.each([
  ['Europe/Berlin', '2026-03-28'],
  ['Europe/Berlin', '2026-10-24'],
  ['America/Santiago', '2026-04-04'],
  ['America/Santiago', '2026-09-05'],
  ['America/Havana', '2026-03-07'],
  ['America/Havana', '2026-10-31'],
  ['Australia/Lord_Howe', '2026-04-04'],
  ['Australia/Lord_Howe', '2026-10-03'],
  ['Asia/Shanghai', '2026-11-28'],
  ['Pacific/Apia', '2011-12-29'],
])('every moment of a day in %s begins the same hour, day and week from %s on', (timeZone, from) => {
  const calendar = new Calendar(timeZone);
  const format = new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' });
  const days = new Map<string, Set<number>>();
  const begin = at(`${from}T00:00:00Z`);
  for (let now = begin; now < begin + 3 * 86_400_000; now += 900_000) {
    const name = format.format(now);
    const { hour, day, week } = calendar.startsAt(now);
    days.set(name, (days.get(name) ?? new Set()).add(day));
    expect(week <= day && day <= now && hour <= now && now - hour < 3_600_000, `the order of ${now}`).toBe(true);
    expect(format.format(day), `the day of ${now}`).toBe(name);
    expect(format.format(day - 1), `the day before ${now}`).not.toBe(name);
  }
  expect([...days.values()].filter((starts) => starts.size !== 1)).toEqual([]);
  expect(new Set([...days.values()].flatMap((starts) => [...starts])).size).toBe(days.size);
});

test.each([
  ['Europe/Berlin', '2026-03-29T00:59:59.999Z', '2026-03-29T00:00:00Z'],
  // The hour that there is not at all, and the one that there is twice.
  ['Europe/Berlin', '2026-03-29T01:00:00Z', '2026-03-29T01:00:00Z'],
  ['Europe/Berlin', '2026-10-25T00:30:00Z', '2026-10-25T00:00:00Z'],
  ['Europe/Berlin', '2026-10-25T01:30:00Z', '2026-10-25T01:00:00Z'],
])('the hour of %s at %s', (timeZone, now, hour) => {
  expect(new Calendar(timeZone).startsAt(at(now)).hour).toBe(at(hour));
});
