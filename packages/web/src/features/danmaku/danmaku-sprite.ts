import { piecesOf } from '../chat/text-pieces.ts';
import type { EmoteUrls } from '../chat/text-pieces.ts';
import { emoteImage } from './emote-images.ts';
import type { DanmakuItem } from './danmaku-item.ts';

const FAMILY = "system-ui, -apple-system, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif";
/** A message cannot be so long that no browser makes a canvas of it. */
const MAX_WIDTH = 4_000;

/** A message drawn once; moving it is then only copying. Sizes are in CSS pixels. */
export interface Sprite {
  canvas: HTMLCanvasElement;
  width: number;
  height: number;
}

/** Draws a message in one line. Emotes that are not loaded yet stay blank and appear once they are. */
export function drawSprite(item: DanmakuItem, look: { fontPx: number; scale: number; emotes: EmoteUrls }): Sprite {
  const { fontPx, scale } = look;
  const canvas = document.createElement('canvas');
  const pen = canvas.getContext('2d');
  const height = Math.ceil(fontPx * 1.4);
  if (!pen) return { canvas, width: 0, height };
  const font = `600 ${fontPx}px ${FAMILY}`;
  pen.font = font;
  const pad = Math.ceil(fontPx * 0.25) + (item.isOwn ? 4 : 0);
  const emotePx = Math.round(fontPx * 1.2);
  const parts = piecesOf(item.text, { emotes: look.emotes }).map((piece) => ({
    piece,
    width: piece.kind === 'emote' ? emotePx + 2 : pen.measureText(piece.text).width,
  }));
  const width = Math.min(MAX_WIDTH, Math.ceil(parts.reduce((sum, part) => sum + part.width, 0)) + 2 * pad);
  canvas.width = Math.ceil(width * scale);
  canvas.height = Math.ceil(height * scale);
  pen.scale(scale, scale);
  pen.font = font;
  pen.textBaseline = 'middle';
  pen.lineJoin = 'round';
  pen.lineWidth = Math.max(2, fontPx / 8);
  pen.strokeStyle = 'rgb(0 0 0 / 72%)';
  pen.fillStyle = item.color;
  let x = pad;
  for (const { piece, width: partWidth } of parts) {
    if (piece.kind === 'emote') {
      const top = (height - emotePx) / 2;
      const left = x;
      emoteImage(piece.url, (image) => pen.drawImage(image, left, top, emotePx, emotePx));
    } else {
      pen.strokeText(piece.text, x, height / 2);
      pen.fillText(piece.text, x, height / 2);
    }
    x += partWidth;
  }
  if (item.isOwn) {
    pen.strokeStyle = item.color;
    pen.lineWidth = 1.5;
    pen.strokeRect(1, 1, width - 2, height - 2);
  }
  return { canvas, width, height };
}
