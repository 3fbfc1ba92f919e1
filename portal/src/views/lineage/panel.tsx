import { Label } from '../../parts/badge';
import { toProduct } from '../../frame/route';
import type { Selection } from './canvas';
import { isValue, neighbours, type Graph, type GraphEdge } from './model';

interface PanelProps {
  graph: Graph;
  selection: Selection;
  onSelect: (selection: Selection) => void;
  onOpen: (node: string, field: string) => void;
}

/** In words what the graph shows of the selected relation or field: all of it can be read and reached without the picture. */
export function Panel({ graph, selection, onSelect, onOpen }: PanelProps) {
  const node = graph.nodes.find(({ id }) => id === selection.node);
  if (node === undefined) {
    return (
      <aside class="panel" aria-label="Selection">
        <p class="quiet">Select a relation to see what it is made of.</p>
      </aside>
    );
  }
  const field = node.fields.find(({ name }) => name === selection.field);
  const end = (name: string, part: string) => (part === '' ? name : `${name}.${part}`);
  const list = (title: string, edges: GraphEdge[], up: boolean) => (
    <>
      <h3>{title}</h3>
      {edges.length === 0 ? (
        <p class="quiet">Nothing that is known here.</p>
      ) : (
        <ul class="ends">
          {edges.map((edge) => {
            const [other, part] = up ? [edge.from, edge.fromField] : [edge.to, edge.toField];
            return (
              <li key={`${other} ${part} ${edge.kind} ${edge.fromField} ${edge.toField}`}>
                <button type="button" class="link" onClick={() => onSelect({ node: other, field: part })}>
                  {end(other, part)}
                </button>{' '}
                <span class="quiet small">
                  {edge.kind.toLowerCase().replace('_', ' ')}
                  {edge.masked && ', masked'}
                  {selection.field === '' && up && edge.toField !== '' && ` → ${edge.toField}`}
                  {selection.field === '' && !up && ` from ${edge.fromField}`}
                </span>
              </li>
            );
          })}
        </ul>
      )}
    </>
  );
  const above = neighbours(graph, node.id, selection.field, true);
  const below = neighbours(graph, node.id, selection.field, false);
  return (
    <aside class="panel" aria-label="Selection" aria-live="polite">
      <h2>{end(node.id, selection.field)}</h2>
      <p class="quiet">{field === undefined ? node.kind : `${field.type}, a field of ${node.id}`}</p>
      {field?.mask !== undefined && <p>Masked: {field.mask}</p>}
      {field !== undefined && field.labels.map((label) => <Label key={label} name={label} />)}
      <div class="buttons">
        <button type="button" class="plain" onClick={() => onOpen(node.id, selection.field)}>
          Show what is about it alone
        </button>
        {node.kind === 'product' && <a href={toProduct(node.id)}>The product</a>}
      </div>
      {list('Made of', above.filter(({ kind }) => isValue(kind)), true)}
      {list('Which rows there are', above.filter(({ kind }) => !isValue(kind)), true)}
      {list('Goes into', below, false)}
      {field === undefined ? (
        <>
          <h3>Fields</h3>
          <ul class="ends">
            {node.fields.map(({ name, type, mask, labels }) => (
              <li key={name}>
                <button type="button" class="link" onClick={() => onSelect({ node: node.id, field: name })}>
                  {name}
                </button>{' '}
                <span class="quiet small">
                  {type}
                  {mask !== undefined && ', masked'}
                  {labels.map((label) => ` #${label.replace(/^#/, '')}`)}
                </span>
              </li>
            ))}
          </ul>
        </>
      ) : (
        <p>
          <button type="button" class="link" onClick={() => onSelect({ node: node.id, field: '' })}>
            All of {node.id}
          </button>
        </p>
      )}
    </aside>
  );
}
