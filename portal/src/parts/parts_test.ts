import assert from 'node:assert/strict';
import test from 'node:test';
import { bytes, cell, fromNow, instant, percent, short, span } from './format';
import { Recorder } from './rates';
import { line, nearest, range, ticks } from './scale';

test('numbers, sizes and spans are short', () => {
  assert.deepEqual([0, 950, 1234, 1_234_567, -2_000].map(short), ['0', '950', '1.23 k', '1.23 M', '-2 k']);
  assert.deepEqual([100, 2048, 5 * 2 ** 20].map(bytes), ['100 B', '2 KiB', '5 MiB']);
  assert.deepEqual([5, 1500, 65_000, 3_600_000, 90_000_000, -65_000].map(span), ['5 ms', '1.5 s', '1 min 5 s', '1 h', '1 d 1 h', '-1 min 5 s']);
  assert.deepEqual([0, 0.005, 0.254, 0.9996, 1].map(percent), ['0 %', '0.5 %', '25.4 %', '100 %', '100 %']);
});

test('instants are shown in UTC, and how far they are', () => {
  assert.equal(instant('2026-03-01T12:00:05.25Z'), '2026-03-01 12:00:05');
  assert.equal(instant(null), 'none yet');
  const now = Date.parse('2026-03-01T00:00:00Z');
  assert.equal(fromNow('2026-03-22T00:00:00Z', now), 'in 21 d');
  assert.equal(fromNow('2026-02-28T23:00:00Z', now), '1 h ago');
});

test('values of rows are one line', () => {
  assert.deepEqual([null, 'a', 1.5, true, { a: [1] }].map(cell), ['null', 'a', '1.5', 'true', '{"a":[1]}']);
});

test('ticks are round and inside', () => {
  assert.deepEqual(ticks(0, 100, 4), [0, 50, 100]);
  assert.deepEqual(ticks(0, 0.9, 4), [0, 0.5]);
  assert.deepEqual(ticks(5, 5, 4), [5]);
});

test('a range begins at zero and is never empty', () => {
  assert.deepEqual(range([0, 0]), [0, 1]);
  assert.deepEqual(range([100]), [0, 108]);
  assert.equal(range([-10, 10])[0], -10);
});

test('a line breaks at a gap', () => {
  const points = [{ at: 0, value: 1 }, { at: 1, value: 2 }, { at: 9, value: 3 }];
  assert.equal(line(points, (x) => x, (y) => y, 5), 'M0.0 1.0L1.0 2.0M9.0 3.0');
  assert.equal(nearest(points, 6)!.at, 9);
});

test('rates are changes of counters, and survive a new start', () => {
  const seen = new Recorder(10_000);
  seen.note('n', 0, 100);
  seen.note('n', 2000, 300);
  seen.note('n', 2000, 999);
  seen.note('n', 3000, 50);
  assert.deepEqual(seen.rates('n'), [{ at: 2000, value: 100 }, { at: 3000, value: 50 }]);
  seen.note('n', 12_500, 60);
  assert.deepEqual(seen.values('n').map(({ at }) => at), [3000, 12_500]);
});
