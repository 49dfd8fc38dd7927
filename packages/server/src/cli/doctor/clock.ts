import { fail, ok, warn, type Finding } from './check.ts';

/** Nodes that differ more order each other's events wrongly on the page. */
const WARN_MS = 2000;
/** Tokens of one node are not good on another. */
const FAIL_MS = 30_000;

/** Compares this machine's clock with another's that was read between two moments of ours. */
export function judgeClock(
  subject: string,
  { startedAtMs, endedAtMs, theirsMs }: { startedAtMs: number; endedAtMs: number; theirsMs: number },
): Finding {
  const early = theirsMs - endedAtMs;
  const late = theirsMs - startedAtMs;
  const driftMs = early > 0 ? early : Math.min(late, 0);
  if (Math.abs(driftMs) < WARN_MS) return ok(subject, 'as ours');
  const found = `${Math.round(Math.abs(driftMs) / 1000)} s ${driftMs > 0 ? 'ahead of' : 'behind'} ours`;
  return (Math.abs(driftMs) < FAIL_MS ? warn : fail)(
    subject,
    found,
    'set both clocks by NTP (timedatectl set-ntp true)',
  );
}
