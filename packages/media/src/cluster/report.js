import { describeAudioPacket, describeVideoConfig, FormatError } from '@kaibo/formats';
const described = new WeakMap();
/** One second's account of a stream for the directory. Codec facts are parsed once per change of headers. */
export function reportStream(stream, { owner, notices, findings }) {
  const { meter } = stream;
  const { video, audio } = describe(stream);
  return {
    key: stream.key,
    owner,
    viewers: stream.viewers,
    sentBytes: stream.sentBytes(),
    recvBytes: meter.recvBytes,
    recvBps: stream.state === 'publishing' ? meter.recvBps : 0,
    frames: meter.frames,
    fps: stream.state === 'publishing' ? meter.fps : 0,
    lastPacketAtMs: meter.lastPacketAtMs,
    lastDtsMs: stream.lastDtsMs ?? 0,
    notices,
    findings,
    video,
    audio,
  };
}
function describe({ headers, meter }) {
  const known = described.get(headers);
  const audioPacket = headers.audio ?? meter.firstAudio;
  if (known?.version === headers.version && (known.audio || !audioPacket)) return known;
  const { video } = headers;
  const fresh = {
    version: headers.version,
    video: video && orUndefined(() => describeVideoConfig(video)),
    audio: audioPacket && orUndefined(() => describeAudioPacket(audioPacket)),
  };
  described.set(headers, fresh);
  return fresh;
}
/** A configuration that we cannot read may still play: facts are then simply unknown. */
function orUndefined(parse) {
  try {
    return parse();
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}
