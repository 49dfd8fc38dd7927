import type Hls from 'hls.js';
import type { BufferCodecsData, ErrorData, LevelDetails } from 'hls.js';
import { codecName } from '../../codec-name.ts';
import { nowPosition, oldestPosition } from './hls-clock.ts';
import type { PlaylistClock } from './hls-clock.ts';
import { hlsConfig } from './hls-config.ts';
import { levelIndex, qualityLevels } from './hls-levels.ts';
import { CATCH_UP_RATE, JUMP_DELAY_S } from './live-edge.ts';
import type { MediaFacts, PlaySession, SessionEnd, SessionOptions } from './play-session.ts';
import { SpeedMeter } from './speed-meter.ts';

/** A picture that the browser could not show is tried again from the next key frame, but not all the time. */
const RECOVER_EVERY_MS = 5_000;
/** Going on after a short pause is no jump. */
const SAME_PLACE_S = 0.5;
/** Of `ErrorDetails`. */
const CODEC_TROUBLES = new Set([
  'manifestIncompatibleCodecsError',
  'bufferAddCodecError',
  'bufferIncompatibleCodecsError',
]);

/** HLS by hls.js and Media Source Extensions: parts of segments where the server has them, and all that it still keeps. */
export class HlsSession implements PlaySession {
  readonly #options: SessionOptions;
  readonly #speed: SpeedMeter;
  #hls: Hls | null = null;
  #facts: MediaFacts = {};
  #quality: string;
  /** Where the viewer went back to, until the first playlist says where that is. */
  #startBehindS: number | undefined;
  #isBack: boolean;
  #hasStarted = false;
  #destroyed = false;
  #recoveredAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#quality = options.quality;
    this.#startBehindS = options.behindS;
    this.#isBack = options.behindS !== undefined;
    this.#speed = new SpeedMeter((bps) => options.events.onSpeed(bps));
  }

  /** Loads the library on first use. */
  async open(): Promise<void> {
    const { video, url } = this.#options;
    const { default: HlsClass } = await import('hls.js/light');
    if (this.#destroyed) return;
    if (!HlsClass.isSupported()) return this.#end({ kind: 'unsupported' });
    const hls = new HlsClass(hlsConfig());
    this.#hls = hls;
    this.#setBack(this.#isBack);
    this.#listen(hls, HlsClass.Events);
    hls.attachMedia(video);
    hls.loadSource(url);
  }

  /** 0 until there is a picture: the place where it begins is no progress. */
  progress(): number {
    const { video } = this.#options;
    this.#hasStarted ||= video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
    return this.#hasStarted ? video.currentTime : 0;
  }

  delayS(): number {
    const now = this.#now();
    return now === null || !this.#hasStarted ? 0 : Math.max(0, now - this.#options.video.currentTime);
  }

  /** Catching up by speed is hls.js's; what is too far for that is jumped over. */
  keepUp(): boolean {
    const position = this.#hls?.liveSyncPosition ?? null;
    const { currentTime, paused, seeking } = this.#options.video;
    if (this.#isBack || position === null || !this.#hasStarted || paused || seeking) return false;
    if (position - currentTime <= JUMP_DELAY_S) return false;
    this.jumpToLive();
    return true;
  }

  jumpToLive(): void {
    this.#setBack(false);
    const position = this.#hls?.liveSyncPosition ?? null;
    if (position !== null && position > this.#options.video.currentTime) this.#options.video.currentTime = position;
  }

  pastS(): number {
    const [clock, now] = [this.#clock(), this.#now()];
    return clock === null || now === null ? 0 : Math.max(0, now - oldestPosition(clock));
  }

  seekBehind(behindS: number): void {
    this.#setBack(true);
    const position = this.#positionOf(behindS);
    const { video } = this.#options;
    if (position === null) this.#startBehindS = behindS;
    else if (Math.abs(position - video.currentTime) > SAME_PLACE_S) video.currentTime = position;
  }

  setQuality(quality: string): void {
    this.#quality = quality;
    if (this.#hls && this.#hls.levels.length > 0) this.#hls.nextLevel = this.#levelOf(this.#hls);
  }

  destroy(): void {
    this.#destroyed = true;
    this.#speed.close();
    this.#hls?.destroy();
    this.#hls = null;
    // hls.js sets it to catch up, and whoever plays next would go on so.
    this.#options.video.playbackRate = 1;
  }

  #listen(hls: Hls, events: typeof Hls.Events): void {
    hls.on(events.MANIFEST_PARSED, () => this.#begin(hls));
    hls.on(events.LEVEL_UPDATED, (_event, { details }) => this.#beginBehind(hls, details));
    hls.on(events.BUFFER_CODECS, (_event, tracks) => this.#tellCodecs(tracks));
    hls.on(events.LEVEL_SWITCHED, (_event, { level }) =>
      this.#tell({ fps: hls.levels[level]?.frameRate || undefined }),
    );
    hls.on(events.FRAG_BUFFERED, (_event, { stats, part }) => this.#speed.add((part?.stats ?? stats).loaded));
    hls.on(events.ERROR, (_event, error) => error.fatal && this.#failed(hls, error));
  }

  /** Who went back is not hurried to the live edge. */
  #setBack(isBack: boolean): void {
    const isChanged = isBack !== this.#isBack;
    this.#isBack = isBack;
    if (isChanged) this.setQuality(this.#quality);
    if (this.#hls) this.#hls.config.maxLiveSyncPlaybackRate = isBack ? 1 : CATCH_UP_RATE;
    if (isBack) this.#options.video.playbackRate = 1;
  }

  #begin(hls: Hls): void {
    if (this.#destroyed) return;
    this.#options.events.onLevels(qualityLevels(hls.levels));
    const level = this.#levelOf(hls);
    if (level >= 0) hls.loadLevel = level;
    // The others may have to be made first.
    else hls.startLevel = hls.levels.length - 1;
  }

  /** What is made on demand has no past: who went back sees the source, unless another was chosen. */
  #levelOf({ levels }: Hls): number {
    const chosen = levelIndex(levels, this.#quality);
    return chosen < 0 && this.#isBack ? levels.length - 1 : chosen;
  }

  /** Only the first playlist says where the past is. Told here, before anything is asked for at the live edge. */
  #beginBehind(hls: Hls, details: LevelDetails): void {
    const behindS = this.#startBehindS;
    if (behindS === undefined || details.fragments.length === 0) return;
    this.#startBehindS = undefined;
    hls.startLoad(this.#positionOf(behindS, details) ?? -1);
  }

  #tellCodecs({ video, audio, audiovideo }: BufferCodecsData): void {
    const [videoCodec, audioCodec] = (audiovideo?.codec ?? '').split(',');
    this.#tell({ videoCodec: video?.codec ?? videoCodec, audioCodec: audio?.codec ?? audioCodec });
  }

  #tell(facts: MediaFacts): void {
    if (this.#destroyed) return;
    this.#facts = { ...this.#facts, ...facts };
    this.#options.events.onFacts(this.#facts);
  }

  #failed(hls: Hls, { type, details, mimeType, reason, error }: ErrorData): void {
    if (CODEC_TROUBLES.has(details)) {
      return this.#end({ kind: 'codec', codec: codecName(mimeType ?? reason ?? error.message) });
    }
    const now = performance.now();
    if (type !== 'mediaError' || now - this.#recoveredAtMs < RECOVER_EVERY_MS) return this.#end({ kind: 'error' });
    this.#recoveredAtMs = now;
    hls.recoverMediaError();
  }

  #end(end: SessionEnd): void {
    if (this.#destroyed) return;
    // hls.js is still inside its own event here; the owner destroys it afterwards.
    queueMicrotask(() => this.#destroyed || this.#options.events.onEnd(end));
  }

  #positionOf(behindS: number, details = this.#hls?.latestLevelDetails ?? null): number | null {
    if (details === null) return null;
    const clock = clockOf(details);
    const newest = Math.max(oldestPosition(clock), this.#hls?.liveSyncPosition ?? clock.edgeS);
    return Math.min(newest, Math.max(oldestPosition(clock), nowPosition(clock, Date.now()) - behindS));
  }

  #now(): number | null {
    const clock = this.#clock();
    return clock && nowPosition(clock, Date.now());
  }

  #clock(): PlaylistClock | null {
    const details = this.#hls?.latestLevelDetails ?? null;
    return details && clockOf(details);
  }
}

function clockOf(details: LevelDetails): PlaylistClock {
  const last = details.fragments.at(-1);
  const date = last?.programDateTime ?? null;
  return {
    oldestS: details.fragmentStart,
    edgeS: details.edge,
    ageS: details.age,
    targetDurationS: details.targetduration,
    ...(last && date !== null ? { edgeAtMs: date + (details.edge - last.start) * 1000 } : {}),
  };
}
