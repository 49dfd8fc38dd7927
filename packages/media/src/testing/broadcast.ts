import type { MediaPacket } from '@kaibo/formats';
import { h264Config, h264Frame } from './h264.ts';
import { audioConfig, audioFrame } from './packets.ts';

const FRAME_MS = 40;
const AUDIO_MS = 1024 / 44.1;

export interface BroadcastOptions {
  /** The publisher's clock at the beginning. */
  fromMs?: number;
  ms: number;
  gopMs?: number;
  audio?: boolean;
  video?: boolean;
  /** Of each picture. */
  bytes?: number;
  /** Of the H.264 configuration; one differs from another by it. */
  level?: number;
}

/** What an encoder sends: configurations, then pictures (25 a second) and AAC (44.1 kHz), in order of time. */
export function broadcast(options: BroadcastOptions): MediaPacket[] {
  const { fromMs = 0, audio = true, video = true, level } = options;
  const configs = [...(video ? [h264Config(fromMs, level)] : []), ...(audio ? [audioConfig(fromMs)] : [])];
  return [...configs, ...frames(options)];
}

/** The same without configurations. */
export function frames({
  fromMs = 0,
  ms,
  gopMs = 1000,
  audio = true,
  video = true,
  bytes,
}: BroadcastOptions): MediaPacket[] {
  const packets: MediaPacket[] = [];
  if (video)
    for (let at = 0; at < ms; at += FRAME_MS)
      packets.push(h264Frame(at % gopMs === 0 ? 'key' : 'reference', { dtsMs: fromMs + at, bytes }));
  if (audio)
    for (let n = 0; n * AUDIO_MS < ms; n++) packets.push(audioFrame(Math.round(fromMs + n * AUDIO_MS), n & 0xff));
  return packets.toSorted((a, b) => a.dtsMs - b.dtsMs);
}
