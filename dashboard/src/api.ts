// Asks the server. The token of a login stays in this tab and ends with it.

const TOKEN = 'frpx-token';
const PATIENCE_MS = 10_000;

/** What the server refused, in its own words. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** The server did not answer at all, or with something that is not the API's. */
export class Away extends Error {}

export function setToken(token: string | null): void {
  if (token === null) sessionStorage.removeItem(TOKEN);
  else sessionStorage.setItem(TOKEN, token);
}

/** The headers that say who asks. */
export function credentials(): Record<string, string> {
  const token = sessionStorage.getItem(TOKEN);
  return token === null ? {} : { Authorization: `Bearer ${token}` };
}

export const hasToken = (): boolean => sessionStorage.getItem(TOKEN) !== null;

interface Envelope {
  success: boolean;
  data: unknown;
  message: string;
}

async function readEnvelope(response: Response): Promise<Envelope> {
  try {
    return (await response.json()) as Envelope;
  } catch {
    throw new Away(`HTTP ${response.status}`);
  }
}

/** One request to the API; `data` of its envelope, or throws Refused or Away. */
export async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE_MS);
  try {
    const response = await fetch(path, {
      method,
      headers: {
        ...credentials(),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      cache: 'no-store',
      credentials: 'omit',
      signal: patience.signal,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const envelope = await readEnvelope(response);
    if (!response.ok || !envelope.success) throw new Refused(response.status, envelope.message);
    return envelope.data as T;
  } catch (problem) {
    if (problem instanceof Refused || problem instanceof Away) throw problem;
    throw new Away(String(problem));
  } finally {
    clearTimeout(timer);
  }
}

export const get = <T>(path: string): Promise<T> => ask<T>('GET', path);

/** The path of one thing, whatever its name holds. */
export const pathOf = (collection: string, name: string | number, action = ''): string =>
  `/api/${collection}/${encodeURIComponent(name)}${action}`;
