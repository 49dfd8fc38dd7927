/** Colours of fireworks. */
const COLORS = ['#ffd36e', '#ff7a59', '#8fd3ff', '#ff9ecf', '#b6f09c', '#ffe9b8'];
/** Dots of one firework, by ring: how many, and how far out in % of the picture's height. */
const RINGS = [
  { dots: 7, radius: 8 },
  { dots: 13, radius: 16 },
  { dots: 18, radius: 25 },
];
/** The golden angle spreads whatever is numbered. */
const GOLDEN_DEG = 137.5;

const rad = (degrees: number): number => (degrees * Math.PI) / 180;

/** Where the nth little picture flies to, and when. The same every time. */
export function sparkOf(n: number): Record<string, string> {
  const angle = rad(n * GOLDEN_DEG);
  const out = 24 + (n % 5) * 6;
  return {
    '--x': `${(Math.cos(angle) * out).toFixed(1)}cqmin`,
    '--y': `${(Math.sin(angle) * out).toFixed(1)}cqmin`,
    '--delay': `${(n % 7) * 140}ms`,
  };
}

/** Where and when the nth firework bursts, and its dots: shadows of one element, so that it is one thing to move. */
export function fireworkOf(n: number): Record<string, string> {
  const dots = RINGS.flatMap(({ dots: count, radius }, ring) =>
    Array.from({ length: count }, (_, dot) => {
      const angle = rad((360 / count) * dot + ring * 11);
      const color = COLORS[(n + ring) % COLORS.length];
      return `${(Math.cos(angle) * radius).toFixed(1)}cqh ${(Math.sin(angle) * radius).toFixed(1)}cqh 0 ${color}`;
    }),
  );
  return {
    '--left': `${12 + ((n * 31) % 76)}%`,
    '--top': `${18 + ((n * 23) % 44)}%`,
    '--delay': `${(n - 1) * 460}ms`,
    '--dots': dots.join(','),
  };
}
