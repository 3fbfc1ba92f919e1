export interface Point {
  at: number;
  value: number;
}

/** About `wanted` round values that cover low to high. */
export function ticks(low: number, high: number, wanted: number): number[] {
  if (!(high > low)) return [low];
  const raw = (high - low) / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw)!;
  const result: number[] = [];
  for (let index = Math.ceil(low / step - 1e-9); index * step <= high + step * 1e-9; index++) {
    result.push(Number((index * step).toPrecision(12)));
  }
  return result;
}

/** The range of values that a chart shows: from 0, unless some are below; with room above. */
export function range(values: number[]): [number, number] {
  const finite = values.filter(Number.isFinite);
  const low = Math.min(0, ...finite);
  const high = Math.max(0, ...finite);
  return high > low ? [low, high + (high - low) * 0.08] : [low, low + 1];
}

/** The line through the points as the `d` of a path. A gap longer than `gap` breaks it. */
export function line(points: Point[], x: (at: number) => number, y: (value: number) => number, gap = Infinity): string {
  let text = '';
  let before: Point | undefined;
  for (const point of points) {
    const move = before === undefined || point.at - before.at > gap;
    text += `${move ? 'M' : 'L'}${x(point.at).toFixed(1)} ${y(point.value).toFixed(1)}`;
    before = point;
  }
  return text;
}

/** The point whose time is nearest. */
export function nearest(points: Point[], at: number): Point | undefined {
  let best: Point | undefined;
  for (const point of points) {
    if (best === undefined || Math.abs(point.at - at) < Math.abs(best.at - at)) best = point;
  }
  return best;
}
