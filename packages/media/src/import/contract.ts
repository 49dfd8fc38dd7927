/**
 * What is wrong with a file that should be a video. `not_a_video`: another kind of file; `video_unreadable`: one that
 * is damaged; `no_video_track`: sound alone; `picture_too_large`: more pixels than 8K; `timed_out`: it took longer than
 * it may; `too_large`: it became larger than it may; `conversion_failed`: ffmpeg gave up.
 */
export type VideoProblem =
  | 'not_a_video'
  | 'video_unreadable'
  | 'no_video_track'
  | 'picture_too_large'
  | 'timed_out'
  | 'too_large'
  | 'conversion_failed'
  | 'no_ffmpeg';

/** The message is for a log: what ffmpeg said last, without the path of the file. */
export class VideoFileError extends Error {
  readonly code: VideoProblem;

  constructor(code: VideoProblem, message: string) {
    super(message);
    this.name = 'VideoFileError';
    this.code = code;
  }
}

/** What a video file holds; pictures as they are shown, turned as it says. */
export interface VideoFacts {
  /** As ffmpeg names its demuxer. */
  container: string;
  /** MIME type. */
  mediaType: string;
  /** 0 where the file does not say. */
  durationMs: number;
  width: number;
  height: number;
  videoCodec: string;
  audioCodec?: string;
  /** Whether browsers play its picture, and its sound, as they are. */
  isPlainVideo: boolean;
  isPlainAudio: boolean;
}

export interface ConversionOrder {
  file: string;
  facts: VideoFacts;
  /** Made when it is not there; it must hold no other recording. */
  folder: string;
  /** Most bytes of what is written. */
  maxBytes: number;
  /** Kills the ffmpeg. */
  signal?: AbortSignal;
}
