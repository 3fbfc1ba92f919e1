import type { Point } from './scale';

/**
 * What counters of a job tell over time, as it is asked again and again. A counter that falls has begun anew: the job was
 * started again.
 */
export class Recorder {
  private readonly lines = new Map<string, Point[]>();

  constructor(private readonly keepMs: number) {}

  /** Notes a value as of an instant. An older or the same instant changes nothing. */
  note(name: string, at: number, value: number): void {
    const points = this.lines.get(name) ?? [];
    const last = points.at(-1);
    if (last !== undefined && last.at >= at) return;
    points.push({ at, value });
    while (points[0]!.at < at - this.keepMs) points.shift();
    this.lines.set(name, points);
  }

  values(name: string): Point[] {
    return [...(this.lines.get(name) ?? [])];
  }

  /** The change per second from each value to the next one. */
  rates(name: string): Point[] {
    const points = this.lines.get(name) ?? [];
    const result: Point[] = [];
    for (let index = 1; index < points.length; index++) {
      const [from, to] = [points[index - 1]!, points[index]!];
      const change = to.value >= from.value ? to.value - from.value : to.value;
      result.push({ at: to.at, value: (change * 1000) / (to.at - from.at) });
    }
    return result;
  }
}
