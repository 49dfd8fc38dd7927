/** Of the W3C's "MediaStreamTrack Insertable Media Processing"; the library's types do not know it yet. */
type TrackProcessorConstructor = new (init: { track: MediaStreamTrack; maxBufferSize?: number }) => {
  readable: ReadableStream<VideoFrame | AudioData>;
};

/** Chrome has it; Safari has it in workers only, Firefox not at all. */
export function trackProcessor(): TrackProcessorConstructor | undefined {
  const { MediaStreamTrackProcessor } = globalThis as { MediaStreamTrackProcessor?: TrackProcessorConstructor };
  return MediaStreamTrackProcessor;
}

/** Gives what a track brings, which the taker closes, until the track ends or the returned function is called. */
export function processTrack<Data extends VideoFrame | AudioData>(
  Processor: TrackProcessorConstructor,
  init: { track: MediaStreamTrack; maxBufferSize?: number },
  onData: (data: Data) => void,
): () => void {
  const reader = new Processor(init).readable.getReader();
  let isStopped = false;
  const read = async (): Promise<void> => {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      if (isStopped) value.close();
      else onData(value as Data);
    }
  };
  // A reader that fails has an ended track: the owner of the track is told so by the track itself.
  read().catch(() => {});
  return () => {
    isStopped = true;
    reader.cancel().catch(() => {});
  };
}
