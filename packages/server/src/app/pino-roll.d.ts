/** What we use of pino-roll 4, which brings no types. */
declare module 'pino-roll' {
  import type { SonicBoom, SonicBoomOpts } from 'sonic-boom';

  export interface RollOptions extends Omit<SonicBoomOpts, 'dest' | 'fd'> {
    file: string;
    /** A number and `b` are bytes. */
    size?: string;
    frequency?: 'daily';
    /** Files beside the one that is written. */
    limit?: { count: number; removeOtherLogFiles?: boolean };
  }

  export default function openRollingFile(options: RollOptions): Promise<SonicBoom>;
}
