// The clients: how each is, what it does, and what can be done with it.

import { useMemo, useState } from 'preact/hooks';
import { ask, pathOf } from './api';
import { Spark } from './chart';
import { usePage } from './context';
import { matching, stateOf, type ClientState } from './fleet_math';
import { ago, count, moment, percent } from './format';
import { Empty, Loading, Section } from './section';
import type { Client } from './types';
import type { Word } from './texts';

const FIRST = 24;
const NONE: Client[] = [];

const TONE: Record<ClientState, string> = {
  ready: 'good',
  draining: 'warn',
  setAside: 'bad',
  stale: 'bad',
  fresh: 'calm',
};

const HINT: Partial<Record<ClientState, Word>> = {
  draining: 'drainingHint',
  setAside: 'setAsideHint',
  stale: 'staleHint',
  fresh: 'freshHint',
};

export function Fleet() {
  const { known, say, language } = usePage();
  const [text, setText] = useState('');
  const [isWhole, setWhole] = useState(false);
  const clients = known.clients ?? NONE;
  const found = useMemo(() => matching(clients, text), [clients, text]);
  const shown = isWhole ? found : found.slice(0, FIRST);
  return (
    <Section
      id="fleet"
      title="fleet"
      note={known.clients ? count(clients.length, language) : undefined}
      shows={['clients']}
      tools={
        clients.length > 1 && (
          <label class="search">
            <span class="hidden">{say('filterClients')}</span>
            <input
              type="search"
              placeholder={say('filterClients')}
              value={text}
              onInput={(e) => setText(e.currentTarget.value)}
            />
          </label>
        )
      }
    >
      {!known.clients && <Loading />}
      {known.clients?.length === 0 && (
        <Empty text={say('noClients')}>
          <p class="quiet">{say('noClientsHint')}</p>
          <code>frpc -s {location.hostname} -c my-machine --local-port 11434</code>
        </Empty>
      )}
      {clients.length > 0 && found.length === 0 && <Empty text={say('noMatch', { text })} />}
      <ul class="fleet">
        {shown.map((client) => (
          <ClientCard key={client.client_id} client={client} />
        ))}
      </ul>
      {found.length > shown.length && (
        <button type="button" class="wide" onClick={() => setWhole(true)}>
          {say('showAll', { n: count(found.length, language) })}
        </button>
      )}
    </Section>
  );
}

function ClientCard({ client }: { client: Client }) {
  const { say, language, now, mayAct, known } = usePage();
  const state = stateOf(client);
  const hint = HINT[state];
  const system = client.system_info;
  const past = known.past.get(client.client_id);
  const titleId = `client-${client.client_id}`;
  return (
    <li class="card client" aria-labelledby={titleId}>
      <div class="client-head">
        <h3 id={titleId} title={client.client_id}>
          {client.client_id}
        </h3>
        <span class={`pill ${TONE[state]}`} title={hint && say(hint)}>
          <span class="dot" aria-hidden="true" />
          {say(state)}
        </span>
      </div>
      <p class="quiet one-line">
        {[client.computer_name, client.address, client.user].filter(Boolean).join(' · ')}
      </p>
      {system ? (
        <div class="meters">
          <Meter label={say('memory')} value={system.memory_usage} />
          <Meter label={say('disk')} value={system.disk_usage} />
        </div>
      ) : (
        <p class="meters none">{say('noReport')}</p>
      )}
      <div class="work">
        <p>
          <span class="figure">{count(client.inflight, language)}</span>
          {client.max_inflight !== null && (
            <span class="quiet"> / {count(client.max_inflight, language)}</span>
          )}
          <span class="quiet label">{say('inflight')}</span>
        </p>
        <Spark
          values={past?.inflight ?? []}
          top={Math.max(client.max_inflight ?? 0, ...(past?.inflight ?? []), 1)}
        />
        <p>
          <span class="figure">{system ? percent(system.cpu_usage, language) : '–'}</span>
          <span class="quiet label">{say('cpu')}</span>
        </p>
        <Spark values={past?.cpu ?? []} top={105} tone="two" />
      </div>
      <Chips names={client.models} none={say('noModels')} />
      <p class="quiet facts">
        <span title={moment(client.connected_at, language)}>
          {say('since', { time: ago(client.connected_at, now, language) })}
        </span>
        {system && (
          <span title={moment(system.last_heartbeat, language)}>
            {say('heard', { time: ago(system.last_heartbeat, now, language) })}
          </span>
        )}
        <span>{say('served', { n: count(client.requests, language) })}</span>
        {client.weight !== 1 && <span>{say('weight', { n: client.weight })}</span>}
      </p>
      {mayAct && <ClientActions client={client} />}
    </li>
  );
}

function Meter({ label, value }: { label: string; value: number }) {
  const { language } = usePage();
  const whole = Math.max(0, Math.min(100, value));
  const tone = whole >= 90 ? 'bad' : whole >= 75 ? 'warn' : 'good';
  const text = percent(value, language);
  return (
    <div class="meter">
      <span>{label}</span>
      <span
        class={`track ${tone}`}
        role="meter"
        aria-label={label}
        aria-valuenow={Math.round(whole)}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuetext={text}
      >
        <span style={{ width: `${whole}%` }} />
      </span>
      <span class="number">{text}</span>
    </div>
  );
}

const FIRST_CHIPS = 4;

/** Names side by side, the first few of them at first. */
export function Chips({ names, none }: { names: string[]; none: string }) {
  const { say, language } = usePage();
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? names : names.slice(0, FIRST_CHIPS);
  if (names.length === 0) return <p class="chips quiet">{none}</p>;
  return (
    <ul class="chips">
      {shown.map((name) => (
        <li key={name} title={name}>
          {name}
        </li>
      ))}
      {names.length > shown.length && (
        <li class="more">
          <button
            type="button"
            aria-label={say('showAll', { n: count(names.length, language) })}
            onClick={() => setWhole(true)}
          >
            +{count(names.length - shown.length, language)}
          </button>
        </li>
      )}
    </ul>
  );
}

function ClientActions({ client }: { client: Client }) {
  const { say, confirm, live, tell } = usePage();
  const name = client.client_id;
  const turn = () => {
    const [title, text, answer, done]: [Word, Word, Word, Word] = client.draining
      ? ['undrainTitle', 'undrainText', 'undrain', 'undrained']
      : ['drainTitle', 'drainText', 'drain', 'drained'];
    confirm({
      title: say(title, { name }),
      text: say(text),
      answer: say(answer),
      act: async () => {
        await ask('POST', pathOf('clients', name, client.draining ? '/undrain' : '/drain'));
        live.refresh('fleet');
        tell(say(done, { name }));
      },
    });
  };
  const disconnect = () =>
    confirm({
      title: say('disconnectTitle', { name }),
      text: say('disconnectText'),
      answer: say('disconnect'),
      isDangerous: true,
      act: async () => {
        await ask('DELETE', pathOf('clients', name));
        live.refresh('fleet');
        tell(say('disconnected', { name }));
      },
    });
  return (
    <div class="actions">
      <button
        type="button"
        aria-label={say(client.draining ? 'undrainNamed' : 'drainNamed', { name })}
        onClick={turn}
      >
        {say(client.draining ? 'undrain' : 'drain')}
      </button>
      <button
        type="button"
        class="risky"
        aria-label={say('disconnectNamed', { name })}
        onClick={disconnect}
      >
        {say('disconnect')}
      </button>
    </div>
  );
}
