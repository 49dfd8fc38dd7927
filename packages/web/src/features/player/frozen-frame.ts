/** Keeps the last picture on a canvas over the video, because a reconnecting video element turns black. */
export class FrozenFrame {
  readonly #canvas: HTMLCanvasElement;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    this.clear();
  }

  capture(video: HTMLVideoElement): void {
    if (video.videoWidth === 0 || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    this.#canvas.width = video.videoWidth;
    this.#canvas.height = video.videoHeight;
    this.#canvas.getContext('2d')?.drawImage(video, 0, 0);
    this.#canvas.hidden = false;
  }

  clear(): void {
    this.#canvas.hidden = true;
  }
}
