import assert from 'node:assert/strict';
import test from 'node:test';
import type { Box, Wire } from './layout';
import { fit, show, step, zoom } from './steps';

const box = (id: string, x: number, y: number): Box => ({
  node: { id, kind: 'product', domain: '', status: '', fields: [] },
  x,
  y,
  width: 100,
  height: 40,
});
const wire = (from: string, to: string): Wire => ({ from, to, fromField: '', toField: '', values: true, masked: false, points: [] });
const boxes = [box('a', 0, 0), box('b', 0, 100), box('c', 200, 90), box('d', 400, 0)];
const wires = [wire('a', 'c'), wire('b', 'c'), wire('c', 'd')];

test('left and right follow lines, to the nearest box', () => {
  assert.equal(step(boxes, wires, 'c', 'ArrowLeft'), 'b');
  assert.equal(step(boxes, wires, 'c', 'ArrowRight'), 'd');
  assert.equal(step(boxes, wires, 'd', 'ArrowRight'), undefined);
});

test('up and down go to the box above or below', () => {
  assert.equal(step(boxes, wires, 'a', 'ArrowDown'), 'b');
  assert.equal(step(boxes, wires, 'b', 'ArrowUp'), 'a');
  assert.equal(step(boxes, wires, 'a', 'ArrowUp'), undefined);
});

test('all of a drawing fits into the window, and none is made larger', () => {
  const camera = fit(1000, 500, 524, 524);
  assert.equal(camera.scale, 0.5);
  assert.deepEqual(fit(100, 100, 500, 500), { scale: 1, x: 200, y: 200 });
});

test('what is under the pointer stays there', () => {
  const camera = zoom({ x: 10, y: 20, scale: 1 }, 2, 110, 120);
  assert.deepEqual(camera, { scale: 2, x: -90, y: -80 });
  assert.equal(zoom(camera, 100, 0, 0).scale, 3);
});

test('a box outside comes into the window', () => {
  const camera = show({ x: 0, y: 0, scale: 1 }, box('far', 900, -200), 500, 300);
  assert.deepEqual(camera, { scale: 1, x: -520, y: 220 });
  assert.deepEqual(show({ x: 0, y: 0, scale: 1 }, box('near', 100, 100), 500, 300), { scale: 1, x: 0, y: 0 });
});
