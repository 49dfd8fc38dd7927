import { FormatError } from '../../bytes/format-error.ts';

/** A superframe's index counts its frames in three bits (VP9 specification, annex B). */
const MAX_FRAMES = 8;
const INDEX_MARKER = 0xc0;
const SIZE_BYTES = 4;

/** The frames of a picture's spatial layers in one piece, as files carry them: with an index when there are several. @throws FormatError */
export function joinVp9Layers(layers: readonly Uint8Array[]): Uint8Array {
  const [only] = layers;
  if (only !== undefined && layers.length === 1) return only;
  if (layers.length > MAX_FRAMES) throw new FormatError('too_large', `VP9 picture of ${layers.length} layers`);
  const marker = INDEX_MARKER | ((SIZE_BYTES - 1) << 3) | (layers.length - 1);
  const indexBytes = 2 + SIZE_BYTES * layers.length;
  const whole = new Uint8Array(layers.reduce((sum, layer) => sum + layer.length, indexBytes));
  const view = new DataView(whole.buffer);
  let at = 0;
  for (const layer of layers) {
    whole.set(layer, at);
    at += layer.length;
  }
  view.setUint8(at, marker);
  for (const [index, layer] of layers.entries()) view.setUint32(at + 1 + index * SIZE_BYTES, layer.length, true);
  view.setUint8(whole.length - 1, marker);
  return whole;
}
