// What is open to visitors besides the public port, and which ports are promised.

import { ask, pathOf } from './api';
import { usePage } from './context';
import { Chips } from './fleet';
import { ago, bytes, count, moment } from './format';
import { Empty, Loading, Section } from './section';
import type { Lease, Service } from './types';
import type { Word } from './texts';

export function Services() {
  const { known, say } = usePage();
  return (
    <Section id="services" title="services" shows={['services', 'leases', 'ports']}>
      <OwnPorts />
      {!known.services && !known.refused['services'] && <Loading />}
      {known.services?.length === 0 && <Empty text={say('noServices')} />}
      {known.services && known.services.length > 0 && <ServiceTable services={known.services} />}
      {known.leases && known.leases.length > 0 && <LeaseTable leases={known.leases} />}
    </Section>
  );
}

function OwnPorts() {
  const { known, say } = usePage();
  if (!known.ports) return null;
  const { public_port, control_port, proxy_port, api_port } = known.ports;
  const shown: [Word, number][] = [
    ['public', public_port],
    ['control', control_port],
    ['proxy', proxy_port],
    ['api', api_port],
  ];
  return (
    <dl class="card ports">
      {shown.map(([word, port]) => (
        <div key={word}>
          <dt>{say(word)}</dt>
          <dd>{port}</dd>
        </div>
      ))}
    </dl>
  );
}

function ServiceTable({ services }: { services: Service[] }) {
  const { say, language, now } = usePage();
  return (
    <table class="card">
      <caption class="hidden">{say('services')}</caption>
      <thead>
        <tr>
          <th scope="col">{say('service')}</th>
          <th scope="col">{say('port')}</th>
          <th scope="col">{say('fleet')}</th>
          <th scope="col" class="number">
            {say('visitors')}
          </th>
          <th scope="col" class="number">
            {say('inOut')}
          </th>
          <th scope="col">{say('openSince')}</th>
        </tr>
      </thead>
      <tbody>
        {services.map((service) => (
          <tr key={`${service.account} ${service.kind} ${service.name}`}>
            <th scope="row">
              {service.name}
              {service.account && <span class="quiet block">{service.account}</span>}
            </th>
            <td class="tight" data-label={say('port')}>
              <span class="port">{service.outer_port || '–'}</span>{' '}
              <span class="pill">{service.kind}</span>
            </td>
            <td class="full" data-label={say('fleet')}>
              <Chips names={service.clients} none="–" />
            </td>
            <td class="number" data-label={say('visitors')}>
              {count(service.visitors, language)}
            </td>
            <td class="number" data-label={say('inOut')}>
              {bytes(service.bytes_in, language)} / {bytes(service.bytes_out, language)}
            </td>
            <td data-label={say('openSince')} title={moment(service.opened_at, language)}>
              {ago(service.opened_at, now, language)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function LeaseTable({ leases }: { leases: Lease[] }) {
  const { say, language, now, mayAct } = usePage();
  return (
    <>
      <h3 class="sub">{say('leases')}</h3>
      <p class="quiet">{say('leasesHint')}</p>
      <table class="card">
        <caption class="hidden">{say('leases')}</caption>
        <thead>
          <tr>
            <th scope="col">{say('name')}</th>
            <th scope="col">{say('port')}</th>
            <th scope="col">{say('lastUsed')}</th>
            {mayAct && (
              <th scope="col">
                <span class="hidden">{say('release')}</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {leases.map((lease) => (
            <tr key={`${lease.kind} ${lease.outer_port} ${lease.name}`}>
              <th scope="row">{lease.name}</th>
              <td class="tight" data-label={say('port')}>
                <span class="port">{lease.outer_port}</span> <span class="pill">{lease.kind}</span>
              </td>
              <td data-label={say('lastUsed')} title={moment(lease.last_used, language)}>
                {lease.last_used ? ago(lease.last_used, now, language) : say('never')}
              </td>
              {mayAct && (
                <td class="act">
                  <Release lease={lease} />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function Release({ lease }: { lease: Lease }) {
  const { say, confirm, live, tell } = usePage();
  const { name, outer_port: port } = lease;
  const release = () =>
    confirm({
      title: say('releaseTitle', { port }),
      text: say('releaseText', { name }),
      answer: say('release'),
      isDangerous: true,
      act: async () => {
        await ask('DELETE', pathOf('leases', name));
        live.refresh('services');
        tell(say('released', { port }));
      },
    });
  return (
    <button
      type="button"
      class="risky"
      aria-label={say('releaseNamed', { port, name })}
      onClick={release}
    >
      {say('release')}
    </button>
  );
}
