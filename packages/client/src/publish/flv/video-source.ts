import { ArrivalClock } from './arrival-clock.ts';
import { processTrack, trackProcessor } from './track-processor.ts';

/** The taker closes the frame. `atMs` is of the page's clock. */
export type FrameListener = (frame: VideoFrame, atMs: number) => void;

/** A picture that stands still, as a shared screen does, is given again: viewers who come need a key frame. */
const REPEAT_MS = 500;

/** Gives a track's pictures until the returned function is called. */
export function takeFrames(track: MediaStreamTrack, onFrame: FrameListener): () => void {
  const last = new LastFrame();
  const take: FrameListener = (frame, atMs) => {
    last.keep(frame, atMs);
    onFrame(frame, atMs);
  };
  const Processor = trackProcessor();
  const stop = Processor === undefined ? takeFromElement(track, take) : takeFromProcessor(Processor, track, take);
  const timer = setInterval(() => {
    const nowMs = performance.now();
    if (track.readyState === 'ended' || nowMs - last.atMs < REPEAT_MS) return;
    const again = last.again(nowMs, track.enabled && !track.muted);
    if (again !== undefined) onFrame(again, nowMs);
  }, REPEAT_MS / 2);
  return () => {
    clearInterval(timer);
    stop();
    last.clear();
  };
}

function takeFromProcessor(
  Processor: NonNullable<ReturnType<typeof trackProcessor>>,
  track: MediaStreamTrack,
  onFrame: FrameListener,
): () => void {
  const clock = new ArrivalClock();
  return processTrack<VideoFrame>(Processor, { track }, (frame) => {
    onFrame(frame, clock.place(frame.timestamp / 1000, performance.now()));
  });
}

/** Through an element that nobody sees. Its callback stands still in a hidden tab, where the last picture repeats. */
function takeFromElement(track: MediaStreamTrack, onFrame: FrameListener): () => void {
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  video.srcObject = new MediaStream([track]);
  video.play().catch(() => {}); // with sound off, only an ended track or a removed element refuses
  let isStopped = false;
  const take = (nowMs: number): void => {
    if (isStopped) return;
    video.requestVideoFrameCallback(take);
    onFrame(new VideoFrame(video, { timestamp: Math.round(nowMs * 1000) }), nowMs);
  };
  video.requestVideoFrameCallback(take);
  return () => {
    isStopped = true;
    video.srcObject = null;
  };
}

/** The picture that was taken last. */
class LastFrame {
  #frame: VideoFrame | undefined;
  #atMs = Number.POSITIVE_INFINITY;

  /** When a picture was taken or given again last. */
  get atMs(): number {
    return this.#atMs;
  }

  keep(frame: VideoFrame, atMs: number): void {
    this.#frame?.close();
    this.#frame = frame.clone();
    this.#atMs = atMs;
  }

  /** Black in its place when it is not to be seen any more. */
  again(atMs: number, isVisible: boolean): VideoFrame | undefined {
    const frame = this.#frame;
    if (frame === undefined) return undefined;
    this.#atMs = atMs;
    const timestamp = Math.round(atMs * 1000);
    return isVisible ? new VideoFrame(frame, { timestamp }) : blackFrame(frame, timestamp);
  }

  clear(): void {
    this.#frame?.close();
    this.#frame = undefined;
  }
}

function blackFrame({ displayWidth, displayHeight }: VideoFrame, timestamp: number): VideoFrame {
  const [width, height] = [displayWidth + (displayWidth % 2), displayHeight + (displayHeight % 2)];
  const lumaBytes = width * height;
  // I420: luma 16 and chroma 128 are black in the limited range.
  const pixels = new Uint8Array(lumaBytes * 1.5).fill(16, 0, lumaBytes).fill(128, lumaBytes);
  return new VideoFrame(pixels, { format: 'I420', codedWidth: width, codedHeight: height, timestamp });
}
