import { Writable } from 'node:stream';
import { pino, type Logger } from 'pino';
import { PinoPretty } from 'pino-pretty';
import { redact } from '../modules/gateway/index.ts';
import type { Config } from './config.ts';

/** Where log lines go; `process.stdout` in production. */
export interface LogOutput {
  write(line: string): unknown;
  isTTY?: boolean;
}

export function isPretty({ format }: Config['log'], output: LogOutput): boolean {
  return format === 'pretty' || (format === 'auto' && output.isTTY === true);
}

/** Every line passes `redact` last, whoever wrote it. */
export function createLogger(config: Config['log'], output: LogOutput): Logger {
  const redacted = { write: (line: string) => void output.write(redact(line)) };
  if (!isPretty(config, output)) return pino({ level: config.level, base: undefined }, redacted);
  const pretty = PinoPretty({
    colorize: output.isTTY === true,
    translateTime: 'SYS:HH:MM:ss.l',
    destination: toStream(redacted),
  });
  return pino({ level: config.level, base: undefined }, pretty);
}

function toStream(output: { write(line: string): void }): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      output.write(chunk.toString());
      done();
    },
  });
}
