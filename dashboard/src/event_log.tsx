// What happens, as it happens.

import { useState } from 'preact/hooks';
import { usePage } from './context';
import { detailsOf, toneOf } from './event_text';
import { clock, count, moment } from './format';
import { Empty, Section } from './section';
import { isWord } from './texts';
import type { ServerEvent } from './types';

export function EventLog() {
  const { known, say, language } = usePage();
  const [text, setText] = useState('');
  const [held, setHeld] = useState<ServerEvent[] | null>(null);
  const named = (event: ServerEvent) => (isWord(event.type) ? say(event.type) : event.type);
  const wanted = text.trim().toLowerCase();
  const all = held ?? known.events;
  const shown = all
    .filter((each) =>
      `${each.type} ${named(each)} ${detailsOf(each)}`.toLowerCase().includes(wanted),
    )
    .reverse();
  const newest = held?.at(-1)?.id ?? 0;
  const missed = held ? known.events.filter((each) => each.id > newest).length : 0;
  return (
    <Section
      id="log"
      title="log"
      note={held ? say('held', { n: count(missed, language) }) : undefined}
      tools={
        <>
          <label class="search">
            <span class="hidden">{say('filter')}</span>
            <input
              type="search"
              placeholder={say('filter')}
              value={text}
              onInput={(e) => setText(e.currentTarget.value)}
            />
          </label>
          <button
            type="button"
            aria-pressed={held !== null}
            onClick={() => setHeld(held ? null : known.events)}
          >
            {say(held ? 'resume' : 'pause')}
          </button>
        </>
      }
    >
      {shown.length === 0 && <Empty text={say(all.length === 0 ? 'noEvents' : 'noEventsOf')} />}
      <ol
        class={shown.length === 0 ? 'events' : 'events card'}
        role="log"
        aria-live="polite"
        aria-label={say('log')}
        tabIndex={shown.length === 0 ? -1 : 0}
      >
        {shown.map((event) => (
          <li key={`${event.id} ${event.at}`}>
            <time dateTime={event.at} title={moment(event.at, language)}>
              {clock(event.at, language)}
            </time>
            <span class={`pill ${toneOf(event.type)}`}>{named(event)}</span>
            <span class="about">{detailsOf(event)}</span>
          </li>
        ))}
      </ol>
    </Section>
  );
}
