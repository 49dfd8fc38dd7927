import type { EmoteUrls } from '../chat/text-pieces.ts';
import { AREAS, fontSizeOf, timesOf } from './danmaku-settings.ts';
import type { DanmakuSettings } from './danmaku-settings.ts';
import { drawSprite } from './danmaku-sprite.ts';
import type { Sprite } from './danmaku-sprite.ts';
import type { DanmakuItem } from './danmaku-item.ts';
import { Lanes } from './lanes.ts';
import type { Placed } from './lanes.ts';

/** More at a time nobody can read. */
const MAX_ON_SCREEN = 300;
/** Those for which no lane was free wait in line, and the oldest give up. */
const MAX_WAITING = 60;
const MAX_WAIT_MS = 4_000;
/** Where the controls of the player are; what stands at the bottom stands above them. */
const BOTTOM_PX = 56;
/** More than that between two frames is a tab that slept. */
const MAX_FRAME_MS = 250;
const MAX_SCALE = 2;
/** From so many on every other frame of a usual display is drawn: nobody follows one of them, and it costs half. */
const CROWD = 200;
const CROWD_FRAME_MS = 30;

interface Waiting {
  item: DanmakuItem;
  sinceMs: number;
  /** Drawn when its turn comes first. */
  sprite: Sprite | null;
}

interface Flying {
  item: DanmakuItem;
  sprite: Sprite;
  placed: Placed;
}

/**
 * Messages over a picture, on one canvas: each is drawn once and then copied to where it is. The clock is the stage's
 * own and stands still with the picture. Frames are asked for only while something is to be seen.
 */
export class DanmakuStage {
  readonly #canvas: HTMLCanvasElement;
  readonly #emotes: () => EmoteUrls;
  readonly #lanes = new Lanes({ width: 0, lanes: 0, travelMs: 1, standMs: 1, overlap: false });
  #settings: DanmakuSettings;
  #flying: Flying[] = [];
  #waiting: Waiting[] = [];
  #size = { width: 0, height: 0, scale: 1 };
  #fontPx = 20;
  #nowMs = 0;
  #frameAtMs = 0;
  #frame = 0;
  #drawnAtMs = 0;
  #paused = false;
  /** How fast the picture runs. */
  rate = 1;

  constructor(canvas: HTMLCanvasElement, options: { settings: DanmakuSettings; emotes: () => EmoteUrls }) {
    this.#canvas = canvas;
    this.#settings = options.settings;
    this.#emotes = options.emotes;
  }

  /** How many are to be seen. */
  get count(): number {
    return this.#flying.length;
  }

  /** In CSS pixels. What flies already goes on as it was drawn. */
  resize(width: number, height: number): void {
    const scale = Math.min(MAX_SCALE, window.devicePixelRatio || 1);
    this.#size = { width, height, scale };
    this.#canvas.width = Math.round(width * scale);
    this.#canvas.height = Math.round(height * scale);
    this.#layOut();
    this.#draw();
  }

  configure(settings: DanmakuSettings): void {
    this.#settings = settings;
    if (!settings.on) this.clear();
    this.#layOut();
  }

  setPaused(paused: boolean): void {
    this.#paused = paused;
    if (paused) this.#rest();
    else this.#wake();
  }

  add(item: DanmakuItem): void {
    if (!this.#settings.on || this.#size.width === 0 || document.hidden) return;
    this.#waiting.push({ item, sinceMs: this.#nowMs, sprite: null });
    if (this.#waiting.length > MAX_WAITING) this.#waiting.shift();
    this.#wake();
  }

  /** Takes away one that was deleted. */
  remove(matches: (item: DanmakuItem) => boolean): void {
    this.#flying = this.#flying.filter(({ item }) => !matches(item));
    this.#waiting = this.#waiting.filter(({ item }) => !matches(item));
    this.#draw();
  }

  clear(): void {
    this.#flying = [];
    this.#waiting = [];
    this.#lanes.clear();
    this.#draw();
  }

  /** Idempotent. */
  close(): void {
    this.#rest();
    this.clear();
  }

  #layOut(): void {
    const { width, height } = this.#size;
    this.#fontPx = fontSizeOf(height, this.#settings);
    const usable = Math.max(0, height - BOTTOM_PX) * AREAS[this.#settings.area];
    this.#lanes.resize({
      width,
      lanes: Math.max(1, Math.floor(usable / this.#laneHeight)),
      ...timesOf(this.#settings),
      overlap: this.#settings.dense,
    });
  }

  get #laneHeight(): number {
    return Math.ceil(this.#fontPx * 1.5);
  }

  #wake(): void {
    if (this.#frame !== 0 || this.#paused) return;
    this.#frameAtMs = performance.now();
    this.#frame = requestAnimationFrame((atMs) => this.#step(atMs));
  }

  #rest(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
  }

  #step(atMs: number): void {
    this.#frame = 0;
    this.#nowMs += Math.min(MAX_FRAME_MS, Math.max(0, atMs - this.#frameAtMs)) * this.rate;
    this.#frameAtMs = atMs;
    this.#flying = this.#flying.filter(({ placed }) => placed.startMs + placed.durationMs > this.#nowMs);
    this.#launch();
    if (this.#flying.length < CROWD || atMs - this.#drawnAtMs > CROWD_FRAME_MS) {
      this.#drawnAtMs = atMs;
      this.#draw();
    }
    if (this.#flying.length + this.#waiting.length > 0) {
      this.#frame = requestAnimationFrame((next) => this.#step(next));
    }
  }

  #launch(): void {
    const { width, scale } = this.#size;
    const look = { fontPx: this.#fontPx, scale, emotes: this.#emotes() };
    this.#waiting = this.#waiting.filter((waiting) => {
      if (this.#nowMs - waiting.sinceMs > MAX_WAIT_MS) return false;
      if (this.#flying.length >= MAX_ON_SCREEN || width === 0) return true;
      const { item } = waiting;
      const drawn = (waiting.sprite ??= drawSprite(item, look));
      const placed = this.#lanes.place(item.position, drawn.width, this.#nowMs);
      if (placed) this.#flying.push({ item, sprite: drawn, placed });
      return placed === null;
    });
  }

  #draw(): void {
    const pen = this.#canvas.getContext('2d');
    if (!pen) return;
    const { width, height, scale } = this.#size;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    for (const { item, sprite, placed } of this.#flying) {
      const progress = (this.#nowMs - placed.startMs) / placed.durationMs;
      const isFlying = item.position === 'scroll';
      // What stands must be seen as a whole.
      const fit = isFlying ? 1 : Math.min(1, (width - 16) / sprite.width);
      const x = isFlying ? width - progress * (width + sprite.width) : (width - sprite.width * fit) / 2;
      const offset = placed.lane * this.#laneHeight;
      const y = item.position === 'bottom' ? height - BOTTOM_PX - offset - sprite.height : offset + 8;
      // Whole device pixels: a copy between pixels is a blurred and a slow one.
      const [left, top] = [Math.round(x * scale), Math.round(y * scale)];
      if (fit === 1) pen.drawImage(sprite.canvas, left, top);
      else pen.drawImage(sprite.canvas, left, top, sprite.canvas.width * fit, sprite.canvas.height * fit);
    }
    this.#canvas.dataset.count = String(this.#flying.length);
  }
}
