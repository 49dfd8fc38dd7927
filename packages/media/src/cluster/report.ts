import { type AudioInfo, describeAudioPacket, describeVideoConfig, FormatError, type VideoInfo } from '@kaibo/formats';
import type { StreamFinding } from '../doctor/finding.ts';
import type { Stream } from '../hub/stream.ts';
import type { StreamHeaders } from '../hub/stream-headers.ts';
import type { StreamReport } from './messages.ts';

interface Described {
  version: number;
  video?: VideoInfo;
  audio?: AudioInfo;
}

const described = new WeakMap<StreamHeaders, Described>();

/** One second's account of a stream for the directory. Codec facts are parsed once per change of headers. */
export function reportStream(
  stream: Stream,
  seen: { owner: boolean; notices: string[]; findings?: StreamFinding[]; keyIntervalMs?: number },
): StreamReport {
  const { meter } = stream;
  const { video, audio } = describe(stream);
  return {
    key: stream.key,
    ...seen,
    viewers: stream.viewers,
    sentBytes: stream.sentBytes(),
    recvBytes: meter.recvBytes,
    recvBps: stream.state === 'publishing' ? meter.recvBps : 0,
    frames: meter.frames,
    fps: stream.state === 'publishing' ? meter.fps : 0,
    lastPacketAtMs: meter.lastPacketAtMs,
    lastDtsMs: stream.lastDtsMs ?? 0,
    video,
    audio,
  };
}

function describe({ headers, meter }: Stream): Described {
  const known = described.get(headers);
  const audioPacket = headers.audio ?? meter.firstAudio;
  if (known?.version === headers.version && (known.audio || !audioPacket)) return known;
  const { video } = headers;
  const fresh: Described = {
    version: headers.version,
    video: video && orUndefined(() => describeVideoConfig(video)),
    audio: audioPacket && orUndefined(() => describeAudioPacket(audioPacket)),
  };
  described.set(headers, fresh);
  return fresh;
}

/** A configuration that we cannot read may still play: facts are then simply unknown. */
function orUndefined<T>(parse: () => T | undefined): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}
