// Server-Sent Events over fetch, because EventSource cannot send a token.

import { credentials } from './api';
import type { ServerEvent } from './types';

/** One message of the stream, as the HTML standard (9.2.6) cuts it. */
export interface Message {
  id: string;
  event: string;
  data: string;
}

// Far beyond what the server sends; a line without an end must not fill the memory.
const LONGEST_MESSAGE = 1 << 20;

/** Cuts a stream of text, however it is split, into messages. */
export class MessageReader {
  private rest = '';
  private data: string[] = [];
  private event = '';
  private id = '';

  push(text: string): Message[] {
    const found: Message[] = [];
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    if (this.rest.length > LONGEST_MESSAGE) throw new Error('a message without an end');
    for (const line of lines) {
      const message = this.take(line.endsWith('\r') ? line.slice(0, -1) : line);
      if (message) found.push(message);
    }
    return found;
  }

  private take(line: string): Message | null {
    if (line === '') return this.finish();
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') this.data.push(value);
    else if (field === 'event') this.event = value;
    else if (field === 'id') this.id = value;
    return null;
  }

  private finish(): Message | null {
    const message = { id: this.id, event: this.event, data: this.data.join('\n') };
    const isEmpty = this.data.length === 0;
    this.data = [];
    this.event = '';
    return isEmpty ? null : message;
  }
}

/** The event that a message carries, or null if it is none. */
export function toEvent(message: Message): ServerEvent | null {
  try {
    const { at, type, ...fields } = JSON.parse(message.data) as Record<string, unknown>;
    if (typeof at !== 'string') return null;
    const name = typeof type === 'string' ? type : message.event;
    return { id: Number(message.id) || 0, at, type: name, fields };
  } catch {
    return null;
  }
}

const SHORTEST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15_000;

/**
 * Listens until `stop` is signalled, and comes back by itself after each end, from the event it
 * heard last; at first from what followed the one with the id `since`, if any.
 */
export async function listen(
  stop: AbortSignal,
  since: number | undefined,
  heard: (event: ServerEvent) => void,
): Promise<void> {
  let last = since === undefined ? '' : String(since);
  let pause = SHORTEST_PAUSE_MS;
  while (!stop.aborted) {
    try {
      const headers = { ...credentials(), ...(last === '' ? {} : { 'Last-Event-ID': last }) };
      const response = await fetch('/api/events', {
        headers: { Accept: 'text/event-stream', ...headers },
        cache: 'no-store',
        credentials: 'omit',
        signal: stop,
      });
      if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
      pause = SHORTEST_PAUSE_MS;
      const reader = response.body.getReader();
      const decoder = new TextDecoder();
      const messages = new MessageReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        for (const message of messages.push(decoder.decode(part.value, { stream: true }))) {
          last = message.id || last;
          const event = toEvent(message);
          if (event) heard(event);
        }
      }
    } catch {
      // The server is away or ends the stream; the next try tells.
    }
    if (!stop.aborted) await pauseFor(pause, stop);
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }
}

/** Waits, or less when `stop` is signalled. */
export function pauseFor(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      stop.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    stop.addEventListener('abort', done);
  });
}
