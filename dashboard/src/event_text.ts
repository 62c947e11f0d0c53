// An event in words.

import type { ServerEvent } from './types';

const FIRST = ['client_id', 'name', 'service', 'kind', 'outer_port', 'email', 'id', 'level', 'who'];

/** What an event is about: first the names that people look for, then the rest as `name=value`. */
export function detailsOf(event: ServerEvent): string {
  const known = FIRST.filter((name) => isPlain(event.fields[name]));
  const others = Object.keys(event.fields).filter(
    (name) => !FIRST.includes(name) && isPlain(event.fields[name]),
  );
  return [
    ...known.map((name) => String(event.fields[name])),
    ...others.map((name) => `${name}=${String(event.fields[name])}`),
  ].join(' · ');
}

const isPlain = (value: unknown): boolean =>
  typeof value === 'number' ||
  typeof value === 'boolean' ||
  (typeof value === 'string' && value !== '');

/** How serious it is, as the page's colours say it. */
export function toneOf(type: string): string {
  if (/\.(came|opened|made)$/.test(type)) return 'good';
  if (/\.(left|revoked|removed|closed|released)$/.test(type)) return 'bad';
  return type === 'lag' || type === 'server.draining' ? 'warn' : 'calm';
}
