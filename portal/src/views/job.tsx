import { useRef } from 'preact/hooks';
import { paths } from '../api/paths';
import type { JobAnswer } from '../api/types';
import { useLoad } from '../api/use_load';
import { toJob } from '../frame/route';
import { Badge } from '../parts/badge';
import { Chart, type Series } from '../parts/chart';
import { bytes, count, instant, span } from '../parts/format';
import { Recorder } from '../parts/rates';
import { Await } from '../parts/said';
import { Faulty } from './job/faulty';

const SECTIONS: [string, string][] = [
  ['', 'Now'],
  ['partitions', 'Partitions'],
  ['records', 'Rejected and late records'],
];

/** The job behind the products: how fast it is, how far, and what it could not use. */
export function Job({ section }: { section: string }) {
  const job = useLoad<JobAnswer>(paths.job, 2_000);
  const seen = useRef(new Recorder(10 * 60_000));
  return (
    <Await what={job}>
      {(data) => {
        note(seen.current, data);
        return (
          <>
            <h1>{data.job}</h1>
            <p class="quiet">
              <Badge state={data.phase} /> environment {data.environment}, since {instant(data.started_at)}, braid {data.braid_version}
              {data.reason !== 'ok' && data.reason !== '' && `, ${data.reason}`}
            </p>
            <nav class="tabs" aria-label="Parts of the job">
              {SECTIONS.map(([name, title]) => (
                <a key={name} href={toJob(name)} aria-current={section === name ? 'page' : undefined}>
                  {title}
                </a>
              ))}
            </nav>
            {section === 'partitions' ? <Partitions data={data} /> : section === 'records' ? <Faulty data={data} /> : <Now data={data} seen={seen.current} />}
          </>
        );
      }}
    </Await>
  );
}

const partitionName = (source: string, partition: string) => (partition === '' ? source : `${source} ${partition}`);

function note(seen: Recorder, data: JobAnswer): void {
  const at = Date.parse(data.taken_at);
  seen.note('records', at, data.events);
  seen.note('state', at, data.state.memory_bytes + data.state.disk_bytes);
  if (data.watermark !== null) seen.note('delay', at, at - Date.parse(data.watermark));
  for (const { source, partition, lag_records: lag } of data.partitions) {
    if (lag !== null) seen.note(`lag ${partitionName(source, partition)}`, at, lag);
  }
  for (const { epoch, at: when, duration_ms: took } of data.commits) seen.note('commits', Date.parse(when), epoch >= 0 ? took : 0);
}

/** The partitions that lag most: more lines nobody tells apart. */
function lags(data: JobAnswer, seen: Recorder): Series[] {
  return [...data.partitions]
    .filter(({ lag_records: lag }) => lag !== null)
    .sort((left, right) => right.lag_records! - left.lag_records!)
    .slice(0, 6)
    .map(({ source, partition }) => partitionName(source, partition))
    .map((name) => ({ name, points: seen.values(`lag ${name}`) }));
}

function Now({ data, seen }: { data: JobAnswer; seen: Recorder }) {
  const { state } = data;
  return (
    <>
      <dl class="facts">
        <div>
          <dt>Records</dt>
          <dd>{count(data.events)}</dd>
        </div>
        <div>
          <dt>Epoch</dt>
          <dd>{count(data.epoch)}</dd>
        </div>
        <div>
          <dt>Watermark</dt>
          <dd>{instant(data.watermark)}</dd>
        </div>
        <div>
          <dt>Rows of state</dt>
          <dd>{count(state.rows)}</dd>
        </div>
        <div>
          <dt>State in memory</dt>
          <dd>
            {bytes(state.memory_bytes)} <span class="quiet">of {bytes(state.budget_bytes)}</span>
          </dd>
        </div>
        <div>
          <dt>State on disk</dt>
          <dd>{bytes(state.disk_bytes)}</dd>
        </div>
      </dl>
      <div class="charts">
        <Chart title="Throughput" unit="records/s" series={[{ name: '', points: seen.rates('records') }]} empty="Measured from the second answer on." />
        <Chart title="Lag by partition" unit="records" series={lags(data, seen)} empty="No partition tells how far it is behind." />
        <Chart title="Watermark behind the clock" unit="" format={span} series={[{ name: '', points: seen.values('delay') }]} />
        <Chart title="Time of commits" unit="" format={span} series={[{ name: '', points: seen.values('commits') }]} empty="Nothing was committed while this page was open." />
        <Chart title="State" unit="" format={bytes} series={[{ name: '', points: seen.values('state') }]} />
      </div>
      <h2>Products</h2>
      <div class="scroll" tabIndex={0} role="region" aria-label="Products of the job">
        <table>
          <thead>
            <tr>
              <th scope="col">Product</th>
              <th scope="col" class="number">Rows</th>
              <th scope="col">Input</th>
              {['In', 'Used', 'Filtered', 'Duplicate', 'Unmatched', 'Rejected', 'Late'].map((title) => (
                <th key={title} scope="col" class="number">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {data.products.flatMap(({ name, version, rows, inputs }) =>
              inputs.map((input, index) => (
                <tr key={`${name} ${input.name}`}>
                  <th scope="row">{index === 0 ? `${name}@${version}` : <span class="quiet">{`${name}@${version}`}</span>}</th>
                  <td class="number">{index === 0 ? count(rows) : ''}</td>
                  <td>{input.name}</td>
                  {[input.in, input.used, input.filtered, input.duplicate, input.unmatched, input.rejected, input.late].map((value, at) => (
                    <td key={at} class="number">
                      {count(value)}
                    </td>
                  ))}
                </tr>
              )),
            )}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Partitions({ data }: { data: JobAnswer }) {
  if (data.partitions.length === 0) return <p>The job tells of no partitions.</p>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Partitions">
      <table>
        <thead>
          <tr>
            <th scope="col">Source</th>
            <th scope="col">Partition</th>
            <th scope="col" class="number">Position</th>
            <th scope="col" class="number">Lag</th>
            <th scope="col">Watermark</th>
          </tr>
        </thead>
        <tbody>
          {data.partitions.map(({ source, partition, position, lag_records: lag, watermark }) => (
            <tr key={partitionName(source, partition)}>
              <th scope="row">{source}</th>
              <td class="value">{partition}</td>
              <td class="number">{position === null ? '' : count(position)}</td>
              <td class="number">{lag === null ? 'not known' : count(lag)}</td>
              <td>{instant(watermark)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
