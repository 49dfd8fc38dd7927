import { AudioMix } from './audio-mix.ts';
import { obstacleTo, problemOf } from './capture-problem.ts';
import type { CaptureProblem } from './capture-problem.ts';
import { CardTrack } from './card-track.ts';
import type { CardText } from './card-track.ts';
import { openDevices, openScreen, screenConstraints } from './open-devices.ts';
import type { CameraChoice, Facing } from './open-devices.ts';
import { constraintsOf, sizeOf } from './quality.ts';
import type { Quality } from './quality.ts';

/** `card` is the drawn picture that stands in for a camera. `none`: nothing was opened yet. */
export type Picture = 'none' | 'camera' | 'screen' | 'card';
export type Source = 'camera' | 'microphone' | 'screen';

export interface CaptureState {
  picture: Picture;
  /** What is shown now. */
  video: MediaStreamTrack | null;
  cameraId: string;
  microphoneId: string;
  facing: Facing | null;
  hasMicrophone: boolean;
  isMuted: boolean;
  hasScreenSound: boolean;
  isScreenMuted: boolean;
  /** The browser is being asked; a person may have to answer first. */
  isBusy: boolean;
  problems: Record<Source, CaptureProblem | null>;
}

export const NO_CAPTURE: CaptureState = {
  picture: 'none',
  video: null,
  cameraId: '',
  microphoneId: '',
  facing: null,
  hasMicrophone: false,
  isMuted: false,
  hasScreenSound: false,
  isScreenMuted: false,
  isBusy: false,
  problems: { camera: null, microphone: null, screen: null },
};

export interface CaptureOptions {
  quality: Quality;
  card(): CardText;
  onState(change: Partial<CaptureState>): void;
}

/**
 * What goes on air: one picture out of camera, screen and card, and one mix of sounds. Devices are opened only by
 * calls that a click stands behind, and each is given back as soon as it is not shown.
 */
export class Capture {
  readonly #card: CaptureOptions['card'];
  readonly #onState: CaptureOptions['onState'];
  readonly #problems: CaptureState['problems'] = { ...NO_CAPTURE.problems };
  #quality: Quality;
  #mix: AudioMix | null = null;
  #picture: Picture = 'none';
  #video: MediaStreamTrack | null = null;
  /** Gives back what is shown. */
  #release = (): void => {};
  #microphone: MediaStreamTrack | null = null;
  #sound: MediaStreamTrack | null = null;
  #camera: CameraChoice = {};
  #isBackToCamera = false;
  #isBusy = false;
  #isClosed = false;

  constructor(options: CaptureOptions) {
    this.#quality = options.quality;
    this.#card = options.card;
    this.#onState = options.onState;
  }

  /** What to publish: the picture of now, and the mix, which stays. */
  stream(): MediaStream {
    return new MediaStream([this.#video, this.#mix?.track].filter((track) => track instanceof MediaStreamTrack));
  }

  /** The microphone's newest samples; null without one. */
  samples(): Float32Array | null {
    return this.#mix?.samples() ?? null;
  }

  /** Camera and microphone by one question. What is missing is told in `problems`, and the other one is used. */
  openBoth(camera: CameraChoice, microphoneId: string | undefined): Promise<void> {
    return this.#alone(async () => {
      const wish = { camera, microphone: { deviceId: microphoneId } };
      const opened = await this.#ask(['camera', 'microphone'], () => openDevices(wish, this.#quality));
      if (opened) return this.#adopt(opened, camera);
      if (this.#problems.camera !== 'notFound' && this.#problems.camera !== 'busy') return;
      // One of the two is missing, and the browser does not say which.
      await this.#openMicrophone(microphoneId);
      await this.#openCamera(camera);
    });
  }

  openCamera(choice: CameraChoice = this.#camera): Promise<void> {
    return this.#alone(() => this.#openCamera(choice));
  }

  openMicrophone(deviceId?: string): Promise<void> {
    return this.#alone(() => this.#openMicrophone(deviceId));
  }

  openScreen(): Promise<void> {
    return this.#alone(async () => {
      const opened = await this.#ask(['screen'], () => openScreen(this.#quality));
      // Whoever closes the browser's dialog wanted nothing, and needs no words about it.
      if (this.#problems.screen === 'denied') this.#setProblems({ screen: null });
      if (!opened?.screen) return;
      this.#isBackToCamera = this.#picture === 'camera';
      this.#show('screen', opened.screen, () => this.#screenLost());
      this.#putSound(opened.sound ?? null);
    });
  }

