/**
 * Makes recordings of video files that somebody else made. All of it happens with files on this machine, by a child
 * process that can read nothing but the one file.
 */
export interface EngineImporter {
  /** False where there is no ffmpeg: then nothing can be imported. */
  readonly isAvailable: boolean;
  /** @throws VideoImportError */
  inspect(file: string, options: { signal?: AbortSignal }): Promise<ImportedVideo>;
  /**
   * Writes into `folder`, which is emptied first, what the recorder would have written; `EngineRecorder.recover` then
   * tells of it. @throws VideoImportError
   */
  convert(order: {
    file: string;
    facts: ImportedVideo;
    folder: string;
    maxBytes: number;
    signal?: AbortSignal;
  }): Promise<void>;
}

/** What a video file holds; `durationMs` is 0 where it does not say. */
export interface ImportedVideo {
  container: string;
  /** MIME type. */
  mediaType: string;
  durationMs: number;
  /** As it is shown. */
  width: number;
  height: number;
  videoCodec: string;
  audioCodec?: string;
  isPlainVideo: boolean;
  isPlainAudio: boolean;
}

export type VideoImportProblem =
  | 'not_a_video'
  | 'video_unreadable'
  | 'no_video_track'
  | 'picture_too_large'
  | 'timed_out'
  | 'too_large'
  | 'conversion_failed'
  | 'no_ffmpeg';

/** Why no recording can be made of a file; the message is for a log, without paths. */
export class VideoImportError extends Error {
  readonly code: VideoImportProblem;

  constructor(code: VideoImportProblem, message: string) {
    super(message);
    this.name = 'VideoImportError';
    this.code = code;
  }
}
