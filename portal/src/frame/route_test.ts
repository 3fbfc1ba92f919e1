import assert from 'node:assert/strict';
import test from 'node:test';
import { problemOf, sentence } from '../api/problem';
import { ways } from '../views/product/snippets';
import { parseRoute, toFind, toLineage, toProduct } from './route';

test('a link leads where it says', () => {
  assert.deepEqual(parseRoute(toFind({ q: 'a&b', domain: '' })), { view: 'find', query: { q: 'a&b' } });
  assert.deepEqual(parseRoute(toProduct('shop.order@2', 'rows')), { view: 'product', product: 'shop.order@2', section: 'rows' });
  assert.deepEqual(parseRoute(toLineage('shop.order', { field: 'window.start' })), {
    view: 'lineage',
    focus: 'shop.order',
    query: { field: 'window.start' },
  });
  assert.deepEqual(parseRoute(''), { view: 'find', query: {} });
  assert.deepEqual(parseRoute('#/product'), { view: 'unknown', path: '/product' });
  assert.equal(parseRoute('#/product/%E0%A4').view, 'product');
});

test('a problem is a sentence', () => {
  assert.equal(problemOf(400, 'application/problem+json', '{"title":"wrong query","detail":"`a` has no field `b`"}').message, '`a` has no field `b`.');
  assert.equal(problemOf(500, 'application/json', '{broken').message, 'The server has answered 500.');
  assert.equal(problemOf(404, 'text/html', '<html>').message, 'The server does not have this.');
  assert.equal(problemOf(503, 'text/plain', 'the job ends').message, 'The job ends.');
  assert.equal(sentence('what?'), 'What?');
});

test('what is pasted names product, version and address', () => {
  const all = ways({ product: 'shop.order', version: 2, origin: 'http://127.0.0.1:8733', key: ['id'], token: false });
  const text = (name: string) => all.find((way) => way.name === name)!.text;
  assert.match(text('curl'), /^curl 'http:\/\/127\.0\.0\.1:8733\/v1\/products\/shop\.order@2\/rows\?limit=10'/);
  assert.match(text('DuckDB'), /select \* from shop\."order@2"/);
  assert.equal(text('Braid'), 'use shop.order version 2');
  assert.match(text('Terminal'), /--at 127\.0\.0\.1:8733$/);
  assert.doesNotMatch(all.map((way) => way.text).join(), /Bearer|TOKEN/);
  const asked = ways({ product: 'shop.order', version: 2, origin: 'https://braid.example', key: [], token: true });
  for (const name of ['curl', 'Python', 'DuckDB']) assert.match(asked.find((way) => way.name === name)!.text, /Authorization/);
});
