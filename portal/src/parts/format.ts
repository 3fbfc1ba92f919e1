/** Numbers, sizes, times as people read them. Locale and zone are fixed: all see the same text, and so do tests. */

export function count(value: number): string {
  return new Intl.NumberFormat('en').format(value);
}

/** 1234567 as `1.23 M`: short enough for an axis. */
export function short(value: number): string {
  const size = Math.abs(value);
  for (const [unit, name] of [[1e9, ' G'], [1e6, ' M'], [1e3, ' k']] as const) {
    if (size >= unit) return `${trimmed(value / unit)}${name}`;
  }
  return trimmed(value);
}

function trimmed(value: number): string {
  return String(Number(value.toPrecision(3)));
}

export function bytes(value: number): string {
  for (const [unit, name] of [[2 ** 30, 'GiB'], [2 ** 20, 'MiB'], [2 ** 10, 'KiB']] as const) {
    if (value >= unit) return `${trimmed(value / unit)} ${name}`;
  }
  return `${value} B`;
}

/** A span as `2 d 3 h`, `4 min 5 s`, `1.5 s`: two units at most. */
export function span(ms: number): string {
  if (ms < 0) return `-${span(-ms)}`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${trimmed(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  const units: [number, string][] = [[86_400, 'd'], [3_600, 'h'], [60, 'min'], [1, 's']];
  const first = units.findIndex(([unit]) => seconds >= unit);
  const [unit, name] = units[first]!;
  const next = units[first + 1];
  const rest = next === undefined ? 0 : Math.floor((seconds % unit) / next[0]);
  return rest === 0 ? `${Math.floor(seconds / unit)} ${name}` : `${Math.floor(seconds / unit)} ${name} ${rest} ${next![1]}`;
}

/** An instant of the server, `2026-03-01 12:00:00`, in UTC. */
export function instant(text: string | null | undefined): string {
  if (text === null || text === undefined || text === '') return 'none yet';
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d(:\d\d)?)/.exec(text);
  return match === null ? text : `${match[1]} ${match[2]}`;
}

/** How long until or since an instant: `in 3 d 4 h`, `2 h ago`. */
export function fromNow(text: string, nowMs: number): string {
  const distance = Date.parse(text) - nowMs;
  if (Number.isNaN(distance)) return text;
  if (Math.abs(distance) < 1000) return 'now';
  return distance > 0 ? `in ${span(distance)}` : `${span(-distance)} ago`;
}

export function percent(share: number): string {
  const value = share * 100;
  return `${value >= 99.95 || value === 0 ? Math.round(value) : trimmed(value)} %`;
}

/** A value of a row, as one line. */
export function cell(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return value;
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value);
}
