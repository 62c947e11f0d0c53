// The six figures that say how things are.

import type { ComponentChildren } from 'preact';
import { Spark } from './chart';
import type { Values } from './chart_math';
import { usePage } from './context';
import { bytes, count, milliseconds, percent, rate } from './format';
import { Section } from './section';
import { errorShare, lastMinute, rates } from './traffic_math';
import type { Word } from './texts';

interface TileProps {
  word: Word;
  value: ComponentChildren;
  note: string;
  values: Values;
  tone?: string;
}

function Tile({ word, value, note, values, tone = 'one' }: TileProps) {
  const { say } = usePage();
  return (
    <div class="card tile">
      <dt>{say(word)}</dt>
      <dd>
        <span class="figure">{value}</span>
        <span class="quiet">{note}</span>
      </dd>
      <Spark values={values} tone={tone} />
    </div>
  );
}

const NO_TRAFFIC = { interval_seconds: 5, samples: [] };

export function Overview() {
  const { known, say, language } = usePage();
  const traffic = known.traffic ?? NO_TRAFFIC;
  const { samples } = traffic;
  const last = samples.at(-1);
  const requests = rates(traffic, (each) => each.requests);
  const out = rates(traffic, (each) => each.bytes_out);
  const share = errorShare(lastMinute(traffic));
  const clients = known.clients ?? [];
  const inflight = clients.reduce((total, client) => total + client.inflight, 0);
  const busy = clients.filter((client) => client.inflight > 0).length;
  return (
    <Section id="overview" title="overview" shows={['stats', 'traffic', 'health']}>
      <dl class="tiles">
        <Tile
          word="activeClients"
          value={count(known.stats?.active_clients ?? clients.length, language)}
          note={say('ofFleet', { busy: count(busy, language) })}
          values={samples.map((each) => each.active_clients)}
        />
        <Tile
          word="requestRate"
          value={
            <>
              {rate(requests.at(-1) ?? 0, language)}
              <small>{say('perSecond')}</small>
            </>
          }
          note={say('totalSince', { n: count(known.stats?.total_connections ?? 0, language) })}
          values={requests}
        />
        <Tile
          word="errorsNow"
          value={percent(share, language)}
          note={say('ofRequests')}
          values={rates(traffic, (each) => each.errors)}
          tone={share > 0 ? 'bad' : 'one'}
        />
        <Tile
          word="latency"
          value={milliseconds(last?.p50_ms ?? null, language)}
          note={say('latencyOf', { p99: milliseconds(last?.p99_ms ?? null, language) })}
          values={samples.map((each) => each.p50_ms)}
          tone="two"
        />
        <Tile
          word="inflight"
          value={count(inflight, language)}
          note={say('waiting', { n: count(known.stats?.waiting_requests ?? 0, language) })}
          values={samples.map((each) => each.inflight)}
        />
        <Tile
          word="bandwidth"
          value={
            <>
              {bytes(out.at(-1) ?? 0, language)}
              <small>{say('perSecond')}</small>
            </>
          }
          note={say('received', {
            n: bytes(rates(traffic, (each) => each.bytes_in).at(-1) ?? 0, language),
          })}
          values={out}
          tone="three"
        />
      </dl>
    </Section>
  );
}
