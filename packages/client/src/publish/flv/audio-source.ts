import { ArrivalClock } from './arrival-clock.ts';
import { processTrack, trackProcessor } from './track-processor.ts';

/** The taker closes the data. `atMs` is when its first sample was, by the page's clock. */
export type SoundListener = (data: AudioData, atMs: number) => void;

export interface SoundSource {
  track: MediaStreamTrack;
  onSound: SoundListener;
  /** No more comes, and it is not the track's end. */
  onError(error: unknown): void;
}

/** Pieces of 10 ms that may wait while the page is busy. */
const MAX_WAITING_PIECES = 100;
/** What the worklet's messages hold. */
interface Piece {
  timeS: number;
  channels: number;
  /** Channel after channel. */
  samples: Float32Array<ArrayBuffer>;
}

/** Gives a track's sound until the returned function is called. */
export function takeSound(source: SoundSource): () => void {
  const Processor = trackProcessor();
  if (Processor === undefined) return takeFromGraph(source);
  const clock = new ArrivalClock();
  const { track, onSound } = source;
  return processTrack<AudioData>(Processor, { track, maxBufferSize: MAX_WAITING_PIECES }, (data) => {
    const durationMs = data.duration / 1000;
    // A piece arrives when its last sample was taken.
    const endMs = clock.place(data.timestamp / 1000 + durationMs, performance.now());
    onSound(data, endMs - durationMs);
  });
}

/** By Web Audio, whose worklet sends what it hears. */
function takeFromGraph({ track, onSound, onError }: SoundSource): () => void {
  const context = new AudioContext({ latencyHint: 'interactive' });
  const clock = new ArrivalClock();
  let isStopped = false;
  const start = async (): Promise<void> => {
    // The file is loaded as it is: the page's policy needs no more than its own origin for that.
    await context.audioWorklet.addModule(new URL('./pcm-worklet.js', import.meta.url));
    if (isStopped) return;
    const tap = new AudioWorkletNode(context, 'kaibo-pcm-tap', { numberOfOutputs: 0 });
    tap.port.onmessage = ({ data: { timeS, channels, samples } }: MessageEvent<Piece>) => {
      if (isStopped) return;
      const frames = samples.length / channels;
      const durationMs = (frames * 1000) / context.sampleRate;
      const endMs = clock.place(timeS * 1000 + durationMs, performance.now());
      const data = new AudioData({
        format: 'f32-planar',
        sampleRate: context.sampleRate,
        numberOfFrames: frames,
        numberOfChannels: channels,
        timestamp: Math.round(timeS * 1_000_000),
        data: samples,
      });
      onSound(data, endMs - durationMs);
    };
    context.createMediaStreamSource(new MediaStream([track])).connect(tap);
    await context.resume();
  };
  start().catch((error: unknown) => {
    if (!isStopped) onError(error);
  });
  return () => {
    isStopped = true;
    context.close().catch(() => {});
  };
}
