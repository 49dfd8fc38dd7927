import type { StreamKey } from '../hub/stream.ts';

/** Recordings of one media server at one time; each has a file open. */
export const MAX_RECORDINGS = 2000;
/** An id goes into logs, events and file names of those who choose it: nothing that means something in a path. */
const RECORDING_ID = /^[A-Za-z0-9_-]{1,64}$/;

export function isRecordingId(id: string): boolean {
  return RECORDING_ID.test(id);
}

/** What recordings are made like, and of a stand-alone server also which. */
export interface RecordOptions {
  /** `always`: every broadcast, below `folder`. `never`: only what `MediaServer.startRecording` orders. */
  mode: 'never' | 'always';
  /** Of mode `always`; each broadcast has `FOLDER/APP/STREAM/TIME-RANDOM`. */
  folder: string;
  /** A new file begins with the first key frame after either of them. */
  partMinutes: number;
  partBytes: number;
  /** Of the file system: below it room is asked for once more, then the recording ends. */
  minFreeBytes: number;
}

export const DEFAULT_RECORD_OPTIONS: RecordOptions = {
  mode: 'never',
  folder: 'recordings',
  partMinutes: 60,
  partBytes: 2 * 1024 ** 3,
  minFreeBytes: 1024 ** 3,
};

/** What the main thread is asked for. */
export interface RecordingRequest {
  /** 1 to 64 letters, digits, `_` or `-`; unique while it runs. */
  id: string;
  /** Its own, absolute; made when the first file is. One that holds files of this recording is gone on with. */
  folder: string;
  /** Most bytes of all its files together; room is asked for before it ends. Without it only the disk bounds it. */
  quotaBytes?: number;
  /** In place of the option. */
  minFreeBytes?: number;
}

/** A recording as the main thread orders it of the worker that owns the stream. */
export interface RecordOrder extends RecordingRequest {
  key: StreamKey;
}

/** One file of a recording: continuous, one codec configuration, its own time from 0. */
export interface RecordedPart {
  /** From 1. */
  n: number;
  /** Name inside the recording's folder. */
  file: string;
  /** Stream time of its first frame. */
  startMs: number;
  /** Wall clock at its first frame, ms since the epoch. */
  epochMs: number;
  /** Exact, of the video where there is one. */
  durationMs: number;
  sizeBytes: number;
}

/**
 * `stopped` by an order; `ended` with its stream; `server_stopping`; `disk_full`, `quota`: nobody made room;
 * `write_error`: the disk refused; `unsupported`: MP4 can carry neither the picture nor the sound.
 */
export type RecordingEndReason =
  | 'stopped'
  | 'ended'
  | 'server_stopping'
  | 'disk_full'
  | 'quota'
  | 'write_error'
  | 'unsupported';

export interface RecordingFigures {
  /** `waiting`: for a publisher, or a picture to begin with. */
  state: 'waiting' | 'recording' | 'stopping';
  /** Over all files, the open one included. */
  sizeBytes: number;
  durationMs: number;
  parts: number;
  /** How often, and for how much stream time, the disk was too slow. */
  gaps: number;
  lostMs: number;
}

export interface RecordingStatus extends RecordingFigures {
  id: string;
  app: string;
  stream: string;
  folder: string;
  /** ms since the epoch. */
  startedAtMs: number;
}

/** A recording is about to end for want of room: whoever owns older ones may delete some, or allow it more. */
export interface RoomRequest {
  id: string;
  app: string;
  stream: string;
  folder: string;
  reason: 'disk_full' | 'quota';
  /** Free on its file system, as far as it can be told. */
  freeBytes?: number;
  /** Written so far. */
  sizeBytes: number;
}

/** What was done about it; the recorder looks for itself how much is free now. */
export interface RoomReply {
  /** A new quota, when there is to be another. */
  quotaBytes?: number;
}

/** What a worker tells of its recordings. */
export type RecordNews =
  | { type: 'figures'; figures: RecordingFigures }
  /** The first file is open. */
  | { type: 'started' }
  | { type: 'part'; part: RecordedPart }
  | { type: 'ended'; reason: RecordingEndReason };
