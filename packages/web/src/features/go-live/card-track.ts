export interface CardText {
  title: string;
  hint: string;
}

const FPS = 5;
const PAPER = ['#2a2321', '#141110'] as const;
const SEAL = '#d63c22';

/** A drawn picture with words for the time without a camera, so that viewers see why there is nothing to see. */
export class CardTrack {
  readonly #canvas = document.createElement('canvas');
  readonly #timer: ReturnType<typeof setInterval>;
  readonly track: MediaStreamTrack;

  constructor(size: { width: number; height: number }, text: CardText) {
    Object.assign(this.#canvas, size);
    this.#draw(text);
    const [track] = this.#canvas.captureStream(FPS).getVideoTracks();
    if (!track) throw new Error('a canvas without a track');
    track.contentHint = 'detail';
    this.track = track;
    // Encoders want pictures, also of something that stands still.
    this.#timer = setInterval(() => this.#draw(text), 1000 / FPS);
  }

  /** Idempotent. */
  close(): void {
    clearInterval(this.#timer);
    this.track.stop();
  }

  #draw({ title, hint }: CardText): void {
    const context = this.#canvas.getContext('2d', { alpha: false });
    if (!context) return;
    const { width, height } = this.#canvas;
    const ground = context.createLinearGradient(0, 0, 0, height);
    ground.addColorStop(0, PAPER[0]);
    ground.addColorStop(1, PAPER[1]);
    context.fillStyle = ground;
    context.fillRect(0, 0, width, height);
    const unit = height / 100;
    context.fillStyle = SEAL;
    context.fillRect(width / 2 - unit * 4, height / 2 - unit * 22, unit * 8, unit * 1.2);
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.fillStyle = '#f4eee7';
    context.font = `700 ${unit * 9}px ${fontOf('--font-display')}`;
    context.fillText(title, width / 2, height / 2 - unit * 6, width * 0.86);
    context.fillStyle = '#bdb2a7';
    context.font = `${unit * 5}px ${fontOf('--font-sans')}`;
    context.fillText(hint, width / 2, height / 2 + unit * 8, width * 0.86);
  }
}

function fontOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).replace(/\s+/g, ' ').trim() || 'sans-serif';
}
