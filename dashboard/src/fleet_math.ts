// How a client is, in one word, and which clients a filter leaves.

import type { Client } from './types';

export type ClientState = 'ready' | 'draining' | 'setAside' | 'stale' | 'fresh';

const STALE_SECONDS = 60;
const byName = new Intl.Collator('en', { numeric: true });

export function stateOf(client: Client): ClientState {
  if (client.draining) return 'draining';
  if (client.set_aside) return 'setAside';
  if (!client.system_info) return 'fresh';
  return client.system_info.heartbeat_seconds_ago >= STALE_SECONDS ? 'stale' : 'ready';
}

/** Those whose id, machine, user or model holds `text`, in the order of their ids. */
export function matching(clients: readonly Client[], text: string): Client[] {
  const wanted = text.trim().toLowerCase();
  const texts = (each: Client) => [
    each.client_id,
    each.computer_name ?? '',
    each.user,
    ...each.models,
  ];
  return clients
    .filter((each) => texts(each).some((one) => one.toLowerCase().includes(wanted)))
    .sort((a, b) => byName.compare(a.client_id, b.client_id));
}

/** Model names, each with the ids of the clients that have it; in order. */
export function whereModelsAre(clients: readonly Client[]): [string, string[]][] {
  const where = new Map<string, string[]>();
  for (const client of clients) {
    for (const model of client.models) {
      const ids = where.get(model);
      if (ids) ids.push(client.client_id);
      else where.set(model, [client.client_id]);
    }
  }
  return [...where].sort(([a], [b]) => byName.compare(a, b));
}
