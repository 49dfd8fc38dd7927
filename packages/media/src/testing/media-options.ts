import { DEFAULT_MEDIA_OPTIONS, type MediaLimits, type MediaOptions, type RtcOptions } from '../options.ts';

/** The defaults, on free loopback ports. */
export function testOptions({
  limits,
  rtc,
  ...changes
}: Partial<Omit<MediaOptions, 'limits' | 'rtc'>> & {
  limits?: Partial<MediaLimits>;
  rtc?: Partial<RtcOptions>;
} = {}): MediaOptions {
  return {
    ...DEFAULT_MEDIA_OPTIONS,
    host: '127.0.0.1',
    rtmp: { port: 0, proxies: [] },
    http: { port: 0 },
    rtmps: { port: 0 },
    https: { port: 0 },
    api: { port: 0 },
    workers: 1,
    ...changes,
    rtc: { ...DEFAULT_MEDIA_OPTIONS.rtc, port: 0, ...rtc },
    limits: { ...DEFAULT_MEDIA_OPTIONS.limits, ...limits },
  };
}

/** A log that keeps its warnings and errors. */
export function testLog(): {
  warnings: string[];
  debug(): void;
  info(): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
} {
  const warnings: string[] = [];
  const keep = (_fields: object, message: string): void => void warnings.push(message);
  return { warnings, debug: () => undefined, info: () => undefined, warn: keep, error: keep };
}
