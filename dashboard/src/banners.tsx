// What went wrong and concerns the whole page.

import { usePage } from './context';
import { clock } from './format';

export function AwayBanner() {
  const { known, say, language, live } = usePage();
  return (
    <div role="alert">
      {known.away && (
        <div class="banner bad">
          <p>
            <strong>{known.away.why || say('awayTitle')}</strong>{' '}
            {say('awayText', { time: clock(known.away.since, language) })}
          </p>
          <button type="button" onClick={() => live.start()}>
            {say('tryNow')}
          </button>
        </div>
      )}
    </div>
  );
}

export function PartsBanner() {
  const { known, say, language } = usePage();
  const { database, cache } = known.health ?? {};
  return (
    <div role="status">
      {database?.state === 'down' && (
        <p class="notice warn">{say('databaseDown', { time: clock(database.since, language) })}</p>
      )}
      {cache?.state === 'down' && (
        <p class="notice warn">{say('cacheDown', { time: clock(cache.since, language) })}</p>
      )}
    </div>
  );
}
