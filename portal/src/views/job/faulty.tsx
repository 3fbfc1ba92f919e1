import { useEffect, useState } from 'preact/hooks';
import { paths } from '../../api/paths';
import type { Fault, Faults, JobAnswer } from '../../api/types';
import { useLoad } from '../../api/use_load';
import { Badge } from '../../parts/badge';
import { count, instant } from '../../parts/format';
import { Await, withCode } from '../../parts/said';

/** Records that the job could not use: why, where in the script, and what their bytes are. */
export function Faulty({ data }: { data: JobAnswer }) {
  const [product, setProduct] = useState('');
  const [port, setPort] = useState('');
  const [reason, setReason] = useState('');
  const [after, setAfter] = useState('');
  useEffect(() => setAfter(''), [product, port, reason]);
  const faults = useLoad<Faults>(paths.faults({ product, port, reason, after }), after === '' ? 4_000 : 0);
  return (
    <Await what={faults}>
      {({ rows, next, counts }) => (
        <>
          <form class="bar" onSubmit={(event) => event.preventDefault()}>
            <Choice name="Product" value={product} values={data.products.map(({ name, version }) => `${name}@${version}`)} onChange={setProduct} />
            <Choice name="Kind" value={port} values={['rejected', 'late', 'unmatched', 'alerts']} onChange={setPort} />
            <Choice name="Reason" value={reason} values={[...new Set([...counts.map((one) => one.reason), ...(reason === '' ? [] : [reason])])]} onChange={setReason} />
          </form>
          {counts.length > 0 && (
            <ul class="reasons" aria-label="Reasons">
              {counts.map((one) => (
                <li key={`${one.product} ${one.port} ${one.reason}`}>
                  <strong>{count(one.count)}</strong> {one.port}: {withCode(one.reason)} <span class="quiet">{one.product}</span>
                </li>
              ))}
            </ul>
          )}
          {rows.length === 0 ? (
            <p>No such record.</p>
          ) : (
            <ul class="hits">
              {rows.map((fault, index) => (
                <One key={index} fault={fault} />
              ))}
            </ul>
          )}
          <div class="buttons">
            {after !== '' && (
              <button type="button" class="plain" onClick={() => setAfter('')}>
                From the beginning
              </button>
            )}
            {next !== null && (
              <button type="button" class="plain" onClick={() => setAfter(next)}>
                More
              </button>
            )}
          </div>
        </>
      )}
    </Await>
  );
}

function Choice({ name, value, values, onChange }: { name: string; value: string; values: string[]; onChange: (value: string) => void }) {
  return (
    <label>
      {name}
      <select aria-label={name} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">all</option>
        {values.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    </label>
  );
}

function One({ fault }: { fault: Fault }) {
  const { product, port, at, code, reason, origin, script, bytes, row } = fault;
  const where = [
    origin !== null && `${origin.source}${origin.partition === '' ? '' : `, ${origin.partition}`}, ${origin.line > 0 ? `line ${origin.line}` : `position ${origin.position}`}`,
    script !== null && `script ${script.file}:${script.line}`,
    at !== null && instant(at),
  ].filter((part) => part !== false);
  return (
    <li>
      <p>
        <Badge state={port} /> {code !== null && <code>{code}</code>} {withCode(reason)}
      </p>
      <p class="quiet small">
        {product}
        {where.length > 0 && `, from ${where.join(', ')}`}
      </p>
      {(bytes !== null || row !== null) && (
        <details>
          <summary>{bytes !== null ? 'Its bytes' : 'Its row'}</summary>
          <pre tabIndex={0} aria-label="The record">
            <code>{bytes ?? JSON.stringify(row, null, 2)}</code>
          </pre>
        </details>
      )}
    </li>
  );
}
