import { useEventListener } from '@vueuse/core';
import { computed, ref } from 'vue';
import type { ComputedRef, Ref, StyleValue } from 'vue';
import { CENTRED, MAX_ZOOM, moved, rectOf, within, zoomed } from './crop.ts';
import type { CropRect, PictureSize } from './crop.ts';

const KEY_STEP = 0.05;
const KEY_ZOOM = 1.15;
const WHEEL_ZOOM = 1.0015;

export interface Cropping {
  /** 1 to `MAX_ZOOM`. */
  zoom: Ref<number>;
  rect: ComputedRef<CropRect>;
  /** Places the picture behind its frame. */
  imageStyle: ComputedRef<StyleValue>;
  /** Arrows move, plus and minus zoom. */
  press(event: KeyboardEvent): void;
}

/** A picture moved under a frame by pointer, two fingers, wheel and keys. `frame` is what will be cut out. */
export function useCrop(
  picture: PictureSize,
  aspect: number,
  { stage, frame }: { stage: Readonly<Ref<HTMLElement | null>>; frame: Readonly<Ref<HTMLElement | null>> },
): Cropping {
  const crop = ref({ ...CENTRED });
  const rect = computed(() => rectOf(picture, aspect, crop.value));
  const zoom = computed({
    get: () => crop.value.zoom,
    set: (to) => (crop.value = within(picture, aspect, { ...crop.value, zoom: to })),
  });
  const imageStyle = computed(() => ({
    width: `${(picture.width / rect.value.width) * 100}%`,
    height: `${(picture.height / rect.value.height) * 100}%`,
    left: `${(-rect.value.x / rect.value.width) * 100}%`,
    top: `${(-rect.value.y / rect.value.height) * 100}%`,
  }));

  function move(x: number, y: number): void {
    crop.value = moved(picture, aspect, crop.value, { x, y });
  }

  function zoomAt(factor: number, at?: { x: number; y: number }): void {
    crop.value = zoomed(picture, aspect, crop.value, { factor, ...(at ? { at } : {}) });
  }

  function press(event: KeyboardEvent): void {
    const step = KEYS[event.key];
    if (!step) return;
    event.preventDefault();
    if (step.zoom) zoomAt(step.zoom);
    else move(step.x ?? 0, step.y ?? 0);
  }

  usePointers(stage, frame, { move, zoomAt });
  return { zoom, rect, imageStyle, press };
}

/** As a map on a phone: an arrow shows more of the side it points to. */
const KEYS: Partial<Record<string, { x?: number; y?: number; zoom?: number }>> = {
  ArrowLeft: { x: KEY_STEP },
  ArrowRight: { x: -KEY_STEP },
  ArrowUp: { y: KEY_STEP },
  ArrowDown: { y: -KEY_STEP },
  '+': { zoom: KEY_ZOOM },
  '=': { zoom: KEY_ZOOM },
  '-': { zoom: 1 / KEY_ZOOM },
  '0': { zoom: 1 / MAX_ZOOM },
};

interface Spot {
  x: number;
  y: number;
}

/** Where one finger is, or the middle of two and how far apart they are. */
function gestureOf(pointers: ReadonlyMap<number, Spot>): { middle: Spot; spread: number } {
  const [a = { x: 0, y: 0 }, b = a] = [...pointers.values()];
  return { middle: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }, spread: Math.hypot(a.x - b.x, a.y - b.y) };
}

function usePointers(
  stage: Readonly<Ref<HTMLElement | null>>,
  frame: Readonly<Ref<HTMLElement | null>>,
  { move, zoomAt }: { move(x: number, y: number): void; zoomAt(factor: number, at?: Spot): void },
): void {
  /** At most two fingers count. */
  const pointers = new Map<number, Spot>();

  function shareAt(spot: Spot): Spot {
    const box = frame.value?.getBoundingClientRect();
    return box ? { x: (spot.x - box.left) / box.width, y: (spot.y - box.top) / box.height } : { x: 0.5, y: 0.5 };
  }

  useEventListener(stage, 'pointerdown', (event: PointerEvent) => {
    if (pointers.size === 2 || event.button !== 0) return;
    stage.value?.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  useEventListener(stage, 'pointermove', (event: PointerEvent) => {
    const box = frame.value?.getBoundingClientRect();
    if (!box || !pointers.has(event.pointerId)) return;
    const before = gestureOf(pointers);
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    const { middle, spread } = gestureOf(pointers);
    move((middle.x - before.middle.x) / box.width, (middle.y - before.middle.y) / box.height);
    if (before.spread > 0 && spread > 0) zoomAt(spread / before.spread, shareAt(middle));
  });
  useEventListener(stage, ['pointerup', 'pointercancel', 'lostpointercapture'], (event: PointerEvent) => {
    pointers.delete(event.pointerId);
  });
  useEventListener(
    stage,
    'wheel',
    (event: WheelEvent) => {
      event.preventDefault();
      zoomAt(WHEEL_ZOOM ** -event.deltaY, shareAt({ x: event.clientX, y: event.clientY }));
    },
    { passive: false },
  );
}
