import { Counter, Gauge, type Registry } from 'prom-client';
import type { RealtimeService } from './service.ts';

/** Who is connected to channels, and why the server ended connections; read at each scrape. */
export function measureRealtime(registry: Registry, service: RealtimeService): void {
  const registers = [registry];
  new Gauge({
    name: 'kaibo_realtime_clients',
    help: 'Clients of channels, by transport',
    labelNames: ['transport'],
    registers,
    collect() {
      this.set({ transport: 'websocket' }, service.roster.count('realtime'));
      this.set({ transport: 'sse' }, service.roster.count('sse'));
      this.set({ transport: 'poll' }, service.roster.count('poll'));
    },
  });
  new Gauge({
    name: 'kaibo_realtime_subscriptions',
    help: 'Subscriptions to channels, over all transports',
    registers,
    collect() {
      this.set(service.channels.subscriptions);
    },
  });
  new Counter({
    name: 'kaibo_realtime_frames_total',
    help: 'Writes of frames to sockets; merged ones count once',
    registers,
    collect() {
      this.reset();
      this.inc(service.traffic.frames);
    },
  });
  new Counter({
    name: 'kaibo_realtime_cuts_total',
    help: 'Connections that the server ended, by reason',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset();
      for (const [reason, count] of service.traffic.cuts) this.inc({ reason }, count);
    },
  });
}
