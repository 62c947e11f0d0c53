// The models, where they are, and what they were asked.

import { useMemo } from 'preact/hooks';
import { usePage } from './context';
import { Chips } from './fleet';
import { whereModelsAre } from './fleet_math';
import { count } from './format';
import { Empty, Loading, Section } from './section';
import { RANGES } from './usage_range';

export function Models() {
  const { known, say, language } = usePage();
  const models = useMemo(() => whereModelsAre(known.clients ?? []), [known.clients]);
  const range = RANGES.find(([from]) => from === known.usageFrom)?.[1];
  const usage = new Map(known.modelUsage.map((each) => [each.model, each]));
  return (
    <Section id="models" title="models" note={range && say(range)} shows={['usage']}>
      {!known.clients && <Loading />}
      {known.clients && models.length === 0 && <Empty text={say('noModelsAnywhere')} />}
      {models.length > 0 && (
        <table class="card">
          <caption class="hidden">{say('models')}</caption>
          <thead>
            <tr>
              <th scope="col">{say('model')}</th>
              <th scope="col">{say('where')}</th>
              <th scope="col" class="number">
                {say('requests')}
              </th>
              <th scope="col" class="number">
                {say('tokens')}
              </th>
            </tr>
          </thead>
          <tbody>
            {models.map(([model, clients]) => {
              const used = usage.get(model);
              const tokens = (used?.prompt_tokens ?? 0) + (used?.completion_tokens ?? 0);
              return (
                <tr key={model}>
                  <th scope="row">{model}</th>
                  <td class="full" data-label={say('where')}>
                    <Chips names={clients} none="–" />
                  </td>
                  <td class="number" data-label={say('requests')}>
                    {count(used?.requests ?? 0, language)}
                  </td>
                  <td class="number" data-label={say('tokens')}>
                    {count(tokens, language)}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </Section>
  );
}
