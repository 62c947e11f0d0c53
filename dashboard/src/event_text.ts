// An event in words.

import type { ServerEvent } from './types';

const FIRST = ['client_id', 'service', 'kind', 'outer_port', 'name', 'user', 'account', 'level'];

/**
 * What an event is about: first the names that people look for, then the rest as `name=value`, and
 * of what is true or false only what is true.
 */
export function detailsOf({ fields }: ServerEvent): string {
  const others = Object.keys(fields).filter((name) => !FIRST.includes(name));
  return [
    ...FIRST.map((name) => plain(fields[name])),
    ...others.map((name) => {
      const value = plain(fields[name]);
      if (fields[name] === true) return name;
      return value === '' ? '' : `${name}=${value}`;
    }),
  ]
    .filter((part) => part !== '')
    .join(' · ');
}

function plain(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || value === true ? String(value) : '';
}

/** How serious it is, as the page's colours say it. */
export function toneOf(type: string): string {
  if (/\.(came|opened|made)$/.test(type)) return 'good';
  if (/\.(left|revoked|removed|closed|released)$/.test(type)) return 'bad';
  return type === 'lag' || type === 'server.draining' ? 'warn' : 'calm';
}
