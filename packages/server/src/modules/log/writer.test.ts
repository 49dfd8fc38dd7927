import { pino } from 'pino';
import { expect, test } from 'vitest';
import { until } from '../../../../../test/support/until.ts';
import { DatabaseUnavailableError } from '../../database/errors.ts';
import type { NewLogEntry } from '../../database/log-entries.ts';
import { LogWriter } from './writer.ts';

const lineOf = (index: number): string => `${JSON.stringify({ level: 30, time: index, msg: `line ${index}` })}\n`;

function open() {
  const place: { error?: Error; kept: NewLogEntry[]; said: string[] } = { kept: [], said: [] };
  const writer = new LogWriter({
    node: 'here',
    now: Date.now,
    gatherMs: 1,
    logger: pino({ base: undefined }, { write: (line: string) => void place.said.push(line) }),
    store: {
      add: async (entries) => {
        if (place.error !== undefined) throw place.error;
        place.kept.push(...entries);
      },
    },
  });
  return { writer, place };
}

test('lines wait while the database is away, as many as fit; what is lost is counted and said once', async () => {
  const { writer, place } = open();
  place.error = new DatabaseUnavailableError();
  for (let index = 0; index < 12_000; index++) writer.add(lineOf(index), 30);
  expect(writer.dropped).toBe(2000);
  place.error = undefined;
  await until(() => place.said.length > 0, { timeoutMs: 30_000, what: 'that lines are missing' });
  expect(place.kept.map(({ at }) => at)).toEqual(Array.from({ length: 10_000 }, (_, index) => index));
  expect(place.said.map((line) => JSON.parse(line) as unknown)).toMatchObject([{ level: 40, lines: 2000 }]);
  await writer.stop();
});

test('lines that are very long are bounded by their length', async () => {
  const { writer, place } = open();
  for (let index = 0; index < 20; index++) writer.add('x'.repeat(1024 * 1024), 30);
  expect(writer.dropped).toBe(4);
  await writer.stop();
  expect(place.kept).toHaveLength(16);
});

test('what a database refuses for good is not tried for ever, and what comes after it is kept', async () => {
  const { writer, place } = open();
  place.error = new Error('no such table');
  writer.add(lineOf(1), 30);
  await until(() => place.said.length === 2, { what: 'the complaint' });
  place.error = undefined;
  writer.add(lineOf(2), 50);
  await writer.stop();
  expect(place.kept).toEqual([{ at: 2, level: 50, kind: 'app', node: 'here', message: 'line 2', fields: {} }]);
});
