// What the page remembers of the past: the last so many of something.

/** Adds `item` to the end and forgets from the front what is more than `most`; a new array. */
export function pushed<T>(items: readonly T[], item: T, most: number): T[] {
  return items.length < most ? [...items, item] : [...items.slice(items.length - most + 1), item];
}

/** What a client's small graphs show, oldest first. */
export interface Past {
  cpu: (number | null)[];
  inflight: number[];
}

const MOMENTS = 60;

interface Now {
  client_id: string;
  inflight: number;
  system_info: { cpu_usage: number } | null;
}

/** The past with `now` added; clients that left are forgotten. */
export function remember(past: ReadonlyMap<string, Past>, now: readonly Now[]): Map<string, Past> {
  return new Map(
    now.map((client) => {
      const before = past.get(client.client_id) ?? { cpu: [], inflight: [] };
      return [
        client.client_id,
        {
          cpu: pushed(before.cpu, client.system_info?.cpu_usage ?? null, MOMENTS),
          inflight: pushed(before.inflight, client.inflight, MOMENTS),
        },
      ];
    }),
  );
}
