// The frames that the parts of the page share.

import type { ComponentChildren } from 'preact';
import { usePage } from './context';
import type { Word } from './texts';

interface SectionProps {
  id: string;
  title: Word;
  note?: ComponentChildren;
  tools?: ComponentChildren;
  /** Which answers this shows; what the server refuses of them is said. */
  shows?: string[];
  children: ComponentChildren;
}

export function Section({ id, title, note, tools, shows = [], children }: SectionProps) {
  const { say, known } = usePage();
  const why = shows.map((name) => known.refused[name]).find((text) => text !== undefined);
  return (
    <section id={id} aria-labelledby={`${id}-title`} class="section">
      <div class="section-head">
        <h2 id={`${id}-title`}>{say(title)}</h2>
        {note !== undefined && <span class="note">{note}</span>}
        {tools && <div class="tools">{tools}</div>}
      </div>
      {why !== undefined && (
        <p class="notice bad" role="alert">
          {say('refusedPart', { why })}
        </p>
      )}
      {children}
    </section>
  );
}

export function Empty({ text, children }: { text: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p>{text}</p>
      {children}
    </div>
  );
}

/** A list that is still asked for, so that nothing jumps when it comes. */
export const Loading = () => <div class="loading" aria-hidden="true" />;

interface Option<T extends string> {
  value: T;
  label: string;
}

/** A few choices of which one holds. */
export function Choice<T extends string>(props: {
  label: string;
  options: Option<T>[];
  value: T;
  choose: (value: T) => void;
}) {
  return (
    <div class="choice" role="group" aria-label={props.label}>
      {props.options.map(({ value, label }) => (
        <button
          key={value}
          type="button"
          aria-pressed={value === props.value}
          onClick={() => props.choose(value)}
        >
          {label}
        </button>
      ))}
    </div>
  );
}
