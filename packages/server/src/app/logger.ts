import { Writable } from 'node:stream';
import { pino, type Logger } from 'pino';
import { PinoPretty } from 'pino-pretty';
import { logContext } from '../http/log-context.ts';
import { redact } from '../modules/gateway/index.ts';
import type { LogLines, LogLineListener } from '../modules/log/contract.ts';
import type { LogLevel } from './log-config.ts';

/** Where log lines go; `process.stdout` in production. */
export interface LogOutput {
  write(line: string): unknown;
  isTTY?: boolean;
}

export interface LoggerOptions {
  level: LogLevel;
  format: 'auto' | 'pretty' | 'json';
  /** Least level that those who listen to `lines` are told. Left out, none. */
  store?: { level: LogLevel };
}

export function isPretty({ format }: Pick<LoggerOptions, 'format'>, output: LogOutput): boolean {
  return format === 'pretty' || (format === 'auto' && output.isTTY === true);
}

/** One line, with its level. */
interface Sink {
  level: number;
  write(line: string, level: number): void;
}

/** Every line passes `redact` first, whoever wrote it: what goes to the output, the `file` and those who listen is the same. */
export function createLogger(
  options: LoggerOptions,
  output: LogOutput,
  file?: LogOutput,
): { logger: Logger; lines: LogLines } {
  const listeners = new Set<LogLineListener>();
  const level = levelOf(options.level);
  const shown = shownOn(options, output);
  const sinks: Sink[] = [
    { level, write: (line) => void shown.write(line) },
    ...(file === undefined ? [] : [{ level, write: (line: string) => void file.write(line) }]),
    { level: levelOf(options.store?.level ?? 'silent'), write: tell },
  ];
  const least = Math.min(...sinks.map((sink) => sink.level));
  /** pino writes here, and says the level first. */
  const destination = {
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 0,
    write(line: string) {
      const safe = redact(line);
      const { lastLevel } = this;
      for (const sink of sinks) if (lastLevel >= sink.level) sink.write(safe, lastLevel);
    },
  };
  const logger = pino({ level: nameOf(least), base: undefined, mixin: logContext }, destination);
  return {
    logger,
    lines: {
      listen: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
  };

  function tell(line: string, lineLevel: number): void {
    for (const listener of listeners) listener(line, lineLevel);
  }
}

const levelOf = (level: LogLevel): number => pino.levels.values[level] ?? Number.POSITIVE_INFINITY;
const nameOf = (level: number): string => pino.levels.labels[level] ?? 'silent';

function shownOn(options: LoggerOptions, output: LogOutput): LogOutput {
  if (!isPretty(options, output)) return output;
  return PinoPretty({
    colorize: output.isTTY === true,
    translateTime: 'SYS:HH:MM:ss.l',
    destination: new Writable({
      write(chunk: Buffer, _encoding, done) {
        output.write(chunk.toString());
        done();
      },
    }),
  });
}
