/** Long enough for the lowest voice, short enough to move with the words. */
const ANALYSED_SAMPLES = 1024;
/** Without a click in the sound. */
const FADE_S = 0.02;

type Input = 'microphone' | 'screen';

/**
 * Everything that is to be heard, mixed into one track that stays the same while microphones come and go, so that the
 * publisher never notices. Silent until something is put in. Made in a click, because browsers want one for sound.
 */
export class AudioMix {
  readonly #context = new AudioContext({ latencyHint: 'interactive' });
  readonly #output = this.#context.createMediaStreamDestination();
  readonly #analyser = this.#context.createAnalyser();
  readonly #gains: Record<Input, GainNode>;
  readonly #sources: Record<Input, MediaStreamAudioSourceNode | null> = { microphone: null, screen: null };
  readonly #samples = new Float32Array(ANALYSED_SAMPLES);

  constructor() {
    this.#analyser.fftSize = ANALYSED_SAMPLES;
    this.#gains = { microphone: this.#context.createGain(), screen: this.#context.createGain() };
    for (const gain of Object.values(this.#gains)) gain.connect(this.#output);
    document.addEventListener('visibilitychange', this.#wake);
  }

  get track(): MediaStreamTrack {
    const [track] = this.#output.stream.getAudioTracks();
    if (!track) throw new Error('a mix without a track');
    return track;
  }

  /** The tracks stay the caller's. */
  put(input: Input, track: MediaStreamTrack | null): void {
    this.#sources[input]?.disconnect();
    this.#sources[input] = null;
    if (track === null) return;
    const source = this.#context.createMediaStreamSource(new MediaStream([track]));
    source.connect(this.#gains[input]);
    // Before the gain: a muted streamer still sees that the microphone works.
    if (input === 'microphone') source.connect(this.#analyser);
    this.#sources[input] = source;
    this.#wake();
  }

  setMuted(input: Input, muted: boolean): void {
    this.#gains[input].gain.setTargetAtTime(muted ? 0 : 1, this.#context.currentTime, FADE_S);
  }

  /** The microphone's newest samples, or null without one. Overwritten by the next call. */
  samples(): Float32Array | null {
    if (this.#sources.microphone === null) return null;
    this.#analyser.getFloatTimeDomainData(this.#samples);
    return this.#samples;
  }

  /** Final and idempotent. */
  close(): void {
    document.removeEventListener('visibilitychange', this.#wake);
    this.put('microphone', null);
    this.put('screen', null);
    this.track.stop();
    if (this.#context.state !== 'closed') void this.#context.close();
  }

  /** Phones suspend it for a call, and some browsers when the page was away. */
  readonly #wake = (): void => {
    if (this.#context.state !== 'running' && this.#context.state !== 'closed') void this.#context.resume();
  };
}
