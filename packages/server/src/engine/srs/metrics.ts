import { Counter, Gauge, type Registry } from 'prom-client';
import type { Healed } from './carried.ts';
import type { SrsServer } from './server.ts';

/** What an SRS engine has to tell; labels are closed sets. */
export function measureSrs(
  registry: Registry,
  {
    servers,
    healed,
    refused,
  }: {
    servers: readonly SrsServer[];
    healed: Readonly<Record<Healed, number>>;
    refused: Readonly<Record<'publish' | 'play', number>>;
  },
): void {
  const registers = [registry];
  counter('kaibo_srs_healed_total', "What comparing with SRS's lists put right, by what", healed);
  counter('kaibo_srs_refused_total', 'Hooks that were answered with no, by what was asked', refused);
  new Gauge({
    name: 'kaibo_srs_servers',
    help: 'SRS servers by whether they answer',
    labelNames: ['state'],
    registers,
    collect() {
      const up = servers.filter(({ isUp }) => isUp).length;
      this.set({ state: 'up' }, up);
      this.set({ state: 'down' }, servers.length - up);
    },
  });

  function counter(name: string, help: string, counts: Readonly<Record<string, number>>): void {
    new Counter({
      name,
      help,
      labelNames: ['what'],
      registers,
      collect() {
        this.reset();
        for (const [what, count] of Object.entries(counts)) this.inc({ what }, count);
      },
    });
  }
}
