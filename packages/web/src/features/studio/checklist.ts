import type { PublishingInfo } from '@kaibo/client';
import type { RoomPhase } from '../../composables/useRoom.ts';

/** What has to be right before viewers see something good, in the order in which it comes. */
export const CHECKS = ['connected', 'picture', 'sound', 'keyframes', 'bframes', 'visible'] as const;
export type Check = (typeof CHECKS)[number];
/** `warn` works, but not for everybody. */
export type CheckState = 'waiting' | 'ok' | 'warn';

/** Findings and notices by which a check is known to be in trouble. */
const TROUBLE: Partial<Record<Check, readonly string[]>> = {
  picture: ['no_video', 'encoder_overload', 'variable_frame_rate'],
  sound: ['no_audio', 'audio_bridge_failed', 'no_ffmpeg'],
  keyframes: ['keyframe_interval_long'],
  bframes: ['b_frames', 'b_frames_transcoded'],
};

/**
 * How far a broadcast has come, by what the media server measures. Key frames and B-frames are judged by the stream
 * doctor once frames were counted; a server without one leaves those two out.
 */
export function checklistOf(
  info: PublishingInfo | null | undefined,
  phase: RoomPhase,
): { check: Check; state: CheckState }[] {
  const told = new Set([...(info?.findings ?? []).map(({ code }) => code), ...(info?.notices ?? [])]);
  const reached: Record<Check, boolean> = {
    connected: Boolean(info),
    picture: Boolean(info?.video),
    sound: Boolean(info?.audio),
    keyframes: Boolean(info?.video && info.fps),
    bframes: Boolean(info?.video && info.fps),
    visible: phase === 'live' && Boolean(info),
  };
  return CHECKS.filter((check) => hasJudge(check, info)).map((check) => {
    if (TROUBLE[check]?.some((code) => told.has(code))) return { check, state: 'warn' };
    return { check, state: reached[check] ? 'ok' : 'waiting' };
  });
}

function hasJudge(check: Check, info: PublishingInfo | null | undefined): boolean {
  return (check !== 'keyframes' && check !== 'bframes') || !info || info.findings !== undefined;
}
