// The keys that let visitors in, and what was done with them.

import { useState } from 'preact/hooks';
import { ask, pathOf } from './api';
import { usePage } from './context';
import { ago, count, day, moment } from './format';
import { MakeKey } from './make_key';
import { Choice, Empty, Loading, Section } from './section';
import type { Key, KeyUsage } from './types';
import type { Say } from './texts';
import { RANGES } from './usage_range';

export function Keys() {
  const { known, say, mayAct, live } = usePage();
  const [isMaking, setMaking] = useState(false);
  const [withEnded, setWithEnded] = useState(false);
  const keys = known.keys ?? [];
  const shown = keys.filter((key) => withEnded || key.status === 'active');
  return (
    <Section
      id="keys"
      title="keys"
      shows={['keys', 'usage']}
      tools={
        <>
          <Choice
            label={say('usageOf')}
            value={known.usageFrom}
            choose={(from) => live.setUsageFrom(from)}
            options={RANGES.map(([value, word]) => ({ value, label: say(word) }))}
          />
          {mayAct && (
            <button type="button" class="primary" onClick={() => setMaking(true)}>
              {say('makeKey')}
            </button>
          )}
        </>
      }
    >
      {!known.keys && !known.refused['keys'] && <Loading />}
      {known.keys && shown.length === 0 && (
        <Empty text={say(keys.length === 0 ? 'noKeys' : 'noActiveKeys')}>
          <p class="quiet">{say('noKeysHint')}</p>
        </Empty>
      )}
      {shown.length > 0 && <KeyTable keys={shown} />}
      {keys.some((key) => key.status !== 'active') && (
        <label class="check">
          <input
            type="checkbox"
            checked={withEnded}
            onChange={(e) => setWithEnded(e.currentTarget.checked)}
          />
          {say('showEnded')}
        </label>
      )}
      {isMaking && <MakeKey close={() => setMaking(false)} />}
    </Section>
  );
}

function KeyTable({ keys }: { keys: Key[] }) {
  const { known, say, mayAct } = usePage();
  const usage = new Map(known.keyUsage.map((each) => [each.key_id, each]));
  const most = Math.max(1, ...known.keyUsage.map((each) => each.requests));
  return (
    <table class="card">
      <caption class="hidden">{say('keys')}</caption>
      <thead>
        <tr>
          <th scope="col">{say('name')}</th>
          <th scope="col">{say('status')}</th>
          <th scope="col">{say('limits')}</th>
          <th scope="col" class="wide">
            {say('requests')}
          </th>
          <th scope="col" class="number">
            {say('tokens')}
          </th>
          <th scope="col">{say('lastUsed')}</th>
          {mayAct && (
            <th scope="col">
              <span class="hidden">{say('revoke')}</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => (
          <KeyRow key={key.id} of={key} used={usage.get(key.id)} most={most} />
        ))}
      </tbody>
    </table>
  );
}

function KeyRow({ of, used, most }: { of: Key; used: KeyUsage | undefined; most: number }) {
  const { say, language, now, mayAct } = usePage();
  const requests = used?.requests ?? 0;
  const tokens = (used?.prompt_tokens ?? 0) + (used?.completion_tokens ?? 0);
  const tone = of.status === 'active' ? 'good' : of.status === 'expired' ? 'warn' : 'calm';
  return (
    <tr>
      <th scope="row">
        {of.name}
        {of.owner && <span class="quiet block">{of.owner}</span>}
      </th>
      <td data-label={say('status')}>
        <span class={`pill ${tone}`}>
          <span class="dot" aria-hidden="true" />
          {say(of.status)}
        </span>
        {of.expires && of.status === 'active' && (
          <span class="quiet block">{say('expiresIn', { time: day(of.expires, language) })}</span>
        )}
      </td>
      <td data-label={say('limits')}>{limitsOf(of, say)}</td>
      <td data-label={say('requests')}>
        <span class="share">
          <span class="track" aria-hidden="true">
            <span style={{ width: `${(100 * requests) / most}%` }} />
          </span>
          <span class="number">{count(requests, language)}</span>
        </span>
        {used !== undefined && used.errors > 0 && (
          <span class="quiet block">
            {say('errors')}: {count(used.errors, language)}
          </span>
        )}
      </td>
      <td class="number" data-label={say('tokens')}>
        {count(tokens, language)}
      </td>
      <td data-label={say('lastUsed')} title={moment(of.last_used, language)}>
        {of.last_used ? ago(of.last_used, now, language) : say('never')}
      </td>
      {mayAct && <td class="act">{of.status === 'active' && <Revoke of={of} />}</td>}
    </tr>
  );
}

function limitsOf({ limits }: Key, say: Say): string {
  const parts = [
    limits.rpm !== null && say('perMinute', { n: limits.rpm }),
    limits.max_inflight !== null && say('atOnce', { n: limits.max_inflight }),
    limits.models?.join(', '),
    limits.clients?.join(', '),
  ];
  return parts.filter(Boolean).join(' · ') || say('noLimits');
}

function Revoke({ of }: { of: Key }) {
  const { say, confirm, live, tell } = usePage();
  const { id, name } = of;
  const revoke = () =>
    confirm({
      title: say('revokeTitle', { name }),
      text: say('revokeText'),
      answer: say('revoke'),
      isDangerous: true,
      act: async () => {
        await ask('DELETE', pathOf('keys', id));
        live.refresh('accounts');
        tell(say('revokedNow', { name }));
      },
    });
  return (
    <button type="button" class="risky" aria-label={say('revokeNamed', { name })} onClick={revoke}>
      {say('revoke')}
    </button>
  );
}