  /** Back to what was there before. */
  closeScreen(): Promise<void> {
    return this.#alone(async () => {
      if (this.#picture !== 'screen') return;
      if (this.#isBackToCamera) await this.#openCamera(this.#camera);
      if (this.#picture === 'screen' && !this.#isClosed) this.#showCard();
    });
  }

  /** The camera is off, its light too; the card is shown. */
  closeCamera(): void {
    if (this.#picture === 'camera') this.#showCard();
  }

  setMuted(isMuted: boolean): void {
    this.#mix?.setMuted('microphone', isMuted);
    this.#onState({ isMuted });
  }

  setScreenMuted(isScreenMuted: boolean): void {
    this.#mix?.setMuted('screen', isScreenMuted);
    this.#onState({ isScreenMuted });
  }

  /** Of the running picture too, as far as its source can. */
  async setQuality(quality: Quality): Promise<void> {
    this.#quality = quality;
    if (this.#picture === 'card') return this.#showCard();
    const constraints = this.#picture === 'screen' ? screenConstraints(quality) : constraintsOf(quality);
    // A camera that cannot goes on as it is; the figures show what it gives.
    await this.#video?.applyConstraints(constraints).catch(() => {});
  }

  /** Final and idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#release();
    this.#sound?.stop();
    this.#microphone?.stop();
    this.#mix?.close();
  }

  async #openCamera(choice: CameraChoice): Promise<void> {
    // Many phones open one camera at a time.
    if (this.#picture === 'camera') this.#video?.stop();
    const opened = await this.#ask(['camera'], () => openDevices({ camera: choice }, this.#quality));
    if (opened?.camera) this.#adopt(opened, choice);
    else if (this.#picture !== 'screen' && !this.#isClosed) this.#showCardUnlessNew();
  }

  async #openMicrophone(deviceId: string | undefined): Promise<void> {
    const opened = await this.#ask(['microphone'], () => openDevices({ microphone: { deviceId } }, this.#quality));
    if (opened) this.#adopt(opened, this.#camera);
  }

  /** Nobody who was refused everything wants to see a card. */
  #showCardUnlessNew(): void {
    if (this.#picture !== 'none' || this.#microphone !== null) this.#showCard();
  }

  #showCard(): void {
    const card = new CardTrack(sizeOf(this.#quality), this.#card());
    this.#show('card', card.track, () => {});
    this.#release = () => card.close();
  }

  #adopt(
    { camera, microphone }: { camera: MediaStreamTrack | undefined; microphone: MediaStreamTrack | undefined },
    choice: CameraChoice,
  ): void {
    if (microphone) this.#putMicrophone(microphone);
    if (!camera) return;
    const { deviceId, facingMode } = camera.getSettings();
    this.#camera = deviceId ? { deviceId } : choice;
    this.#show('camera', camera, () => this.#lost('camera'));
    const facing = facingMode === 'user' || facingMode === 'environment' ? facingMode : (choice.facing ?? null);
    this.#onState({ cameraId: deviceId ?? '', facing });
  }

  #putMicrophone(track: MediaStreamTrack): void {
    this.#microphone?.stop();
    this.#microphone = track;
    this.#mixed().put('microphone', track);
    track.addEventListener('ended', () => this.#lost('microphone'));
    this.#onState({ hasMicrophone: true, microphoneId: track.getSettings().deviceId ?? '' });
    if (this.#picture === 'none') this.#showCard();
  }

  #putSound(track: MediaStreamTrack | null): void {
    this.#sound?.stop();
    this.#sound = track;
    if (track !== null || this.#mix !== null) this.#mixed().put('screen', track);
    this.#onState({ hasScreenSound: track !== null });
  }

  #mixed(): AudioMix {
    return (this.#mix ??= new AudioMix());
  }

  /** In place of what was shown, which is given back once whoever publishes knows the new one. */
  #show(picture: Picture, track: MediaStreamTrack, onLost: () => void): void {
    const before = this.#release;
    this.#mixed();
    [this.#picture, this.#video] = [picture, track];
    this.#release = () => track.stop();
    track.addEventListener('ended', () => this.#video === track && onLost());
    this.#onState({ picture, video: track });
    before();
    if (picture !== 'screen') this.#putSound(null);
  }

  /** Unplugged, or taken by the system. */
  #lost(source: 'camera' | 'microphone'): void {
    this.#setProblems({ [source]: 'lost' });
    if (source === 'camera') return this.#showCard();
    this.#microphone = null;
    this.#mix?.put('microphone', null);
    this.#onState({ hasMicrophone: false });
  }

  /** Its own bar of the browser ended it. */
  #screenLost(): void {
    if (this.#isBusy) this.#showCard();
    else void this.closeScreen();
  }

  /** What came too late, or for nobody, is given back. */
  async #ask<Tracks extends object>(sources: Source[], open: () => Promise<Tracks>): Promise<Tracks | null> {
    const obstacle = obstacleTo(sources.includes('screen') ? 'screen' : 'devices');
    let problem: CaptureProblem | null = obstacle;
    let opened: Tracks | null = null;
    if (obstacle === null) {
      try {
        opened = await open();
      } catch (error) {
        problem = problemOf(error);
      }
    }
    this.#setProblems(Object.fromEntries(sources.map((source) => [source, problem])));
    if (!this.#isClosed || opened === null) return opened;
    for (const track of Object.values(opened)) if (track instanceof MediaStreamTrack) track.stop();
    return null;
  }

  #setProblems(problems: Partial<CaptureState['problems']>): void {
    Object.assign(this.#problems, problems);
    this.#onState({ problems: { ...this.#problems } });
  }

  /** One question at a time; what is clicked meanwhile is not asked. */
  async #alone(task: () => Promise<void>): Promise<void> {
    if (this.#isBusy || this.#isClosed) return;
    this.#isBusy = true;
    this.#onState({ isBusy: true });
    try {
      await task();
    } finally {
      this.#isBusy = false;
      this.#onState({ isBusy: false });
    }
  }
}
