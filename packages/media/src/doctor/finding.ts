/**
 * What may be wrong with how a stream arrives. `value` by code:
 * - `keyframe_interval_long`: ms of media from key frame to key frame.
 * - `b_frames`: their share of all frames, in percent.
 * - `no_audio`, `no_video`: ms since the last packet.
 * - `variable_frame_rate`: frames that do not come at an even distance, in percent.
 * - `timestamp_jumps`: how often in half a minute.
 * - `bitrate_high`: bits per second.
 * - `bitrate_unstable`: how many times more at the most than at the least, over 5 s each.
 * - `encoder_overload`: what is missing of frames, or of media in the time it took to come, in percent.
 * - `av_drift`: ms that sound comes later than the picture of the same time; below 0, earlier.
 */
export type FindingCode =
  | 'keyframe_interval_long'
  | 'b_frames'
  | 'no_audio'
  | 'no_video'
  | 'variable_frame_rate'
  | 'timestamp_jumps'
  | 'bitrate_high'
  | 'bitrate_unstable'
  | 'encoder_overload'
  | 'av_drift';

/** `info` is to be known, `warning` costs some viewers something, `problem` all of them. */
export type FindingSeverity = 'info' | 'warning' | 'problem';

export interface StreamFinding {
  code: FindingCode;
  severity: FindingSeverity;
  /** Since when it is so, ms since the epoch. */
  sinceMs: number;
  /** See `FindingCode`. */
  value?: number;
}
