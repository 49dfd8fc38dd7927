import type { PublicMediaClient } from '../hooks/contract.ts';
import type { StreamKey } from '../hub/stream.ts';
import { streamIdOf } from '../hub/stream-name.ts';
import type { StreamReport } from './messages.ts';

/** A publisher that sent nothing for this long may be replaced by one with the same credential. */
export const SILENT_PUBLISHER_MS = 3000;
/** A dead owner's last report may be this old; viewers elsewhere may have seen that much more. */
const MAX_REPORT_GAP_MS = 2000;

export interface DirectoryEntry {
  readonly key: StreamKey;
  readonly id: string;
  readonly app: string;
  readonly stream: string;
  state: 'idle' | 'publishing' | 'interrupted';
  /** Rises with every publisher of any stream; what an older one says no longer counts. */
  epoch: number;
  startedAtMs: number;
  owner?: number;
  publisher?: {
    client: PublicMediaClient;
    workerId: number;
    credential: string;
    sinceMs: number;
    /** To it and back; of WebRTC. */
    rttMs?: number;
  };
  resumeAfterMs?: number;
  report?: StreamReport & { atMs: number };
  /** By worker: all bytes sent to viewers, and the rate between its last two reports. */
  sent: Map<number, { bytes: number; atMs: number; bps: number }>;
  viewers: Map<number, number>;
  /** Of the viewers, other nodes that pass the stream on. */
  nodes: Set<string>;
  /** By member: codes of what the publisher should know. */
  notices: Map<number, readonly string[]>;
  mirrors: Set<number>;
  lingers: Map<number, NodeJS.Timeout>;
  grace?: NodeJS.Timeout;
}

export interface DirectoryClient {
  client: PublicMediaClient;
  workerId: number;
  key: StreamKey;
  kind: 'publish' | 'play';
  viewer: string;
  /** Another node of the platform: not told of. */
  passesOn: boolean;
  sinceMs: number;
}

export function newEntry(key: StreamKey, { app, stream }: { app: string; stream: string }): DirectoryEntry {
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
    nodes: new Set(),
    notices: new Map(),
    mirrors: new Set(),
    lingers: new Map(),
  };
}

export function names({ app, stream }: DirectoryEntry): { app: string; stream: string } {
  return { app, stream };
}

export function viewersOf({ viewers }: DirectoryEntry): number {
  let sum = 0;
  for (const value of viewers.values()) sum += value;
  return sum;
}

export function isSilent({ publisher, report }: DirectoryEntry): boolean {
  if (!publisher) return true;
  const lastMs = Math.max(publisher.sinceMs, report?.lastPacketAtMs ?? 0);
  return Date.now() - lastMs >= SILENT_PUBLISHER_MS;
}

/** The last time that anybody may have been given of a stream whose owner died. */
export function estimateLastDtsMs({ report }: DirectoryEntry): number | undefined {
  return report && report.lastDtsMs + Math.min(Date.now() - report.atMs, MAX_REPORT_GAP_MS);
}

/** What a worker reported, with the rate since its report before. */
export function sentSince(
  before: { bytes: number; atMs: number } | undefined,
  now: { bytes: number; atMs: number },
): { bytes: number; atMs: number; bps: number } {
  const elapsedS = before ? (now.atMs - before.atMs) / 1000 : 0;
  const bytes = before ? Math.max(0, now.bytes - before.bytes) : 0;
  return { ...now, bps: elapsedS > 0 ? Math.round((bytes * 8) / elapsedS) : 0 };
}
