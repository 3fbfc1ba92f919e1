import { useState } from 'preact/hooks';
import { short } from './format';
import { line, nearest, range, ticks, type Point } from './scale';

export interface Series {
  name: string;
  points: Point[];
}

interface ChartProps {
  title: string;
  series: Series[];
  unit: string;
  /** A value that is promised; a line is drawn there. */
  limit?: number | undefined;
  limitName?: string;
  height?: number;
  format?: (value: number) => string;
  empty?: string;
}

const WIDTH = 420;
const LEFT = 48;
const BOTTOM = 20;
const TOP = 8;
const RIGHT = 8;

const clock = (at: number) => new Date(at).toISOString().slice(11, 19);

/** A small chart over time. Its name says in words what it shows; a pointer reads off values. */
export function Chart({ title, series, unit, limit, limitName, height = 140, format = short, empty }: ChartProps) {
  const [pointer, setPointer] = useState<number>();
  const all = series.flatMap(({ points }) => points);
  if (all.length === 0) {
    return (
      <figure class="chart">
        <figcaption>{title}</figcaption>
        <p class="quiet">{empty ?? 'Nothing has been measured yet.'}</p>
      </figure>
    );
  }
  const [low, high] = range([...all.map(({ value }) => value), ...(limit === undefined ? [] : [limit])]);
  const first = Math.min(...all.map(({ at }) => at));
  const last = Math.max(...all.map(({ at }) => at), first + 1);
  const x = (at: number) => LEFT + ((at - first) / (last - first)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) => TOP + (1 - (value - low) / (high - low)) * (height - TOP - BOTTOM);
  const read = (event: PointerEvent) => {
    const box = (event.currentTarget as SVGElement).getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * WIDTH;
    setPointer(first + ((at - LEFT) / (WIDTH - LEFT - RIGHT)) * (last - first));
  };
  const shown = series.map(({ name, points }) => ({ name, point: pointer === undefined ? points.at(-1) : nearest(points, pointer) }));
  const withUnit = (value: number) => (unit === '' ? format(value) : `${format(value)} ${unit}`);
  const spoken = series
    .filter(({ points }) => points.length > 0)
    .map(({ name, points }) => {
      const values = points.map(({ value }) => value);
      const between = `between ${format(Math.min(...values))} and ${format(Math.max(...values))}`;
      return `${name === '' ? '' : `${name}: `}${withUnit(points.at(-1)!.value)} now, ${between}`;
    })
    .join('; ');
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${height}`}
        role="img"
        aria-label={`${title}. ${spoken}${limit === undefined ? '' : `; ${limitName ?? 'limit'}: ${withUnit(limit)}`}`}
        onPointerMove={read}
        onPointerLeave={() => setPointer(undefined)}
      >
        {ticks(low, high, 4).map((tick) => (
          <g key={tick}>
            <line class="grid" x1={LEFT} x2={WIDTH - RIGHT} y1={y(tick)} y2={y(tick)} />
            <text class="tick" x={LEFT - 5} y={y(tick) + 4} text-anchor="end">
              {format(tick)}
            </text>
          </g>
        ))}
        <text class="tick" x={LEFT} y={height - 4}>
          {clock(first)}
        </text>
        <text class="tick" x={WIDTH - RIGHT} y={height - 4} text-anchor="end">
          {clock(last)}
        </text>
        {limit !== undefined && <line class="limit" x1={LEFT} x2={WIDTH - RIGHT} y1={y(limit)} y2={y(limit)} />}
        {series.map(({ points }, index) => (
          <path key={index} class={`series series-${index % 6}`} d={line(points, x, y)} />
        ))}
        {shown.map(
          ({ point }, index) =>
            point !== undefined && <circle key={index} class={`mark series-${index % 6}`} cx={x(point.at)} cy={y(point.value)} r={3} />,
        )}
      </svg>
      <ul class="legend">
        {shown.map(({ name, point }, index) => (
          <li key={name}>
            <span class={`swatch series-${index % 6}`} aria-hidden="true" />
            {name !== '' && `${name}: `}
            <strong>{point === undefined ? 'none' : withUnit(point.value)}</strong>
            {pointer !== undefined && point !== undefined && ` at ${clock(point.at)}`}
          </li>
        ))}
        {limit !== undefined && (
          <li>
            <span class="swatch swatch-limit" aria-hidden="true" />
            {limitName ?? 'limit'}: {withUnit(limit)}
          </li>
        )}
      </ul>
    </figure>
  );
}
