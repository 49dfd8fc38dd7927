/** The picture of a room that has none: a sun over hills, drawn from the room's id and nothing else. */
export interface CoverArt {
  sky: [top: string, bottom: string];
  sun: { x: number; y: number; r: number; colour: string };
  /** Far to near, SVG paths in a 320×180 box. */
  hills: { path: string; colour: string }[];
}

interface Palette {
  sky: [string, string];
  sun: string;
  hills: [string, string, string];
}

const WIDTH = 320;
const HEIGHT = 180;

const PALETTES: readonly [Palette, ...Palette[]] = [
  { sky: ['#f6d9c2', '#f3ead9'], sun: '#d9472b', hills: ['#c9a58d', '#8a6a5c', '#46352f'] },
  { sky: ['#22333b', '#4d6a6d'], sun: '#f2c14e', hills: ['#3f5a5d', '#2b4145', '#18272b'] },
  { sky: ['#dfe5d8', '#f4efe0'], sun: '#d9472b', hills: ['#a9b8a0', '#6f8570', '#384a40'] },
  { sky: ['#2b2438', '#7a4b52'], sun: '#f08a5d', hills: ['#5a3d4d', '#3d2b3a', '#211926'] },
  { sky: ['#e9d8a6', '#f6eedb'], sun: '#c9502c', hills: ['#d3a86b', '#9a6b45', '#543a2a'] },
  { sky: ['#c7d8de', '#eef0e8'], sun: '#e2674a', hills: ['#93abb5', '#5c7885', '#2f4550'] },
  { sky: ['#1d2430', '#3f4b5a'], sun: '#e9e1d0', hills: ['#333e4c', '#252e3a', '#161c25'] },
];

export function coverArt(seed: string): CoverArt {
  const random = randomFrom(seed);
  const palette = PALETTES[Math.floor(random() * PALETTES.length)] ?? PALETTES[0];
  const sun = {
    x: Math.round(WIDTH * (0.2 + random() * 0.6)),
    y: Math.round(HEIGHT * (0.3 + random() * 0.22)),
    r: Math.round(20 + random() * 16),
    colour: palette.sun,
  };
  const hills = palette.hills.map((colour, index) => {
    return { colour, path: hillPath({ random, base: 0.56 + index * 0.14, height: 0.2 - index * 0.04 }) };
  });
  return { sky: palette.sky, sun, hills };
}

/** A smooth ridge over the whole width, closed along the bottom. `base` and `height` are parts of the box's height. */
function hillPath(ridge: { random: () => number; base: number; height: number }): string {
  const steps = 4;
  const width = WIDTH / steps;
  const level = () => Math.round((ridge.base + (ridge.random() - 0.5) * 2 * ridge.height) * HEIGHT);
  let y = level();
  let path = `M0 ${y}`;
  for (let step = 1; step <= steps; step += 1) {
    const next = level();
    const [from, to] = [(step - 1) * width, step * width];
    path += `C${from + width / 2} ${y} ${to - width / 2} ${next} ${to} ${next}`;
    y = next;
  }
  return `${path}V${HEIGHT}H0Z`;
}

/** FNV-1a into mulberry32: the same picture for the same id, on every machine. */
function randomFrom(seed: string): () => number {
  let state = 0x811c9dc5;
  for (const char of seed) state = Math.imul(state ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
