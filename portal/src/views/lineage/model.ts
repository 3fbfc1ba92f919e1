/** Lineage as the page draws it: relations with fields, and what is made of what. */

export interface GraphField {
  name: string;
  type: string;
  labels: string[];
  /** For whom it is masked or by what, as a sentence; absent if it is not. */
  mask?: string | undefined;
}

export interface GraphNode {
  id: string;
  kind: string;
  domain: string;
  status: string;
  fields: GraphField[];
}

export interface GraphEdge {
  from: string;
  fromField: string;
  to: string;
  /** Empty: the source decides which rows there are. */
  toField: string;
  kind: string;
  masked: boolean;
}

export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

export type Direction = 'up' | 'down' | 'both';

/** One line between two relations for all edges between them. */
export interface Link {
  from: string;
  to: string;
  /** It is made of its values; otherwise the source only decides which rows there are. */
  values: boolean;
  masked: boolean;
}

export const place = (node: string, field: string) => `${node}\n${field}`;

/** Values of kinds that OpenLineage calls direct. */
export const isValue = (kind: string) => kind === 'IDENTITY' || kind === 'TRANSFORMATION' || kind === 'AGGREGATION';

export function links(edges: GraphEdge[]): Link[] {
  const found = new Map<string, Link>();
  for (const { from, to, kind, masked } of edges) {
    if (from === to) continue;
    const key = place(from, to);
    const link = found.get(key) ?? { from, to, values: false, masked: false };
    link.values ||= isValue(kind);
    link.masked ||= masked;
    found.set(key, link);
  }
  return [...found.values()];
}

/** The relations above or below one, with it. */
export function reach(lines: { from: string; to: string }[], start: string, direction: Direction): Set<string> {
  const seen = new Set([start]);
  const walk = (here: 'from' | 'to', there: 'from' | 'to') => {
    const next = new Map<string, string[]>();
    for (const line of lines) next.set(line[here], [...(next.get(line[here]) ?? []), line[there]]);
    const waiting = [start];
    const passed = new Set(waiting);
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      for (const other of next.get(node) ?? []) {
        if (passed.has(other)) continue;
        passed.add(other);
        seen.add(other);
        waiting.push(other);
      }
    }
  };
  if (direction !== 'down') walk('to', 'from');
  if (direction !== 'up') walk('from', 'to');
  return seen;
}

/** The part of a graph about one relation; the whole one without it. */
export function about(graph: Graph, focus: string, direction: Direction): Graph {
  if (focus === '') return graph;
  const kept = reach(graph.edges, focus, direction);
  return {
    nodes: graph.nodes.filter(({ id }) => kept.has(id)),
    edges: graph.edges.filter(({ from, to }) => kept.has(from) && kept.has(to)),
  };
}

/**
 * The part of a graph about one field: fields that it is made of, those that are made of it, and the edges between. With
 * `influences` also what decides about it: of its value, and of the rows of its relation.
 */
export function aboutField(graph: Graph, node: string, field: string, direction: Direction, influences: boolean): Graph {
  const used = new Set<GraphEdge>();
  const fields = new Set([place(node, field)]);
  const walk = (up: boolean) => {
    const waiting = [{ node, field }];
    const passed = new Set([place(node, field)]);
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      for (const edge of graph.edges) {
        const near = up ? { node: edge.to, field: edge.toField } : { node: edge.from, field: edge.fromField };
        const far = up ? { node: edge.from, field: edge.fromField } : { node: edge.to, field: edge.toField };
        const rows = edge.toField === '';
        const meets = near.node === at.node && (near.field === at.field || (up && rows && influences));
        if (!meets || (!isValue(edge.kind) && !influences)) continue;
        used.add(edge);
        if (far.field === '') continue;
        const key = place(far.node, far.field);
        fields.add(key);
        // What decides about a value is shown, but not what decides about that in turn: all would be in it.
        if (passed.has(key) || !isValue(edge.kind)) continue;
        passed.add(key);
        waiting.push(far);
      }
    }
  };
  if (direction !== 'down') walk(true);
  if (direction !== 'up') walk(false);
  const ends = new Set([...used].flatMap(({ from, to }) => [from, to]).concat(node));
  return {
    nodes: graph.nodes
      .filter(({ id }) => ends.has(id))
      .map((one) => ({ ...one, fields: one.fields.filter(({ name }) => fields.has(place(one.id, name))) })),
    edges: [...used],
  };
}

/** What a field, or a relation, is made of or goes into directly, one line each. */
export function neighbours(graph: Graph, node: string, field: string, up: boolean): GraphEdge[] {
  return graph.edges.filter((edge) => {
    if (up) return edge.to === node && (field === '' || edge.toField === field);
    return edge.from === node && (field === '' || edge.fromField === field);
  });
}
