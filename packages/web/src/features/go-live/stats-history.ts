/** One minute at one value per second. */
const MAX_VALUES = 60;

/** The last minute of one figure, for a sparkline. A value that was not known is a gap. */
export function appendTo(history: readonly (number | null)[], value: number | null): (number | null)[] {
  return [...history, value].slice(-MAX_VALUES);
}

/**
 * The lines through the values in a box of `width` by `height`, as the `d` of an SVG path. The newest value is at the
 * right edge, 0 at the bottom, and the top is the highest value or `atLeast`.
 */
export function sparkline(
  values: readonly (number | null)[],
  box: { width: number; height: number; atLeast: number },
): string {
  const top = Math.max(box.atLeast, ...values.map((value) => value ?? 0));
  const step = box.width / (MAX_VALUES - 1);
  const first = box.width - (values.length - 1) * step;
  let isDrawing = false;
  return values
    .map((value, index) => {
      const command = value === null ? '' : isDrawing ? 'L' : 'M';
      isDrawing = value !== null;
      if (value === null) return '';
      const y = box.height * (1 - value / top);
      return `${command}${round(first + index * step)} ${round(y)}`;
    })
    .join('');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
