import { useEffect, useMemo, useState } from 'preact/hooks';
import { paths } from '../api/paths';
import type { LineageAnswer } from '../api/types';
import { useLoad } from '../api/use_load';
import { toLineage } from '../frame/route';
import { Await } from '../parts/said';
import { Canvas, type Selection } from './lineage/canvas';
import { layOut, type Drawing } from './lineage/layout';
import { about, aboutField, type Direction, type Graph } from './lineage/model';
import { Panel } from './lineage/panel';

/** The graph of an answer. */
function graphOf(answer: LineageAnswer): Graph {
  return {
    nodes: answer.relations.map(({ name, kind, domain, status, fields }) => ({
      id: name,
      kind,
      domain,
      status,
      fields: fields.map(({ mask, ...field }) => ({ ...field, mask: mask ?? undefined })),
    })),
    edges: answer.edges.map(({ from, to, kind, masked }) => ({
      from: from.relation,
      fromField: from.field,
      to: to.relation,
      toField: to.field ?? '',
      kind,
      masked,
    })),
  };
}

/** What is made of what: of all relations, of one, or of one field. */
export function Lineage({ focus, query }: { focus: string; query: Record<string, string> }) {
  const lineage = useLoad<LineageAnswer>(paths.lineage);
  const graph = useMemo(() => lineage.data && graphOf(lineage.data), [lineage.data]);
  return (
    <>
      <h1>Lineage</h1>
      <Await what={lineage}>{() => graph && <View graph={graph} focus={focus} query={query} />}</Await>
    </>
  );
}

const DIRECTIONS: [Direction, string][] = [
  ['both', 'Up and down'],
  ['up', 'Up: what it is made of'],
  ['down', 'Down: what is made of it'],
];

function View({ graph, focus: wanted, query }: { graph: Graph; focus: string; query: Record<string, string> }) {
  const focus = graph.nodes.some(({ id }) => id === wanted) ? wanted : '';
  const field = query.field ?? '';
  const byColumn = field !== '' || query.by === 'column';
  const direction = DIRECTIONS.find(([name]) => name === query.direction)?.[0] ?? 'both';
  const influences = query.rows === 'yes';
  const [selection, setSelection] = useState<Selection>({ node: focus, field });
  const [drawing, setDrawing] = useState<Drawing>();
  const [failed, setFailed] = useState('');
  useEffect(() => setSelection({ node: focus, field }), [focus, field]);

  const part = useMemo(
    () => (focus !== '' && field !== '' ? aboutField(graph, focus, field, direction, influences) : about(graph, focus, direction)),
    [graph, focus, field, direction, influences],
  );
  const drawn = useMemo(
    () => (byColumn && !influences ? { ...part, edges: part.edges.filter(({ toField }) => toField !== '') } : part),
    [part, byColumn, influences],
  );
  useEffect(() => {
    let current = true;
    setFailed('');
    layOut(drawn, byColumn).then(
      (done) => current && setDrawing(done),
      (error: unknown) => current && setFailed(String(error)),
    );
    return () => {
      current = false;
    };
  }, [drawn, byColumn]);

  const go = (node: string, changes: Record<string, string>) => {
    location.hash = toLineage(node, { ...query, ...changes });
  };
  return (
    <>
      <form class="bar" onSubmit={(event) => event.preventDefault()}>
        <label>
          About
          <select aria-label="About" value={focus} onChange={(event) => go(event.currentTarget.value, { field: '' })}>
            <option value="">everything</option>
            {graph.nodes.map(({ id }) => (
              <option key={id} value={id}>
                {id}
              </option>
            ))}
          </select>
        </label>
        <label>
          Field
          <select aria-label="Field" value={field} disabled={focus === ''} onChange={(event) => go(focus, { field: event.currentTarget.value })}>
            <option value="">all</option>
            {graph.nodes
              .find(({ id }) => id === focus)
              ?.fields.map(({ name }) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
          </select>
        </label>
        <label>
          Direction
          <select aria-label="Direction" value={direction} disabled={focus === ''} onChange={(event) => go(focus, { direction: event.currentTarget.value })}>
            {DIRECTIONS.map(([name, title]) => (
              <option key={name} value={name}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={byColumn}
            disabled={field !== ''}
            onChange={(event) => go(focus, { by: event.currentTarget.checked ? 'column' : '' })}
          />{' '}
          By column
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={influences || !byColumn}
            disabled={!byColumn}
            onChange={(event) => go(focus, { rows: event.currentTarget.checked ? 'yes' : '' })}
          />{' '}
          What decides which rows there are
        </label>
      </form>
      {wanted !== '' && focus === '' && (
        <p role="alert">
          <code>{wanted}</code> is not in this lineage. All of it is shown.
        </p>
      )}
      {failed !== '' && <p role="alert">The graph cannot be laid out: {failed}</p>}
      <div class="lineage">
        {drawing === undefined ? (
          <p role="status" class="quiet">
            Laying out the graph…
          </p>
        ) : (
          <Canvas
            drawing={drawing}
            withFields={byColumn}
            focus={focus}
            selection={selection}
            onSelect={setSelection}
            onOpen={(node) => go(node, { field: '' })}
          />
        )}
        <Panel graph={graph} selection={selection} onSelect={setSelection} onOpen={(node, name) => go(node, { field: name })} />
      </div>
    </>
  );
}
