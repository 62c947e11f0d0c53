// What happens, as it happens; and who changed what.

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { usePage } from './context';
import { detailsOf, toneOf } from './event_text';
import { clock, count, moment } from './format';
import { Choice, Empty, Section } from './section';
import { isWord } from './texts';
import type { ServerEvent } from './types';

type View = 'events' | 'changes';

export function EventLog() {
  const { known, say, language } = usePage();
  const [view, setView] = useState<View>('events');
  const [text, setText] = useState('');
  const [held, setHeld] = useState<ServerEvent[] | null>(null);
  const newest = held?.at(-1)?.id ?? 0;
  const missed = held ? known.events.filter((each) => each.id > newest).length : 0;
  const wanted = text.trim().toLowerCase();
  return (
    <Section
      id="log"
      title="log"
      note={held ? say('held', { n: count(missed, language) }) : undefined}
      shows={['changes']}
      tools={
        <>
          <Choice
            label={say('log')}
            value={view}
            choose={setView}
            options={[
              { value: 'events', label: say('happening') },
              { value: 'changes', label: say('changes') },
            ]}
          />
          <label class="search">
            <span class="hidden">{say('filter')}</span>
            <input
              type="search"
              placeholder={say('filter')}
              value={text}
              onInput={(e) => setText(e.currentTarget.value)}
            />
          </label>
          {view === 'events' && (
            <button
              type="button"
              aria-pressed={held !== null}
              onClick={() => setHeld(held ? null : known.events)}
            >
              {say(held ? 'resume' : 'pause')}
            </button>
          )}
        </>
      }
    >
      {view === 'events' ? (
        <Events events={held ?? known.events} wanted={wanted} />
      ) : (
        <Changes wanted={wanted} />
      )}
    </Section>
  );
}

function Events({ events, wanted }: { events: ServerEvent[]; wanted: string }) {
  const { say, language } = usePage();
  const named = (event: ServerEvent) => (isWord(event.type) ? say(event.type) : event.type);
  const shown = events
    .filter((each) =>
      `${each.type} ${named(each)} ${detailsOf(each)}`.toLowerCase().includes(wanted),
    )
    .reverse();
  return (
    <>
      {shown.length === 0 && <Empty text={say(events.length === 0 ? 'noEvents' : 'noEventsOf')} />}
      <div
        class={shown.length === 0 ? 'events' : 'events card'}
        role="log"
        aria-live="polite"
        aria-label={say('log')}
        tabIndex={shown.length === 0 ? -1 : 0}
      >
        <ol>
          {shown.map((event) => (
            <Entry
              key={event.id}
              at={event.at}
              when={clock(event.at, language)}
              tone={toneOf(event.type)}
              name={named(event)}
            >
              {detailsOf(event)}
            </Entry>
          ))}
        </ol>
      </div>
    </>
  );
}

function Changes({ wanted }: { wanted: string }) {
  const { known, say, language } = usePage();
  const all = known.changes ?? [];
  const shown = all.filter((each) =>
    `${each.action} ${each.what} ${each.who} ${each.from}`.toLowerCase().includes(wanted),
  );
  if (shown.length === 0) {
    return <Empty text={say(all.length === 0 ? 'noChanges' : 'noEventsOf')} />;
  }
  return (
    <div class="events card" role="group" aria-label={say('changes')} tabIndex={0}>
      <ol>
        {shown.map(({ id, at, who, from, action, what, outcome }) => (
          <Entry
            key={id}
            at={at}
            when={moment(at, language)}
            tone={outcome === 'done' ? 'good' : 'bad'}
            name={action}
          >
            <b>{what}</b>{' '}
            <span class="quiet">
              {who} · {from} · {outcome === 'done' ? say('done') : outcome}
            </span>
          </Entry>
        ))}
      </ol>
    </div>
  );
}

interface EntryProps {
  at: string;
  /** The same for people. */
  when: string;
  tone: string;
  name: string;
  children: ComponentChildren;
}

function Entry({ at, when, tone, name, children }: EntryProps) {
  const { language } = usePage();
  return (
    <li>
      <time dateTime={at} title={moment(at, language)}>
        {when}
      </time>
      <span class={`pill ${tone}`}>{name}</span>
      <span class="about">{children}</span>
    </li>
  );
}
