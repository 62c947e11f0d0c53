import assert from 'node:assert/strict';
import test from 'node:test';
import { across, areaPath, largest, lastOf, linePath, scale } from '../src/chart_math';

test('a scale ends at a round number and never below the largest value', () => {
  const cases: [number, number, number[]][] = [
    [0, 1, [0, 1]],
    [NaN, 1, [0, 1]],
    [3, 3, [0, 1, 2, 3]],
    [133, 150, [0, 50, 100, 150]],
    [1000, 1000, [0, 500, 1000]],
    [0.07, 0.075, [0, 0.025, 0.05, 0.075]],
  ];
  for (const [most, top, ticks] of cases) {
    const found = scale(most);
    assert.ok(Math.abs(found.top - top) < 1e-9, `${most}: ${found.top}`);
    assert.deepEqual(
      found.ticks.map((tick) => Math.round(tick * 1e6) / 1e6),
      ticks,
    );
  }
  for (let most = 0.001; most < 1e9; most *= 1.37) {
    const found = scale(most);
    assert.ok(found.top >= most && found.ticks.length <= 4, `${most}`);
  }
});

test('a line is drawn from left to right, with gaps', () => {
  assert.equal(linePath([0, 5, 10], 10, 100, 20), 'M0 20L50 10L100 0');
  assert.equal(linePath([1, null, 1, 2], 2, 30, 10), 'M0 5M20 5L30 0');
  assert.equal(linePath([], 1, 10, 10), '');
  assert.equal(linePath([99], 10, 100, 20), 'M100 0', 'what is too large stays inside');
});

test('an area closes each piece for itself', () => {
  assert.equal(areaPath([0, 10], 10, 100, 20), 'M0 20L100 0L100 20L0 20Z');
  assert.equal(areaPath([10, null, 10], 10, 100, 20), 'M0 0L0 20L0 20ZM100 0L100 20L100 20Z');
  assert.equal(areaPath([null, null], 1, 10, 10), '');
});

test('the largest of all lines, and nothing without any', () => {
  assert.equal(largest([[1, null, 3], [2]]), 3);
  assert.equal(largest([[null], []]), 0);
});

test('the last values stand at the right', () => {
  assert.deepEqual(lastOf([1, 2], 4), [null, null, 1, 2]);
  assert.deepEqual(lastOf([1, 2, 3], 2), [2, 3]);
  assert.equal(across(0, 1, 50), 50);
});
