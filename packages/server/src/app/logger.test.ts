import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../../../test/support/until.ts';
import { LogSpan } from '../http/log-context.ts';
import { openLogFile } from './log-file.ts';
import { createLogger } from './logger.ts';

function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kaibo-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const options = { maxBytes: 2000, daily: false, keep: 2 };

test('each place has the lines of its level, and none has a secret', () => {
  const [shown, filed, told]: [string[], string[], [string, number][]] = [[], [], []];
  const { logger, lines } = createLogger(
    { level: 'warn', format: 'json', store: { level: 'debug' } },
    { write: (line) => shown.push(line) },
    { write: (line) => filed.push(line) },
  );
  const leave = lines.listen((line, level) => told.push([line, level]));
  logger.debug({ password: 'SECRET' }, 'small');
  logger.child({ module: 'x' }).warn({ url: '/live/a?key=SECRET' }, 'grave');
  leave();
  logger.error('later');
  expect(shown.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['grave', 'later']);
  expect(filed).toEqual(shown);
  expect(told.map(([, level]) => level)).toEqual([20, 40]);
  expect(JSON.stringify([shown, told])).not.toContain('SECRET');
});

test('pretty lines are for people, and have no secret either', async () => {
  const shown: string[] = [];
  const { logger } = createLogger({ level: 'info', format: 'pretty' }, { write: (line) => shown.push(line) });
  logger.info({ password: 'SECRET', title: 'seen' }, 'hello');
  await until(() => shown.join('').includes('seen'));
  expect(shown.join('')).toMatch(/INFO.*hello[^]*password: "\[redacted\]"/);
});

test('a line says whose request it is on the way of, whichever module logs it, and not after its end', async () => {
  const shown: string[] = [];
  const { logger } = createLogger({ level: 'info', format: 'json' }, { write: (line) => shown.push(line) });
  const span = new LogSpan({ reqId: 'r' });
  await span.run(async () => {
    await Promise.resolve();
    span.know({ user: 'u', room: undefined });
    logger.child({ module: 'x' }).info('within');
    span.end();
    logger.info('what outlives it');
  });
  const said = shown.map((line) => ({ ...(JSON.parse(line) as object), time: undefined }));
  expect(said).toEqual([
    { level: 30, module: 'x', reqId: 'r', user: 'u', msg: 'within' },
    { level: 30, msg: 'what outlives it' },
  ]);
});

test('files are rolled by size, few are kept, and they are for their owner alone', async () => {
  const folder = tempFolder();
  const file = await openLogFile({ ...options, path: join(folder, 'logs/kaibo.log') }, () => {});
  const files = (): string[] => readdirSync(join(folder, 'logs')).toSorted();
  await until(() => {
    file?.write(`${'x'.repeat(99)}\n`);
    return existsSync(join(folder, 'logs/kaibo.4.log')) && !existsSync(join(folder, 'logs/kaibo.1.log'));
  });
  await file?.close();
  await file?.close();
  expect(files()).toHaveLength(3);
  expect(statSync(join(folder, 'logs', files()[0] ?? '')).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(folder, 'logs/kaibo.3.log'), 'utf8')).toMatch(/^(?:x{99}\n)+$/);
});

test('a full disk is complained of once and stops nothing', async () => {
  const folder = tempFolder();
  symlinkSync('/dev/full', join(folder, 'kaibo.1.log'));
  const complaints: string[] = [];
  const file = await openLogFile({ ...options, path: join(folder, 'kaibo.log') }, (text) => complaints.push(text));
  await until(() => {
    file?.write(`${'x'.repeat(200_000)}\n`);
    return complaints.length > 0;
  });
  for (let index = 0; index < 100; index++) file?.write(`${'x'.repeat(200_000)}\n`);
  await file?.close();
  expect(complaints).toEqual([expect.stringMatching(/kaibo\.log cannot be written: ENOSPC/)]);
});

test('a place that cannot be written is said at the start', async () => {
  await expect(openLogFile({ ...options, path: '/dev/null/logs/kaibo.log' }, () => {})).rejects.toThrow(
    /^log\.file\.path: .*cannot be written/,
  );
});
