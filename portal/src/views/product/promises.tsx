import { useRef } from 'preact/hooks';
import type { Promised } from '../../api/types';
import { Badge } from '../../parts/badge';
import { Chart } from '../../parts/chart';
import { instant, percent } from '../../parts/format';
import { Recorder } from '../../parts/rates';

/** Each promise: how it stands, what was measured, and how its budget has run. */
export function Promises({ promises }: { promises: Promised[] }) {
  // The server has the history up to a commit; what the page has seen since stands behind it.
  const seen = useRef(new Recorder(60 * 60_000));
  if (promises.length === 0) return <p>This product promises nothing that a job watches.</p>;
  return (
    <div class="charts">
      {promises.map(({ promise, state, since, measured, budget, history }) => {
        for (const { at, budget: left } of history) seen.current.note(promise, Date.parse(at), left);
        if (budget !== null) seen.current.note(promise, Date.now(), budget);
        return (
          <section key={promise} class="promise" aria-label={promise}>
            <h2>
              <code>{promise}</code>
            </h2>
            <p>
              <Badge state={state} /> {since !== null && <span class="quiet">since {instant(since)}</span>}
            </p>
            <p>{measured}</p>
            <Chart
              title="Budget that is left"
              unit=""
              series={[{ name: '', points: seen.current.values(promise) }]}
              format={percent}
              limit={0.25}
              limitName="at risk below"
              height={110}
              empty="No budget has been measured yet."
            />
          </section>
        );
      })}
    </div>
  );
}
