import assert from 'node:assert/strict';
import test from 'node:test';
import { choices, found, queryOf, score, toggled, wantedOf, type Entry } from './search';

const entry = (id: string, more: Partial<Entry> = {}): Entry => ({
  id,
  domain: id.split('.')[0]!,
  status: 'ok',
  labels: [],
  owner: '',
  doc: '',
  fields: [],
  ...more,
});
const all = [
  entry('shop.order@2', { fields: ['id', 'email'], labels: ['pii'], status: 'at risk', doc: 'What was bought.' }),
  entry('shop.return@1', { doc: 'An order that came back.' }),
  entry('crm.letter@1', { owner: 'crm@shop.example', labels: ['pii'] }),
];
const ids = (entries: Entry[]) => entries.map(({ id }) => id);
const none = wantedOf({});

test('a name counts more than a text', () => {
  assert.deepEqual(ids(found(all, { ...none, text: 'order' })), ['shop.order@2', 'shop.return@1']);
});

test('each word must be somewhere', () => {
  assert.deepEqual(ids(found(all, { ...none, text: 'ORDER email' })), ['shop.order@2']);
  assert.equal(score(all[0]!, 'order nothing'), 0);
});

test('fields, owners and labels are searched', () => {
  assert.deepEqual(ids(found(all, { ...none, text: 'emai' })), ['shop.order@2']);
  assert.deepEqual(ids(found(all, { ...none, text: 'crm@' })), ['crm.letter@1']);
  assert.deepEqual(ids(found(all, { ...none, text: '#pii' })), ['crm.letter@1', 'shop.order@2']);
});

test('of one facet any value will do, of several each', () => {
  const shopOrCrm = toggled(toggled(none, 'domain', 'shop'), 'domain', 'crm');
  assert.equal(found(all, shopOrCrm).length, 3);
  assert.deepEqual(ids(found(all, toggled(shopOrCrm, 'status', 'at risk'))), ['shop.order@2']);
  assert.equal(found(all, toggled(toggled(shopOrCrm, 'domain', 'shop'), 'domain', 'crm')).length, 3);
});

test('a choice tells how many it would give beside the other facets', () => {
  const wanted = toggled(none, 'label', 'pii');
  assert.deepEqual(choices(all, wanted, 'domain'), [{ value: 'crm', count: 1 }, { value: 'shop', count: 1 }]);
  // Its own facet does not narrow it.
  assert.deepEqual(choices(all, wanted, 'label'), [{ value: 'pii', count: 2 }]);
});

test('what is wanted goes through the address', () => {
  const wanted = { text: 'a b', domain: ['shop', 'crm'], status: ['at risk'], label: [] };
  assert.deepEqual(wantedOf(queryOf(wanted)), wanted);
});
