import assert from 'node:assert/strict';
import test from 'node:test';
import {
  ago,
  bytes,
  clock,
  count,
  lasting,
  milliseconds,
  moment,
  percent,
  rate,
} from '../src/format';

test('counts', () => {
  assert.deepEqual(
    [0, 7, 1234, 9999, 12_345, 1_200_000].map((n) => count(n, 'en')),
    ['0', '7', '1,234', '9,999', '12.3K', '1.2M'],
  );
  assert.equal(count(12_345, 'zh'), '1.2万');
  assert.deepEqual(
    [0, 0.25, 12.34, 100.4].map((n) => rate(n, 'en')),
    ['0', '0.3', '12.3', '100'],
  );
});

test('shares', () => {
  assert.deepEqual(
    [0, 0.04, 5.25, 99.6].map((n) => percent(n, 'en')),
    ['0%', '0%', '5.3%', '100%'],
  );
});

test('sizes go by thousands, and never show four digits', () => {
  const cases: [number, string][] = [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 kB'],
    [1234, '1.2 kB'],
    [9960, '10 kB'],
    [999_499, '999 kB'],
    [999_500, '1 MB'],
    [5e12, '5 TB'],
  ];
  for (const [value, text] of cases) assert.equal(bytes(value, 'en'), text);
});

test('times', () => {
  assert.deepEqual(
    [null, 0.42, 12.4, 999, 1234].map((n) => milliseconds(n, 'en')),
    ['–', '0.4 ms', '12 ms', '999 ms', '1.2 s'],
  );
  const then = '2026-11-20T09:00:00.000042Z';
  const at = Date.parse(then);
  assert.equal(ago(then, at + 12_000, 'en'), '12s ago');
  assert.equal(ago(then, at + 3_600_000, 'zh'), '1小时前');
  assert.equal(ago(then, at - 5000, 'en'), '0s ago', 'clocks differ a little');
  assert.equal(ago(null, at, 'en'), '–');
  assert.equal(ago('nonsense', at, 'en'), '–');
  assert.equal(lasting(93_784, 'en'), '1 day');
  assert.equal(lasting(59, 'en'), '59 sec');
});

test('what is no time is a dash or nothing', () => {
  assert.equal(clock('nonsense', 'en'), '–');
  assert.equal(moment(null, 'en'), '');
  assert.match(clock('2026-11-20T09:00:00Z', 'en'), /^\d\d:\d\d:\d\d$/);
});
