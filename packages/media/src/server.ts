import type { Logger } from 'pino';
import type { MediaHooks, PublicMediaClient } from './hooks/contract.ts';
import type { MediaOptions } from './options.ts';

export interface MediaPorts {
  rtmp: number;
  http: number;
  api: number;
  rtmps?: number;
  https?: number;
}

export type StreamState = 'idle' | 'publishing' | 'interrupted' | 'ended';

export interface StreamInfo {
  id: string;
  app: string;
  stream: string;
  state: StreamState;
  /** ms since the epoch of the first publish. */
  startedAtMs: number;
  publisher?: PublicMediaClient;
  /** Media connections, not people. */
  viewers: number;
  recvBytes: number;
  sendBytes: number;
  recvBps: number;
  fps: number;
  lastDtsMs: number;
  video?: { codec: string; profile?: string; level?: string; width?: number; height?: number };
  audio?: { codec: string; sampleRateHz?: number; channels?: number; profile?: string };
}

export interface MediaServerDeps {
  options: MediaOptions;
  hooks: MediaHooks;
  logger: Logger;
}
