// The server itself: what its log tells, and its configuration read anew.

import { ask } from './api';
import { usePage } from './context';
import { useAction, Why } from './dialogs';
import { Choice, Loading, Section } from './section';
import { LOG_LEVELS, type Reloaded } from './types';
import type { Say } from './texts';

export function Server() {
  const { known, mayAct } = usePage();
  return (
    <Section
      id="server"
      title="server"
      shows={['log-level']}
      tools={mayAct ? <Reload /> : undefined}
    >
      {known.logLevel ? <LogLevel now={known.logLevel} /> : <Loading />}
    </Section>
  );
}

function LogLevel({ now }: { now: string }) {
  const { say, live, mayAct } = usePage();
  const { why, run } = useAction();
  const choose = (level: string) =>
    void run(async () => {
      await ask('PUT', '/api/log-level', { level });
      live.refresh('accounts');
    });
  return (
    <div class="log-level">
      <span>{say('logLevel')}</span>
      {mayAct ? (
        <Choice
          label={say('logLevel')}
          value={now}
          choose={choose}
          options={LOG_LEVELS.map((level) => ({ value: level as string, label: level }))}
        />
      ) : (
        <span class="pill">{now}</span>
      )}
      <Why why={why} />
    </div>
  );
}

/** What came of reading the configuration anew, in words. */
export function reloadedText({ applied, needs_restart }: Reloaded, say: Say): string {
  const parts = [
    applied.length > 0 && say('reloadApplied', { names: applied.join(', ') }),
    needs_restart.length > 0 && say('reloadWaits', { names: needs_restart.join(', ') }),
  ];
  return parts.filter(Boolean).join(' ') || say('reloadNothing');
}

function Reload() {
  const { say, confirm, live, tell } = usePage();
  const reload = () =>
    confirm({
      title: say('reloadTitle'),
      text: say('reloadText'),
      answer: say('reload'),
      act: async () => {
        const done = await ask<Reloaded>('POST', '/api/reload');
        live.refresh('accounts');
        tell(reloadedText(done, say));
      },
    });
  return (
    <button type="button" onClick={reload}>
      {say('reload')}
    </button>
  );
}
