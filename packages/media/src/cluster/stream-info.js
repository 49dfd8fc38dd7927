import { viewersOf } from './directory-entry.ts';
/** The directory's account of a stream, with what its renditions add. */
export function streamInfo(entry, ladder) {
  const { id, app, stream, state, startedAtMs, report } = entry;
  let sendBytes = 0;
  let sendBps = 0;
  for (const { bytes, bps } of entry.sent.values()) {
    sendBytes += bytes;
    sendBps += bps;
  }
  return {
    id,
    app,
    stream,
    state,
    startedAtMs,
    publisher: entry.publisher?.client,
    viewers: viewersOf(entry),
    sendBytes,
    sendBps,
    recvBytes: report?.recvBytes ?? 0,
    recvBps: state === 'publishing' ? (report?.recvBps ?? 0) : 0,
    frames: report?.frames ?? 0,
    fps: state === 'publishing' ? (report?.fps ?? 0) : 0,
    lastDtsMs: report?.lastDtsMs ?? 0,
    video: report?.video,
    audio: report?.audio,
    notices: [...new Set([...[...entry.notices.values()].flat(), ...(ladder?.notices(entry) ?? [])])],
    findings: state === 'publishing' ? (report?.findings ?? []) : [],
    renditions: ladder?.renditions(entry.key) ?? [],
    renditionOf: ladder?.sourceOf(stream),
  };
}
