// Where a chart's lines and ticks go; no drawing.

/** One line of a chart; null where nothing was measured. */
export type Values = readonly (number | null)[];

/** A round number not below `most`, and the ticks up to it. */
export function scale(most: number, ticks = 3): { top: number; ticks: number[] } {
  if (!(most > 0)) return { top: 1, ticks: [0, 1] };
  const rough = most / ticks;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((one) => one * power >= rough) ?? 10) * power;
  const steps = Math.ceil(most / step - 1e-9);
  return { top: steps * step, ticks: Array.from({ length: steps + 1 }, (_, i) => i * step) };
}

export const largest = (lines: readonly Values[]): number =>
  lines.reduce(
    (most, line) => line.reduce<number>((m, v) => (v !== null && v > m ? v : m), most),
    0,
  );

const place = (value: number): string => String(Math.round(value * 10) / 10);

/** Where the i-th of n values stands, from left to right. */
export const across = (i: number, n: number, width: number): number =>
  n < 2 ? width : (i / (n - 1)) * width;

/** The path of a line, with a gap where nothing was measured. */
export function linePath(values: Values, top: number, width: number, height: number): string {
  let path = '';
  let isDrawing = false;
  values.forEach((value, i) => {
    if (value === null) {
      isDrawing = false;
      return;
    }
    const x = place(across(i, values.length, width));
    const y = place(height - (Math.min(value, top) / top) * height);
    path += `${isDrawing ? 'L' : 'M'}${x} ${y}`;
    isDrawing = true;
  });
  return path;
}

/** The same line with what is below it, each piece for itself. */
export function areaPath(values: Values, top: number, width: number, height: number): string {
  let path = '';
  let first = -1;
  values.forEach((value, i) => {
    const isLast = i + 1 === values.length || values[i + 1] === null;
    if (value === null) return;
    if (first < 0) first = i;
    if (!isLast) return;
    const piece = values.map((v, k) => (k >= first && k <= i ? v : null));
    const from = place(across(first, values.length, width));
    const to = place(across(i, values.length, width));
    path += `${linePath(piece, top, width, height)}L${to} ${height}L${from} ${height}Z`;
    first = -1;
  });
  return path;
}

/** The last `most` values, filled up with nothing in front, so that time runs evenly. */
export function lastOf(values: Values, most: number): Values {
  if (values.length >= most) return values.slice(values.length - most);
  return [...Array<null>(most - values.length).fill(null), ...values];
}
