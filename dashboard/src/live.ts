// What the page knows of the server, and keeps knowing: one loop asks, events make it ask sooner.

import { Away, Refused, get, hasToken, setToken } from './api';
import { listen, pauseFor } from './event_stream';
import { pushed, remember, type Past } from './ring';
import type {
  Change,
  Client,
  Health,
  Key,
  KeyUsage,
  Lease,
  ModelUsage,
  Ports,
  ServerEvent,
  Service,
  Session,
  Stats,
  Traffic,
  User,
} from './types';

export interface Known {
  phase: 'starting' | 'login' | 'in';
  session: Session | null;
  /** Since when the server does not answer, and what it says instead; null while it does. */
  away: { since: number; why: string } | null;
  clients: Client[] | null;
  past: Map<string, Past>;
  traffic: Traffic | null;
  stats: Stats | null;
  health: Health | null;
  ports: Ports | null;
  services: Service[] | null;
  leases: Lease[] | null;
  keys: Key[] | null;
  users: User[] | null;
  logLevel: string | null;
  changes: Change[] | null;
  keyUsage: KeyUsage[];
  modelUsage: ModelUsage[];
  usageFrom: string;
  events: ServerEvent[];
  /** What the server refused to tell, by the name of what was asked. */
  refused: Record<string, string>;
}

export const NOTHING: Known = {
  phase: 'starting',
  session: null,
  away: null,
  clients: null,
  past: new Map(),
  traffic: null,
  stats: null,
  health: null,
  ports: null,
  services: null,
  leases: null,
  keys: null,
  users: null,
  logLevel: null,
  changes: null,
  keyUsage: [],
  modelUsage: [],
  usageFrom: '24h',
  events: [],
  refused: {},
};

export type Group = 'fleet' | 'traffic' | 'services' | 'accounts';

const EVERY_MS: Record<Group, number> = {
  fleet: 3000,
  traffic: 5000,
  services: 5000,
  accounts: 20_000,
};
const GROUPS = Object.keys(EVERY_MS) as Group[];
// With this many clients an answer is large, and is asked for less often.
const MANY_CLIENTS = 200;
const MANY_CLIENTS_MS = 10_000;
const SOONEST_MS = 300;
const MOST_EVENTS = 200;
const LONGEST_PAUSE_MS = 10_000;

/** Which answers an event may have changed. */
export function groupOf(type: string): Group | null {
  switch (type.split('.')[0]) {
    case 'client':
      return 'fleet';
    case 'tunnel':
    case 'lease':
      return 'services';
    case 'key':
    case 'user':
    case 'token':
    case 'log':
      return 'accounts';
    default:
      return null;
  }
}

/** How long to wait before the n-th try (from 1) of a server that does not answer. */
export const retryPause = (tries: number): number =>
  Math.min(1000 * 2 ** (tries - 1), LONGEST_PAUSE_MS);

export class Live {
  known: Known = NOTHING;
  private readonly told = new Set<() => void>();
  private readonly due = new Map<Group, number>();
  private run: AbortController | null = null;
  private wake: AbortController | null = null;

  subscribe(tell: () => void): () => void {
    this.told.add(tell);
    return () => this.told.delete(tell);
  }

  /** Asks who we are, and if we may, everything else from now on. */
  start(): void {
    this.stop();
    const run = new AbortController();
    this.run = run;
    void this.keepAsking(run.signal);
  }

  stop(): void {
    this.run?.abort();
    this.run = null;
  }

  /** Has a group asked for soon. */
  refresh(group: Group): void {
    const soon = Date.now() + SOONEST_MS;
    this.due.set(group, Math.min(this.due.get(group) ?? soon, soon));
    this.wake?.abort();
  }

  setUsageFrom(usageFrom: string): void {
    this.change({ usageFrom });
    this.due.set('accounts', 0);
    this.wake?.abort();
  }

  /** Forgets everything and who we were, after a log out. */
  forget(): void {
    this.stop();
    setToken(null);
    this.known = { ...NOTHING, usageFrom: this.known.usageFrom };
    this.change({ phase: 'login' });
  }

  private change(part: Partial<Known>): void {
    this.known = { ...this.known, ...part };
    for (const tell of this.told) tell();
  }

