import { streamIdOf } from '../hub/stream-name.ts';
/** A publisher that sent nothing for this long may be replaced by one with the same credential. */
export const SILENT_PUBLISHER_MS = 3000;
/** A dead owner's last report may be this old; viewers elsewhere may have seen that much more. */
const MAX_REPORT_GAP_MS = 2000;
export function newEntry(key, { app, stream }) {
  return {
    key,
    id: streamIdOf(key),
    app,
    stream,
    state: 'idle',
    epoch: 0,
    startedAtMs: 0,
    sent: new Map(),
    viewers: new Map(),
    notices: new Map(),
    mirrors: new Set(),
    lingers: new Map(),
  };
}
export function names({ app, stream }) {
  return { app, stream };
}
export function viewersOf({ viewers }) {
  let sum = 0;
  for (const value of viewers.values()) sum += value;
  return sum;
}
export function isSilent({ publisher, report }) {
  if (!publisher) return true;
  const lastMs = Math.max(publisher.sinceMs, report?.lastPacketAtMs ?? 0);
  return Date.now() - lastMs >= SILENT_PUBLISHER_MS;
}
/** The last time that anybody may have been given of a stream whose owner died. */
export function estimateLastDtsMs({ report }) {
  return report && report.lastDtsMs + Math.min(Date.now() - report.atMs, MAX_REPORT_GAP_MS);
}
/** What a worker reported, with the rate since its report before. */
export function sentSince(before, now) {
  const elapsedS = before ? (now.atMs - before.atMs) / 1000 : 0;
  const bytes = before ? Math.max(0, now.bytes - before.bytes) : 0;
  return { ...now, bps: elapsedS > 0 ? Math.round((bytes * 8) / elapsedS) : 0 };
}
