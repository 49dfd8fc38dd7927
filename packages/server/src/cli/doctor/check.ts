import type { Config } from '../../app/config.ts';

export type Level = 'ok' | 'warn' | 'FAIL';

/** One line of the doctor. */
export interface Finding {
  level: Level;
  /** What was looked at: `port 8088 (http.port)`. Never a secret. */
  subject: string;
  found: string;
  /** What to do about it; a warning or failure has one. */
  fix?: string;
}

/** What every check is given. */
export interface Site {
  config: Config;
  /** Absolute path of dataDir. */
  folder: string;
  /** The process that holds dataDir, if a Kaibo runs there. */
  runningPid: number | undefined;
}

/** Looks at one part of the site, and changes nothing there. */
export type Check = (site: Site) => Promise<Finding[]>;

export const ok = (subject: string, found: string): Finding => ({ level: 'ok', subject, found });
export const warn = (subject: string, found: string, fix: string): Finding => ({ level: 'warn', subject, found, fix });
export const fail = (subject: string, found: string, fix: string): Finding => ({ level: 'FAIL', subject, found, fix });

/** One line without anything that looks like a secret of a URL. */
export function reason(error: unknown): string {
  const message = error instanceof Error ? error.message || error.name : String(error);
  return (message.split('\n')[0] ?? '').replaceAll(/:\/\/[^@\s/]*@/g, '://…@');
}
