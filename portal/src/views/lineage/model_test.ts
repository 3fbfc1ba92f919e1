import assert from 'node:assert/strict';
import test from 'node:test';
import { about, aboutField, links, reach, type Graph, type GraphEdge } from './model';

const edge = (from: string, to: string, kind = 'IDENTITY', masked = false): GraphEdge => {
  const [a, b = ''] = from.split('.');
  const [c, d = ''] = to.split('.');
  return { from: a!, fromField: b, to: c!, toField: d, kind, masked };
};
const node = (id: string, fields: string[]) => ({
  id,
  kind: 'product',
  domain: '',
  status: '',
  fields: fields.map((name) => ({ name, type: 'int', labels: [] })),
});
// raw → clean → sum; other → sum decides which rows there are; clean.x → beside
const graph: Graph = {
  nodes: [node('raw', ['x', 'y']), node('clean', ['x', 'y']), node('sum', ['total']), node('other', ['k']), node('beside', ['x'])],
  edges: [
    edge('raw.x', 'clean.x'),
    edge('raw.y', 'clean.y'),
    edge('clean.x', 'sum.total', 'AGGREGATION', true),
    edge('other.k', 'sum', 'JOIN'),
    edge('clean.x', 'beside.x'),
  ],
};
const names = ({ nodes }: Graph) => nodes.map(({ id }) => id).sort();

test('up is what a relation is made of, down what is made of it', () => {
  assert.deepEqual([...reach(graph.edges, 'clean', 'up')].sort(), ['clean', 'raw']);
  assert.deepEqual([...reach(graph.edges, 'clean', 'down')].sort(), ['beside', 'clean', 'sum']);
  // Both: not what its readers have from elsewhere.
  assert.deepEqual(names(about(graph, 'clean', 'both')), ['beside', 'clean', 'raw', 'sum']);
});

test('a circle ends', () => {
  const circle = [edge('a.x', 'b.x'), edge('b.x', 'a.x')];
  assert.deepEqual([...reach(circle, 'a', 'both')].sort(), ['a', 'b']);
});

test('of a field only its own fields are shown', () => {
  const part = aboutField(graph, 'sum', 'total', 'up', false);
  assert.deepEqual(names(part), ['clean', 'raw', 'sum']);
  assert.deepEqual(part.nodes.find(({ id }) => id === 'clean')!.fields.map(({ name }) => name), ['x']);
  assert.equal(part.edges.length, 2);
});

test('what decides which rows there are is shown when it is asked for', () => {
  assert.deepEqual(names(aboutField(graph, 'sum', 'total', 'up', true)), ['clean', 'other', 'raw', 'sum']);
  assert.deepEqual(names(aboutField(graph, 'other', 'k', 'down', false)), ['other']);
  assert.deepEqual(names(aboutField(graph, 'other', 'k', 'down', true)), ['other', 'sum']);
});

test('a field that nothing is known of stands alone', () => {
  assert.deepEqual(names(aboutField(graph, 'raw', 'nothing', 'both', true)), ['raw']);
});

test('between two relations there is one line, with its masks', () => {
  const all = links(graph.edges);
  assert.equal(all.length, 4);
  assert.deepEqual(all.find(({ to, from }) => to === 'sum' && from === 'clean'), { from: 'clean', to: 'sum', values: true, masked: true });
  assert.equal(all.find(({ from }) => from === 'other')!.values, false);
});
