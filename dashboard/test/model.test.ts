import assert from 'node:assert/strict';
import test from 'node:test';
import { pathOf } from '../src/api';
import { matching, stateOf, whereModelsAre } from '../src/fleet_math';
import { groupOf, retryPause } from '../src/live';
import { wishOf } from '../src/make_key';
import { pushed, remember } from '../src/ring';
import { reloadedText } from '../src/server';
import { firstLanguage, isWord, sayIn, WORDS } from '../src/texts';
import { errorShare, isQuiet, lastMinute, rates } from '../src/traffic_math';
import type { Client, Sample, User } from '../src/types';
import { changesOf } from '../src/users';

const client = (id: string, more: Partial<Client> = {}): Client => ({
  client_id: id,
  system_info: {
    cpu_usage: 1,
    memory_usage: 2,
    disk_usage: 3,
    last_heartbeat: '',
    heartbeat_seconds_ago: 1,
  },
  connected_at: '',
  user: 'me@example.com',
  address: '',
  computer_name: null,
  inflight: 0,
  max_inflight: null,
  weight: 1,
  draining: false,
  set_aside: false,
  requests: 0,
  models: [],
  ...more,
});

const sample = (more: Partial<Sample>): Sample => ({
  at: '',
  requests: 0,
  errors: 0,
  bytes_in: 0,
  bytes_out: 0,
  p50_ms: null,
  p99_ms: null,
  inflight: 0,
  active_clients: 0,
  ...more,
});

test('how a client is: what was decided comes before what is measured', () => {
  const silent = { ...client('a').system_info!, heartbeat_seconds_ago: 60 };
  assert.equal(stateOf(client('a')), 'ready');
  assert.equal(stateOf(client('a', { system_info: null })), 'fresh');
  assert.equal(stateOf(client('a', { system_info: silent })), 'stale');
  assert.equal(
    stateOf(client('a', { system_info: { ...silent, heartbeat_seconds_ago: 59 } })),
    'ready',
  );
  assert.equal(stateOf(client('a', { system_info: silent, set_aside: true })), 'setAside');
  assert.equal(stateOf(client('a', { set_aside: true, draining: true })), 'draining');
});

test('a filter looks at ids, machines, users and models, and sorts by number', () => {
  const clients = [
    client('box-10', { models: ['Llama3'] }),
    client('box-9', { computer_name: 'attic' }),
    client('box-1', { user: 'you@example.com' }),
  ];
  const ids = (text: string) => matching(clients, text).map((each) => each.client_id);
  assert.deepEqual(ids(''), ['box-1', 'box-9', 'box-10']);
  assert.deepEqual(ids(' LLAMA'), ['box-10']);
  assert.deepEqual(ids('attic'), ['box-9']);
  assert.deepEqual(ids('you@'), ['box-1']);
  assert.deepEqual(ids('nobody'), []);
});

test('where models are', () => {
  const clients = [client('a', { models: ['x', 'y'] }), client('b', { models: ['x'] })];
  assert.deepEqual(whereModelsAre(clients), [
    ['x', ['a', 'b']],
    ['y', ['a']],
  ]);
});

test('the past is bounded, and forgets who left', () => {
  assert.deepEqual(pushed([1, 2, 3], 4, 3), [2, 3, 4]);
  let past = remember(new Map(), [
    client('a', { inflight: 1 }),
    client('b', { system_info: null }),
  ]);
  assert.deepEqual(past.get('b'), { cpu: [null], inflight: [0] });
  for (let i = 0; i < 100; i += 1) past = remember(past, [client('a', { inflight: i })]);
  assert.deepEqual([...past.keys()], ['a']);
  assert.equal(past.get('a')?.inflight.length, 60);
  assert.equal(past.get('a')?.inflight.at(-1), 99);
});

test('what the samples come to', () => {
  const samples = Array.from({ length: 20 }, (_, i) =>
    sample({ requests: 10, errors: i < 8 ? 5 : 1 }),
  );
  const minute = lastMinute({ interval_seconds: 5, samples });
  assert.equal(minute.length, 12);
  assert.equal(errorShare(minute), 10);
  assert.equal(errorShare([]), 0);
  assert.deepEqual(
    rates({ interval_seconds: 5, samples: minute.slice(0, 2) }, (s) => s.requests),
    [2, 2],
  );
  assert.ok(isQuiet([sample({})]) && !isQuiet([sample({ bytes_out: 1 })]));
});

test('an event has the right part asked for again', () => {
  assert.deepEqual(
    ['client.came', 'tunnel.closed', 'lease.released', 'key.made', 'user.removed', 'log.level'].map(
      groupOf,
    ),
    ['fleet', 'services', 'services', 'accounts', 'accounts', 'accounts'],
  );
});

test('only what was changed of a user is asked for, one by one', () => {
  const user: User = { id: '1', email: 'a@b.c', role: 'client', ports: 'any', created: '' };
  const form = (role: string, ports: string) => {
    const fields = new FormData();
    fields.set('role', role);
    fields.set('ports', ports);
    return fields;
  };
  assert.deepEqual(changesOf(user, form('client', ' any ')), []);
  assert.deepEqual(changesOf(user, form('admin', '')), [{ role: 'admin' }]);
  assert.deepEqual(changesOf(user, form('viewer', '9000-9099')), [
    { role: 'viewer' },
    { ports: '9000-9099' },
  ]);
});

test('what a reload did is said', () => {
  const say = sayIn('en');
  assert.equal(reloadedText({ applied: [], needs_restart: [] }, say), 'Nothing has changed.');
  assert.equal(
    reloadedText({ applied: ['a', 'b'], needs_restart: ['c'] }, say),
    'In effect now: a, b. After the next start: c.',
  );
});

test('tries become rarer, but not rarer than every ten seconds', () => {
  assert.deepEqual([1, 2, 3, 4, 5, 50].map(retryPause), [1000, 2000, 4000, 8000, 10_000, 10_000]);
});

test('a name cannot leave its place in a path', () => {
  assert.equal(
    pathOf('clients', '../keys/a b?x#y', '/drain'),
    '/api/clients/..%2Fkeys%2Fa%20b%3Fx%23y/drain',
  );
});

test('a wish for a key holds what was filled in, and nothing else', () => {
  const form = new FormData();
  for (const [name, value] of [
    ['name', ' laptop '],
    ['rpm', '60'],
    ['models', 'a, b,,'],
    ['user', ''],
  ]) {
    form.set(name!, value!);
  }
  assert.deepEqual(wishOf(form), { name: 'laptop', rpm: 60, models: ['a', 'b'] });
});

test('the language is what was chosen, else what the browser speaks, else English', () => {
  assert.equal(firstLanguage('zh', ['en-GB']), 'zh');
  assert.equal(firstLanguage('tlh', ['de', 'zh-TW', 'en']), 'zh');
  assert.equal(firstLanguage(null, ['de', 'fr']), 'en');
  assert.equal(firstLanguage(null, []), 'en');
});

test('words are filled in, and both languages fill in the same', () => {
  assert.equal(sayIn('en')('drainTitle', { name: '$& {x}' }), 'Drain $& {x}?');
  assert.equal(sayIn('zh')('drainTitle', { name: 'a' }), '排空 a？');
  assert.ok(isWord('client.came') && !isWord('toString') && !isWord('client.exploded'));
  const holes = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();
  assert.ok(WORDS.length > 100);
  for (const word of WORDS) {
    assert.deepEqual(holes(sayIn('zh')(word)), holes(sayIn('en')(word)), word);
  }
});
