import ELK, { type ElkNode } from 'elkjs/lib/elk-api';
import { links, place, type Graph, type GraphNode } from './model';

export interface Box {
  node: GraphNode;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Wire {
  from: string;
  to: string;
  fromField: string;
  toField: string;
  values: boolean;
  masked: boolean;
  points: { x: number; y: number }[];
}

export interface Drawing {
  boxes: Box[];
  wires: Wire[];
  width: number;
  height: number;
}

export const HEAD = 44;
export const ROW = 22;
const LETTER = 7.8;
const SMALL_LETTER = 6.4;
const MOST_LETTERS = 34;

const OPTIONS: Record<string, string> = {
  'elk.algorithm': 'layered',
  'elk.direction': 'RIGHT',
  'elk.edgeRouting': 'POLYLINE',
  'elk.layered.spacing.nodeNodeBetweenLayers': '70',
  'elk.spacing.nodeNode': '22',
  'elk.spacing.componentComponent': '50',
  'elk.layered.mergeEdges': 'true',
};

let engine: InstanceType<typeof ELK> | undefined;

/** A text that is no longer than what a box has room for. */
export function fitted(text: string): string {
  return text.length <= MOST_LETTERS ? text : `${text.slice(0, MOST_LETTERS - 1)}…`;
}

export function widthOf(node: GraphNode, withFields: boolean): number {
  const texts = [node.id, ...(withFields ? node.fields.map(({ name, mask }) => `${name}${mask === undefined ? '' : ' masked'}`) : [])];
  const letters = Math.max(...texts.map((text) => Math.min(text.length, MOST_LETTERS)));
  return Math.max(120, Math.round(letters * LETTER + 28), Math.round(underName(node).length * SMALL_LETTER + 24));
}

/** The small line below the name: what it is, how it stands, how much of it is masked. */
export function underName({ kind, status, fields }: GraphNode): string {
  const masked = fields.filter(({ mask }) => mask !== undefined).length;
  return [kind, ...(status === '' || status === 'nothing is watched' ? [] : [status]), ...(masked > 0 ? [`${masked} masked`] : [])].join(' · ');
}

/** What the layout engine is given. With fields each has a place on both sides of its box, where its lines end. */
export function problemFor(graph: Graph, withFields: boolean): ElkNode {
  const side = (id: string, x: number, y: number, where: string) => ({
    id,
    x,
    y,
    width: 0,
    height: 0,
    layoutOptions: { 'elk.port.side': where },
  });
  const children = graph.nodes.map((node) => {
    const width = widthOf(node, withFields);
    const rows = withFields ? node.fields : [];
    return {
      id: node.id,
      width,
      height: HEAD + rows.length * ROW + (rows.length > 0 ? 6 : 0),
      ...(withFields && {
        layoutOptions: { 'elk.portConstraints': 'FIXED_POS' },
        ports: ['', ...rows.map(({ name }) => name)].flatMap((name, index) => {
          const y = index === 0 ? HEAD / 2 : HEAD + (index - 0.5) * ROW;
          return [side(`in\n${place(node.id, name)}`, 0, y, 'WEST'), side(`out\n${place(node.id, name)}`, width, y, 'EAST')];
        }),
      }),
    };
  });
  const edges = withFields
    ? graph.edges.map((edge, index) => ({
        id: String(index),
        sources: [`out\n${place(edge.from, edge.fromField)}`],
        targets: [`in\n${place(edge.to, edge.toField)}`],
      }))
    : links(graph.edges).map((link, index) => ({ id: String(index), sources: [link.from], targets: [link.to] }));
  return { id: 'graph', layoutOptions: OPTIONS, children, edges };
}

/** Where everything stands. The work is done by a worker; of several graphs the last one that was asked for counts. */
export async function layOut(graph: Graph, withFields: boolean): Promise<Drawing> {
  engine ??= new ELK({ workerUrl: new URL('elk-worker.js', document.baseURI).href });
  const lines = withFields
    ? graph.edges.map((edge) => ({ ...edge, values: edge.toField !== '' }))
    : links(graph.edges).map((link) => ({ ...link, fromField: '', toField: '' }));
  const done = await engine.layout(problemFor(graph, withFields));
  const byId = new Map(graph.nodes.map((node) => [node.id, node]));
  return {
    boxes: (done.children ?? []).map(({ id, x = 0, y = 0, width = 0, height = 0 }) => ({ node: byId.get(id)!, x, y, width, height })),
    wires: (done.edges ?? []).map((edge) => {
      const { from, to, fromField, toField, values, masked } = lines[Number(edge.id)]!;
      const section = edge.sections?.[0];
      const points = section === undefined ? [] : [section.startPoint, ...(section.bendPoints ?? []), section.endPoint];
      return { from, to, fromField, toField, values, masked, points };
    }),
    width: done.width ?? 0,
    height: done.height ?? 0,
  };
}
