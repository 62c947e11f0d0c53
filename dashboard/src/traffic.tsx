// Traffic and latency over the last quarter of an hour.

import { Chart } from './chart';
import { usePage } from './context';
import { bytes, milliseconds, rate } from './format';
import { Empty, Loading, Section } from './section';
import { isQuiet, rates } from './traffic_math';

export function TrafficCharts() {
  const { known, say, language } = usePage();
  const { traffic } = known;
  return (
    <Section id="traffic" title="traffic" note={say('last15')} shows={['traffic']}>
      {!traffic && !known.refused['traffic'] && <Loading />}
      {traffic && isQuiet(traffic.samples) && <Empty text={say('noTraffic')} />}
      {traffic && !isQuiet(traffic.samples) && (
        <div class="charts">
          <Chart
            title={say('requestsPerSecond')}
            times={traffic.samples.map((each) => Date.parse(each.at))}
            write={(value) => rate(value, language)}
            lines={[
              { name: say('requests'), tone: 'one', values: rates(traffic, (s) => s.requests) },
              { name: say('errors'), tone: 'bad', values: rates(traffic, (s) => s.errors) },
            ]}
          />
          <Chart
            title={say('responseTime')}
            times={traffic.samples.map((each) => Date.parse(each.at))}
            write={(value) => milliseconds(value, language)}
            lines={[
              { name: say('median'), tone: 'two', values: traffic.samples.map((s) => s.p50_ms) },
              { name: say('p99'), tone: 'warn', values: traffic.samples.map((s) => s.p99_ms) },
            ]}
          />
          <Chart
            title={say('bytesPerSecond')}
            times={traffic.samples.map((each) => Date.parse(each.at))}
            write={(value) => bytes(value, language)}
            lines={[
              { name: say('bytesOut'), tone: 'three', values: rates(traffic, (s) => s.bytes_out) },
              { name: say('bytesIn'), tone: 'one', values: rates(traffic, (s) => s.bytes_in) },
            ]}
          />
        </div>
      )}
    </Section>
  );
}
