/** What ffmpeg is run for: sound in another codec, pictures without B-frames, renditions, posters, videos that come in. */
export const FFMPEG_KINDS = ['audio', 'video', 'ladder', 'poster', 'import'] as const;
export type FfmpegKind = (typeof FFMPEG_KINDS)[number];

type Counts = Record<FfmpegKind, number>;

const none = (): Counts => ({ audio: 0, video: 0, ladder: 0, poster: 0, import: 0 });

class FfmpegJobs {
  readonly running = none();
  readonly started = none();
  readonly failed = none();

  /** One was started; what is returned is told once how it ended. */
  begin(kind: FfmpegKind): (isGood: boolean) => void {
    let isOver = false;
    this.running[kind]++;
    this.started[kind]++;
    return (isGood) => {
      if (isOver) return;
      isOver = true;
      this.running[kind]--;
      if (!isGood) this.failed[kind]++;
    };
  }
}

/** Of this thread. Every ffmpeg is counted, whoever runs it, so that nobody has to be handed where to. */
export const ffmpegJobs = new FfmpegJobs();