  private async keepAsking(stop: AbortSignal): Promise<void> {
    let tries = 0;
    let listening = false;
    for (const group of GROUPS) this.due.set(group, 0);
    while (!stop.aborted) {
      let pause = 0;
      try {
        if (this.known.phase !== 'in') await this.enter(stop);
        await this.askWhatIsDue(stop);
        if (stop.aborted) return;
        if (!listening) {
          listening = true;
          void listen(stop, this.known.events.at(-1)?.id, (event) => this.hear(event));
        }
        if (this.known.away) this.change({ away: null });
        tries = 0;
        pause = Math.min(...this.due.values()) - Date.now();
      } catch (problem) {
        if (stop.aborted) return;
        if (problem instanceof Refused && problem.status === 401) {
          // A token that is worth nothing any more shuts out even those who need none.
          const mayNeedNone = hasToken();
          this.forget();
          if (mayNeedNone) this.start();
          return;
        }
        tries += 1;
        pause = retryPause(tries);
        const since = this.known.away?.since ?? Date.now();
        this.change({ away: { since, why: problem instanceof Refused ? problem.message : '' } });
        for (const group of GROUPS) this.due.set(group, 0);
      }
      await this.sleep(pause, stop, tries > 0);
    }
  }

  private async enter(stop: AbortSignal): Promise<void> {
    const session = await get<Session>('/api/session');
    if (!stop.aborted) this.change({ session, phase: 'in' });
  }

  private async sleep(ms: number, stop: AbortSignal, isFirm: boolean): Promise<void> {
    const wake = new AbortController();
    const end = () => wake.abort();
    stop.addEventListener('abort', end);
    this.wake = isFirm ? null : wake;
    await pauseFor(Math.max(ms, 0), wake.signal);
    stop.removeEventListener('abort', end);
    this.wake = null;
  }

  private async askWhatIsDue(stop: AbortSignal): Promise<void> {
    const now = Date.now();
    const groups = GROUPS.filter((group) => (this.due.get(group) ?? 0) <= now);
    const parts = await Promise.all(groups.map((group) => this.askGroup(group)));
    if (stop.aborted) return;
    for (const group of groups) this.due.set(group, Date.now() + this.periodOf(group));
    this.change(Object.assign({}, ...parts) as Partial<Known>);
  }

  private periodOf(group: Group): number {
    const isHeavy = group === 'fleet' && (this.known.clients?.length ?? 0) > MANY_CLIENTS;
    return isHeavy ? MANY_CLIENTS_MS : EVERY_MS[group];
  }

  private async askGroup(group: Group): Promise<Partial<Known>> {
    switch (group) {
      case 'fleet': {
        const [clients, stats] = await Promise.all([
          this.learn<Client[]>('clients', '/api/clients'),
          this.learn<Stats>('stats', '/api/stats'),
        ]);
        return {
          ...(clients && { clients, past: remember(this.known.past, clients) }),
          ...(stats && { stats }),
        };
      }
      case 'traffic': {
        const [traffic, health] = await Promise.all([
          this.learn<Traffic>('traffic', '/api/traffic'),
          this.learn<Health>('health', '/api/health'),
        ]);
        return { ...(traffic && { traffic }), ...(health && { health }) };
      }
      case 'services': {
        const [services, leases, ports] = await Promise.all([
          this.learn<Service[]>('services', '/api/services'),
          this.learn<Lease[]>('leases', '/api/leases'),
          this.known.ports ?? this.learn<Ports>('ports', '/api/ports'),
        ]);
        return {
          ...(services && { services }),
          ...(leases && { leases }),
          ...(ports && { ports }),
        };
      }
      case 'accounts': {
        const from = encodeURIComponent(this.known.usageFrom);
        const [keys, users, log, changes, keyUsage, modelUsage] = await Promise.all([
          this.learn<Key[]>('keys', '/api/keys'),
          this.learn<User[]>('users', '/api/users?details=true'),
          this.learn<{ level: string }>('log-level', '/api/log-level'),
          this.learn<Change[]>('changes', '/api/audit?limit=100'),
          this.learn<KeyUsage[]>('usage', `/api/usage?by=key&from=${from}`),
          this.learn<ModelUsage[]>('usage', `/api/usage?by=model&from=${from}`),
        ]);
        return {
          ...(keys && { keys }),
          ...(users && { users }),
          ...(log && { logLevel: log.level }),
          ...(changes && { changes }),
          ...(keyUsage && { keyUsage }),
          ...(modelUsage && { modelUsage }),
        };
      }
    }
  }

  // A part that is refused (a database that is down, say) must not take the rest of the page along.
  private async learn<T>(name: string, path: string): Promise<T | null> {
    try {
      const answer = await get<T>(path);
      if (name in this.known.refused) {
        const { [name]: _, ...refused } = this.known.refused;
        this.change({ refused });
      }
      return answer;
    } catch (problem) {
      if (problem instanceof Away || !(problem instanceof Refused) || problem.status === 401) {
        throw problem;
      }
      this.change({ refused: { ...this.known.refused, [name]: problem.message } });
      return null;
    }
  }

  private hear(event: ServerEvent): void {
    this.change({ events: pushed(this.known.events, event, MOST_EVENTS) });
    const group = groupOf(event.type);
    if (group) this.refresh(group);
    if (event.type === 'lag') for (const each of GROUPS) this.refresh(each);
  }
}
