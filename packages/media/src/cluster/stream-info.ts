import type { StreamFinding } from '../doctor/finding.ts';
import type { PublicMediaClient } from '../hooks/contract.ts';
import type { LadderBook } from '../transcode/ladder/ladder-book.ts';
import type { Rendition } from '../transcode/ladder/profile.ts';
import { type DirectoryEntry, viewersOf } from './directory-entry.ts';

export interface StreamInfo {
  id: string;
  app: string;
  stream: string;
  state: 'idle' | 'publishing' | 'interrupted';
  /** ms since the epoch of the first publish of this broadcast; 0 while idle. */
  startedAtMs: number;
  publisher?: PublicMediaClient;
  /** It is another node's, and shown to viewers here. */
  isForeign: boolean;
  /** Media connections, not people, nor other nodes. */
  viewers: number;
  recvBytes: number;
  sendBytes: number;
  /** To all viewers together. */
  sendBps: number;
  recvBps: number;
  frames: number;
  fps: number;
  lastDtsMs: number;
  /** Between the last two key frames; undefined while it is not known. */
  keyframeIntervalMs?: number;
  /** To the publisher and back; of WebRTC. */
  rttMs?: number;
  video?: { codec: string; profile?: string; level?: string; width?: number; height?: number };
  audio?: { codec: string; sampleRateHz?: number; channels?: number; profile?: string };
  /** Codes of what its publisher should know: see `BroadcastNotice`. */
  notices: string[];
  /** What it can be played as beside itself, `STREAM_NAME`; while it is published. */
  renditions: Rendition[];
  /** The stream that this one is a rendition of. */
  renditionOf?: string;
  /** How it arrives, as its publisher should know; empty while nobody publishes. */
  findings: StreamFinding[];
}

/** The directory's account of a stream, with what its renditions add. */
export function streamInfo(
  entry: DirectoryEntry,
  { ladder, isForeign }: { ladder: LadderBook | undefined; isForeign: boolean },
): StreamInfo {
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
    isForeign,
    viewers: viewersOf(entry) - entry.nodes.size,
    sendBytes,
    sendBps,
    recvBytes: report?.recvBytes ?? 0,
    recvBps: state === 'publishing' ? (report?.recvBps ?? 0) : 0,
    frames: report?.frames ?? 0,
    fps: state === 'publishing' ? (report?.fps ?? 0) : 0,
    lastDtsMs: report?.lastDtsMs ?? 0,
    rttMs: entry.publisher?.rttMs,
    keyframeIntervalMs: state === 'publishing' ? report?.keyIntervalMs : undefined,
    video: report?.video,
    audio: report?.audio,
    notices: [...new Set([...[...entry.notices.values()].flat(), ...(ladder?.notices(entry) ?? [])])],
    findings: state === 'publishing' ? (report?.findings ?? []) : [],
    renditions: ladder?.renditions(entry.key) ?? [],
    renditionOf: ladder?.sourceOf(stream),
  };
}
