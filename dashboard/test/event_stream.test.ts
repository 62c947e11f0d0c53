import assert from 'node:assert/strict';
import test from 'node:test';
import { MessageReader, toEvent } from '../src/event_stream';
import { detailsOf, toneOf } from '../src/event_text';

const STREAM =
  ': \n\nid: 7\nevent: client.came\ndata: {"at":"2026-11-20T09:00:00.000042Z",\ndata: "type":"client.came","client_id":"a"}\n\n' +
  'id:8\r\nevent:key.made\r\ndata:{"at":"x"}\r\n\r\nevent: half';

test('a stream is cut into the same messages wherever it is split', () => {
  const whole = new MessageReader().push(STREAM);
  assert.equal(whole.length, 2);
  assert.deepEqual(whole[1], { id: '8', event: 'key.made', data: '{"at":"x"}' });
  for (let cut = 0; cut <= STREAM.length; cut += 1) {
    const reader = new MessageReader();
    const found = [...reader.push(STREAM.slice(0, cut)), ...reader.push(STREAM.slice(cut))];
    assert.deepEqual(found, whole, `cut at ${cut}`);
  }
});

test('a comment is no message, and the id lasts', () => {
  const reader = new MessageReader();
  assert.deepEqual(reader.push(': \n\n: again\n\n'), []);
  reader.push('id: 3\ndata: a\n\n');
  assert.equal(reader.push('data: b\n\n')[0]?.id, '3');
});

test('a message without an end is refused', () => {
  const reader = new MessageReader();
  assert.throws(() => reader.push('x'.repeat((1 << 20) + 1)));
});

test('an event is its time, its type and the rest', () => {
  const [message] = new MessageReader().push(STREAM);
  assert.ok(message);
  assert.deepEqual(toEvent(message), {
    id: 7,
    at: '2026-11-20T09:00:00.000042Z',
    type: 'client.came',
    fields: { client_id: 'a' },
  });
  for (const data of ['', 'nonsense', '[]', '{}', 'null', '{"at":1}']) {
    assert.equal(toEvent({ id: '1', event: 'x', data }), null, data);
  }
});

test('what an event is about, the names first', () => {
  const fields = {
    models: 2,
    client_id: 'a',
    outer_port: 0,
    draining: true,
    set_aside: false,
    none: null,
    deep: {},
    name: '',
  };
  assert.equal(detailsOf({ id: 1, at: '', type: 'x', fields }), 'a · 0 · models=2 · draining');
});

test('good and bad news have their colours', () => {
  assert.deepEqual(
    ['client.came', 'client.left', 'key.revoked', 'lag', 'client.changed', 'odd'].map(toneOf),
    ['good', 'bad', 'bad', 'warn', 'calm', 'calm'],
  );
});
